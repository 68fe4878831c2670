// Plan -> Fetched: brings toolchains and modules to this machine. Nothing is used before the checksum database has
// vouched for it: first the toolchains, one of which is then run to fetch the modules, then the modules.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError, patternUses, unitName, type ModuleVersion, type Toolchain } from "@goferry/core";
import { openBuildGo } from "./go/build-go.ts";
import { uselessPatterns } from "./go/environment.ts";
import type { CollectedModule } from "./go/download-cache.ts";
import { collectKnown } from "./go/collect-known.ts";
import type { NeededModule, ProjectBuild } from "./go/modules.ts";
import { copyProject } from "./go/project-copy.ts";
import type { FetchedToolchain } from "./go/toolchain.ts";
import { pin } from "./cache/pin.ts";
import { touch } from "./cache/records.ts";
import type { BuildContext } from "./machine.ts";
import { diskError } from "./net/disk-error.ts";
import { refuseUnknownPlatforms, type WantedPlatforms } from "./go/unknown-platforms.ts";
import type { Network } from "./network.ts";
import { inParallel } from "./parallel.ts";
import type { Plan } from "./plan/plan.ts";
import type { PlannedProject } from "./plan/projects.ts";
import { neededBy, requestPositions } from "./pack/needs.ts";
import { moduleQueryText } from "./spec/module-query.ts";
import type { Evidence, Fetched, FetchedLog, FetchedUnit } from "./stages.ts";
import { collectEvidence, type CollectedEvidence, type CollectedRecord } from "./sumdb/client.ts";
import { fileLogCache, rememberingCache } from "./sumdb/file-cache.ts";
import type { LogCache } from "./sumdb/source.ts";
import { collectTiles } from "./sumdb/tiles.ts";

/** Toolchains that are downloaded at a time. */
const PARALLEL_DOWNLOADS = 3;

export interface FetchContext extends BuildContext {
  exclude?: readonly string[];
  /** Hears of the toolchains of the bundle as soon as they are here. */
  onToolchains?: ((units: FetchedUnit[]) => Promise<void>) | undefined;
}

/** @throws NOT_FOUND, LOG_MISMATCH, GO_SUM_MISMATCH, NETWORK_UNREACHABLE and what go answers (go/command.ts) */
export async function fetchAll(plan: Plan, opened: Network, context: FetchContext): Promise<Fetched> {
  const wanted = withBuildToolchain(plan);
  const logCache = rememberingCache(fileLogCache(join(context.machine.cacheDir, "log")));
  const asking = { ...context, logCache };
  const known = await askLog(wanted, plan, opened, asking);
  const toolchains = await fetchToolchains(wanted, known, opened, context);
  await context.onToolchains?.(plan.toolchains.map((each) => toolchainUnit(each, toolchains, known)));
  const own = toolchains.get(plan.buildToolchain.version);
  if (own === undefined) throw notFetched(plan.buildToolchain.version);
  const { go, network } = await openBuildGo(own, opened, context);
  const projects = await copyProjects(plan, context);
  context.onProgress({ stage: "modules" });
  const collected = await collectKnown(
    {
      go,
      workDir: context.workDir,
      projects,
      modules: plan.modules.map(moduleQueryText),
      tools: plan.tools.map(moduleQueryText),
      platforms: plan.platforms,
      privatePatterns: network.privatePatterns,
      onAsking: () =>
        refuseUnknownPlatforms(platformsOfProjects(plan), {
          go,
          version: plan.buildGo,
          cwd: context.workDir,
          signal: context.signal,
        }),
      onStep: (subject) => context.onProgress({ stage: "modules", subject }),
      signal: context.signal,
    },
    { toolchain: own.h1, goEnv: network.goEnv, machine: context.machine },
  );
  const modules = collected.modules.filter((each) => each.path !== plan.buildToolchain.path);
  const logged = [...plan.toolchains, ...modules.filter((each) => !each.private)];
  const evidence = await askLog(logged, plan, network, asking);
  const positions = requestPositions(plan);
  const units = [
    ...plan.toolchains.map((each) => toolchainUnit(each, toolchains, evidence)),
    ...modules.map((each) => moduleUnit(each, evidence, neededBy(each.neededBy, positions))),
  ];
  const log = await fetchLog(units, evidence, network, asking);
  const { entries } = collected;
  return {
    plan,
    units: units.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)),
    log,
    patterns: patternUses(
      units.filter((unit) => unit.evidence === "private"),
      network.privatePatterns,
    ),
    modules: resolvedQueries(plan.modules.map(moduleQueryText), entries),
    tools: resolvedQueries(plan.tools.map(moduleQueryText), entries),
    entries,
    projects,
    notes: [
      ...uselessPatterns(network.privatePatterns).map(uselessNote),
      ...plan.notes,
      ...projects.flatMap(({ copy }) => copy.notes),
      ...collected.notes,
    ],
  };
}

