// The second stage of a build: Spec -> Plan. Everything that can be decided before anything is downloaded:
// which Go versions, for which platforms, which projects, at which time. With a lock the decisions are the
// lock's, and a spec or project that changed since is refused.

import { GoferryError, newestGoFirst, toolchainModule, type Toolchain } from "@goferry/core";
import { refuseDrift } from "../lock/compare.ts";
import type { Lock, LockRequest } from "../lock/schema.ts";
import { moduleQueryText } from "../spec/module-query.ts";
import type { ModuleQuery } from "../spec/module-query.ts";
import type { ReadFile, Spec } from "../spec/read.ts";
import { refuseTooOld, resolveGoVersions } from "./go-versions.ts";
import type { GoSource, ResolvedGo } from "./go-versions.ts";
import { planProjects } from "./projects.ts";
import type { PlannedProject } from "./projects.ts";

export interface PlanDeps extends GoSource {
  /** Where toolchains come from. */
  from?: "proxy" | "dl" | undefined;
  /** Layers are to be as small as they get. */
  smallest?: boolean | undefined;
  /** Reads files of the projects. */
  readFile: ReadFile;
  /** Absolute folder of the spec, which paths in it are relative to. */
  specDir: string;
  /** GOOS/GOARCH of the machine that builds the bundle: it must be able to run {@link Plan.buildGo}. */
  buildPlatform: string;
  /** The one time of the whole run. */
  now: Date;
  /** Build from this lock, and refuse what drifted from it. */
  lock?: { file: string; lock: Lock } | undefined;
  /** The lock of the build before, also where this one does not follow it. */
  lockBefore?: Lock | undefined;
}

/** What will be fetched and packed. */
export interface Plan {
  spec: Spec;
  name: string;
  /** RFC 3339, UTC, seconds. */
  created: string;
  /** `created` in seconds since 1970. */
  serial: number;
  /** RFC 3339, UTC, seconds; undefined: never. */
  expires: string | undefined;
  /** Exact Go versions, newest first. */
  goVersions: string[];
  /** GOOS/GOARCH, sorted. */
  platforms: string[];
  projects: PlannedProject[];
  /** Further modules; from a lock their queries are exact versions. Sorted. */
  modules: ModuleQuery[];
  /** Packages of tools; from a lock their queries are exact versions. Sorted. */
  tools: ModuleQuery[];
  /** The toolchains that the bundle carries: every Go version for every platform. */
  toolchains: Toolchain[];
  /** The Go version that the bundler works with: the newest, which every project accepts. */
  buildGo: string;
  /** The toolchain of `buildGo` for the building machine; it is fetched even if the bundle does not carry it. */
  buildToolchain: Toolchain;
  /** What the lock records as asked for. */
  request: LockRequest;
  /** The lock that this plan follows, whose hashes fetching must meet. */
  lock: Lock | undefined;
  /**
   * Signed tree heads that earlier bundles used, largest first, by name of the checksum database: hosts that have met
   * one of them want to see that the log continued it.
   */
  earlierHeads: Record<string, readonly string[]>;
  /** Remarks for the user, such as a newest Go that was passed over. */
  notes: string[];
}

/**
 * Makes the plan. Throws what {@link planProjects} and {@link resolveGoVersions} throw, LOCK_DRIFT, and
 * SPEC_INVALID for an `expires:` in the past.
 */
export async function makePlan(spec: Spec, deps: PlanDeps): Promise<Plan> {
  const projects = await planProjects(spec, deps.specDir, deps.readFile);
  const request = requestOf(spec, projects, deps);
  const lock = deps.lock?.lock;
  if (deps.lock !== undefined) refuseDrift(deps.lock.file, deps.lock.lock, { name: spec.name, request });
  const serial = lock?.serial ?? Math.floor(deps.now.getTime() / 1000);
  const expires = expiryOf(spec, serial, deps.now);
  const { versions, notes } = await goVersions(spec, projects, deps);
  const [buildGo = "none"] = versions;
  return {
    spec,
    name: spec.name,
    created: timeText(serial),
    serial,
    expires,
    goVersions: versions,
    platforms: spec.platforms,
    projects,
    modules: lock === undefined ? sortQueries(spec.modules) : lock.modules.map(lockedQuery),
    tools: lock === undefined ? sortQueries(spec.tools) : lock.tools.map(lockedQuery),
    toolchains: versions.flatMap((version) =>
      spec.platforms.map((platform) => toolchainModule(version, platform)),
    ),
    buildGo,
    buildToolchain: toolchainModule(buildGo, deps.buildPlatform),
    request,
    lock,
    earlierHeads: earlierHeads(lock, deps.lockBefore),
    notes,
  };
}