function uselessNote(pattern: string): string {
  return `the pattern ${JSON.stringify(pattern)} in GONOSUMDB or GOPRIVATE matches no module path, so nothing is private by it`;
}

/** The toolchains of the bundle, and the one to work with where the bundle has it not. */
function withBuildToolchain({ toolchains, buildToolchain }: Plan): Toolchain[] {
  const isCarried = toolchains.some(({ version }) => version === buildToolchain.version);
  return isCarried ? toolchains : [...toolchains, buildToolchain];
}

type LogContext = BuildContext & { logCache: LogCache };

async function askLog(
  modules: readonly ModuleVersion[],
  plan: Plan,
  { log }: Network,
  { logCache: cache, onProgress, signal }: LogContext,
): Promise<CollectedEvidence> {
  return await collectEvidence({
    fetch: log.fetch,
    cache,
    vkey: log.key,
    modules,
    head: plan.lock?.log?.head,
    earlier: plan.earlierHeads[log.name],
    onProgress: ({ done, total }) => onProgress({ stage: "log", done, total, unit: "items" }),
    signal,
  });
}

/** With the tiles that go needs on a host to look the modules up by itself. */
async function fetchLog(
  units: readonly FetchedUnit[],
  { head, earlier }: CollectedEvidence,
  { log: { fetch, key: vkey, name } }: Network,
  { logCache: cache, signal }: LogContext,
): Promise<FetchedLog> {
  const log = { name, head, ...(earlier.length === 0 ? {} : { earlier }) };
  return { name, head, earlier, tiles: await collectTiles({ fetch, cache, vkey, log, units, signal }) };
}

async function fetchToolchains(
  wanted: readonly Toolchain[],
  known: CollectedEvidence,
  { toolchains: source }: Network,
  { workDir, onProgress, signal }: BuildContext,
): Promise<Map<string, FetchedToolchain>> {
  const progress = new Map<string, { done: number; total: number | undefined }>();
  onProgress({ stage: "toolchains", subject: wanted.map(({ version }) => version).join(", ") });
  const fetched = await inParallel(wanted, { width: PARALLEL_DOWNLOADS, signal }, (toolchain, stop) =>
    source.fetch(toolchain, {
      expected: recordOf(toolchain, known),
      onProgress(done, total) {
        progress.set(toolchain.version, { done, total });
        onProgress({ stage: "toolchains", ...sumOf(progress), unit: "bytes" });
      },
      signal: stop,
    }),
  );
  const zips = join(workDir, "zips");
  const own = await Promise.all(fetched.map((each) => keepZip(each, zips)));
  return new Map(own.map((each) => [each.version, each]));
}

/** Under a name that is gone when the build ends and not before: somebody may trim the cache. */
async function keepZip(fetched: FetchedToolchain, folder: string): Promise<FetchedToolchain> {
  const zip = join(folder, `${fetched.version}.zip`);
  try {
    await mkdir(folder, { recursive: true });
    await pin(fetched.zip, zip);
    await touch(fetched.zip);
  } catch (error) {
    throw diskError(error, fetched.zip);
  }
  return { ...fetched, zip };
}

function sumOf(progress: Map<string, { done: number; total: number | undefined }>): {
  done: number;
  total: number | undefined;
} {
  let done = 0;
  let total: number | undefined = 0;
  for (const each of progress.values()) {
    done += each.done;
    total = total === undefined || each.total === undefined ? undefined : total + each.total;
  }
  return { done, total };
}

/** Those that the spec names for a project; the Go of the bundle is there for all of its own. */
function platformsOfProjects({ spec, projects }: Plan): WantedPlatforms[] {
  return projects.map(({ platforms = [] }, index) => ({
    where: spec.where(["projects", index, "platforms"]),
    platforms,
  }));
}

async function copyProjects(plan: Plan, context: FetchContext): Promise<ProjectBuild[]> {
  const builds: ProjectBuild[] = [];
  const folder = join(context.workDir, "copies");
  await mkdir(folder, { recursive: true });
  for (const project of plan.projects) {
    const { exclude, signal } = context;
    const copy = await copyProject(project, { to: join(folder, project.name), exclude, signal });
    builds.push({ copy, ...buildSettings(project, plan) });
  }
  return builds;
}

function buildSettings(
  { platforms, tags, packages, cgo }: PlannedProject,
  plan: Plan,
): Omit<ProjectBuild, "copy"> {
  return { platforms: platforms ?? plan.platforms, tags, packages, cgo };
}

function toolchainUnit(
  toolchain: Toolchain,
  toolchains: Map<string, FetchedToolchain>,
  known: CollectedEvidence,
): FetchedUnit {
  const fetched = toolchains.get(toolchain.version);
  if (fetched === undefined) throw notFetched(toolchain.version);
  const { go, platform } = toolchain;
  const { path, version, h1, modH1, zip } = fetched;
  const { id, proof } = recordOf(toolchain, known);
  return { kind: "toolchain", go, platform, path, version, h1, modH1, zip, evidence: { id, proof } };
}

function recordOf(module: ModuleVersion, { records }: CollectedEvidence): CollectedRecord {
  const record = records.get(unitName(module));
  if (record === undefined) throw notFetched(unitName(module));
  return record;
}

/** What was asked for is answered or throws, so this is a mistake of ours. */
function notFetched(subject: string): GoferryError {
  return new GoferryError("INTERNAL", {
    subject,
    message: "it was not fetched, and nothing said why",
    next: "Report this as a bug of goferry",
  });
}

function moduleUnit(module: NeededModule, known: CollectedEvidence, needs: number[]): FetchedUnit {
  const { path, version, mod, modH1 } = module;
  const evidence = module.private ? "private" : evidenceOf(module, recordOf(module, known));
  const common = { path, version, mod, modH1, evidence, neededBy: needs };
  return module.kind === "module"
    ? { kind: "module", ...common, h1: module.h1, zip: module.zip, unpacked: module.unpacked }
    : { kind: "gomod", ...common };
}

/** The database and go, which has checked go.sum, must have the same hashes. */
function evidenceOf(module: CollectedModule, { id, proof, h1, modH1 }: CollectedRecord): Evidence {
  const own = module.kind === "module" ? module.h1 : h1;
  if (modH1 === module.modH1 && h1 === own) {
    return module.kind === "module" ? { id, proof } : { id, proof, h1 };
  }
  throw new GoferryError("LOG_MISMATCH", {
    subject: unitName(module),
    message: "the module is not the one that the checksum database has recorded",
    expected: `${h1}, go.mod ${modH1}`,
    found: `${own}, go.mod ${module.modH1}`,
    next: "Do not use this proxy until you know what changed the module",
  });
}

function sortKey({ kind, path, version }: FetchedUnit): string {
  return `${kind}\0${path}\0${version}`;
}

/** `path@version` with the version that each query was answered with, sorted. */
function resolvedQueries(queries: string[], entries: { entry: string; version: string }[]): string[] {
  return queries
    .map((query) => {
      const resolved = entries.find(({ entry }) => entry === query)?.version ?? "";
      return `${query.slice(0, query.lastIndexOf("@"))}@${resolved}`;
    })
    .sort();
}