async function goVersions(
  spec: Spec,
  projects: readonly PlannedProject[],
  deps: PlanDeps,
): Promise<ResolvedGo> {
  const demands = projects.flatMap((project) => project.demands);
  if (deps.lock !== undefined) {
    const versions = [...deps.lock.lock.go].toSorted(newestGoFirst);
    refuseTooOld(versions, demands);
    return { versions, notes: [] };
  }
  const request = {
    entries: spec.go,
    where: (index: number) => spec.where(["go", index]),
    demands,
    platforms: spec.platforms,
    buildPlatform: deps.buildPlatform,
  };
  return resolveGoVersions(request, deps);
}

/** With a lock those that it names, so that the same lock gives the same bundle; else also the lock's own. */
function earlierHeads(lock: Lock | undefined, before: Lock | undefined): Plan["earlierHeads"] {
  const log = (lock ?? before)?.log;
  if (log === undefined) return {};
  const earlier = log.earlier ?? [];
  return { [log.name]: lock === undefined ? [log.head, ...earlier] : earlier };
}

/** The spec as a lock records it: no paths of this machine, lists sorted, what the projects' files were. */
function requestOf(
  spec: Spec,
  projects: readonly PlannedProject[],
  { from, smallest }: Pick<PlanDeps, "from" | "smallest">,
): LockRequest {
  const requested = projects.map(({ name, modules, files, platforms, tags, packages, cgo }) => ({
    name,
    modules: modules.toSorted(),
    files,
    ...(platforms === undefined ? {} : { platforms }),
    tags,
    packages,
    ...(cgo === undefined ? {} : { cgo }),
  }));
  return {
    go: [...spec.go].toSorted(),
    platforms: spec.platforms,
    ...(from === "dl" ? { from } : {}),
    ...(smallest === true ? { smallest } : {}),
    projects: requested.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    modules: sortQueries(spec.modules).map(moduleQueryText),
    tools: sortQueries(spec.tools).map(moduleQueryText),
    ...(spec.expires === undefined ? {} : { expires: spec.expires }),
  };
}

/**
 * Days are counted from `serial`, in seconds; a date is the beginning of that day. Throws SPEC_INVALID where that is
 * over: with a lock `serial` may be long ago.
 */
function expiryOf({ expires, where }: Spec, serial: number, now: Date): string | undefined {
  if (expires === undefined) return undefined;
  const days = /^(?<days>[0-9]+)d$/u.exec(expires)?.groups?.["days"];
  const end = days === undefined ? Date.parse(`${expires}T00:00:00Z`) / 1000 : serial + Number(days) * 86_400;
  const nowSeconds = Math.floor(now.getTime() / 1000);
  if (end > nowSeconds) return timeText(end);
  throw new GoferryError("SPEC_INVALID", {
    subject: where(["expires"]),
    message: "the bundle would have expired before it is made",
    expected: `a date after ${timeText(nowSeconds)}`,
    found: days === undefined ? expires : `${expires} from ${timeText(serial)}: ${timeText(end)}`,
    next: "Write a later date, or a number of days such as 180d, and build without --locked.",
  });
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function sortQueries(queries: readonly ModuleQuery[]): ModuleQuery[] {
  return [...queries].toSorted((a, b) => (moduleQueryText(a) < moduleQueryText(b) ? -1 : 1));
}

function lockedQuery(resolved: string): ModuleQuery {
  const at = resolved.lastIndexOf("@");
  return { path: resolved.slice(0, at), query: resolved.slice(at + 1) };
}
