// Brings together every module that projects, further modules and tools need on a machine without a network: for all
// platforms, with tests, and with the go.mod files that `go list -m all`, `go mod tidy` and editors read although
// nothing of those versions is built. Go itself decides what that is; it runs on copies, in caches of its own, and
// what it has downloaded in the end is the answer (closures.ts).
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { unitName } from "@goferry/core";
import { unknownTags } from "./build-tags.ts";
import type { ClosureCache } from "./closure-cache.ts";
import { asideFolder, shelfFolder, shelveDownloads } from "./closures.ts";
import { readDownloadCache, versionsWithoutMod } from "./download-cache.ts";
import { goFolders } from "./environment.ts";
import { fetchEntry } from "./entry-closure.ts";
import { fetchProject } from "./project-closure.ts";
import { cloneProject } from "./project-copy.ts";
import { retractionNotes, type KeptRetractions } from "./retractions.ts";
import type { CollectedModule } from "./download-cache.ts";
import type { GoCommand } from "./command.ts";
import type { ResolvedEntry } from "./entry-closure.ts";
import type { ProjectCopy } from "./project-copy.ts";

/** How a project is built, as goferry.yaml says. */
export interface ProjectBuild {
  copy: ProjectCopy;
  /** Such as "linux/amd64". */
  platforms: readonly string[];
  tags: readonly string[];
  /** Package patterns; none: ./... */
  packages: readonly string[];
  /** CGO_ENABLED; undefined: as Go decides. */
  cgo: boolean | undefined;
}

export interface CollectOptions {
  /** A go whose environment is that of goEnvironment for this `workDir`, its GOPROXY by proxiesWithShelf. */
  go: GoCommand;
  /** A fresh folder. */
  workDir: string;
  /** Their copies stay as they are. */
  projects: readonly ProjectBuild[];
  /** `path@version`, also with a query such as `latest` for the version. */
  modules: readonly string[];
  /** `package@version`, as for `go install`. */
  tools: readonly string[];
  /** Platforms that modules and tools are for. */
  platforms: readonly string[];
  /** Patterns of modules that the checksum database does not know (privatePatterns). */
  privatePatterns: readonly string[];
  /** What earlier builds found out; none: go is asked about everything. */
  known?: ClosureCache | undefined;
  /** What is known of retracted versions; none: go is asked. */
  retractions?: KeptRetractions | undefined;
  /** Called before go is asked about the first project or entry. */
  onAsking?: (() => Promise<void>) | undefined;
  /** Called before each project and entry, with its name. */
  onStep?: ((name: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export type NeededModule = CollectedModule & {
  /** Bytes of what is in its zip, if an earlier build has counted them. */
  unpacked?: number | undefined;
  /** What needs it: indexes, ascending, into projects, modules and tools of the options as one list. */
  neededBy: number[];
};

export interface Collected {
  /** Sorted by path, then by version, in byte order. */
  modules: NeededModule[];
  /** The versions that `modules` and `tools` stand for, in the order of the options. */
  entries: ResolvedEntry[];
  /** What may not work on the host, a sentence each. */
  notes: string[];
}

/**
 * Collects the modules. The files named in the result lie in `workDir` and stay until it is removed.
 * @throws what GoCommand.run throws; TOOL_INVALID, MODULE_INVALID, IO_FAILED, DISK_FULL
 */
export async function collectModules(options: CollectOptions): Promise<Collected> {
  const { onStep } = options;
  const notes: string[] = [];
  const closures = new Closures(options);
  for (const project of options.projects) {
    onStep?.(project.copy.name);
    notes.push(...(await collectProject(project, { ...options, closures })));
  }
  const entries: ResolvedEntry[] = [];
  const wanted = [
    ...options.modules.map((entry) => ({ entry, kind: "module" as const })),
    ...options.tools.map((entry) => ({ entry, kind: "tool" as const })),
  ];
  for (const [index, { entry, kind }] of wanted.entries()) {
    onStep?.(entry);
    const resolved = await collectEntry({ entry, kind, index }, { ...options, closures });
    entries.push(resolved);
    notes.push(...resolved.notes);
  }
  const { go, workDir, retractions, signal } = options;
  const modules = await readDownloadCache(shelfFolder(workDir), options.privatePatterns);
  const built = modules.filter(({ kind }) => kind === "module");
  notes.push(...(await retractionNotes({ go, cwd: workDir, modules: built, kept: retractions, signal })));
  return { modules: modules.map((each) => closures.withNeeds(each)), entries, notes };
}

type CollectContext = CollectOptions & { closures: Closures };

/** Hands back notes. */
async function collectProject(project: ProjectBuild, context: CollectContext): Promise<string[]> {
  const { go, workDir, closures, known, signal } = context;
  const key = await known?.projectKey(project);
  const before = key && (await known?.find(key));
  if (before !== undefined) {
    closures.adopt(before.versions, before.unpacked);
    return before.notes;
  }
  await closures.asking();
  const copy = await cloneProject(project.copy, join(workDir, "projects", project.copy.name), signal);
  const { notes, isSettled } = await fetchProject({ go, project: { ...project, copy }, signal });
  notes.push(...(await unknownTags({ go, project, signal })));
  const modules = await closures.close();
  if (key !== undefined && isSettled) await known?.keep(key, modules, { notes, entry: undefined });
  return notes;
}

async function collectEntry(
  { entry, kind, index }: { entry: string; kind: "module" | "tool"; index: number },
  context: CollectContext,
): Promise<ResolvedEntry> {
  const { go, workDir, platforms, closures, known, signal } = context;
  const key = known?.entryKey(entry, kind, platforms);
  const before = key && (await known?.find(key));
  if (before?.entry !== undefined) {
    closures.adopt(before.versions, before.unpacked);
    return before.entry;
  }
  await closures.asking();
  const cwd = join(workDir, "entries", String(index));
  await mkdir(cwd, { recursive: true });
  const setAside = (): Promise<void> => closures.setAside();
  const resolved = await fetchEntry({ go, cwd, entry, kind, platforms, setAside, signal });
  const modules = await closures.close();
  const isSettled = !resolved.hasLookedForVersions && !resolved.isIncomplete;
  if (key !== undefined && isSettled) await known?.keep(key, modules, { notes: [], entry: resolved });
  return resolved;
}

/** One project or entry after the other, in the order of the options. */
class Closures {
  readonly #options: CollectOptions;
  readonly #neededBy = new Map<string, number[]>();
  readonly #unpacked = new Map<string, number>();
  #count = 0;
  #isAsking = false;

  constructor(options: CollectOptions) {
    this.#options = options;
  }

  /** Before go is asked about something. */
  async asking(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    await this.#options.onAsking?.();
  }

  /** What has been downloaded since the last one was closed belongs to this one, and is handed back. */
  async close(): Promise<CollectedModule[]> {
    const { go, workDir, privatePatterns, signal } = this.#options;
    const { download } = goFolders(workDir);
    await fetchMods({ go, cwd: workDir, versions: await versionsWithoutMod(download), signal });
    // Here and not on the shelf, where another one may have put the zip of what this one needs the go.mod of.
    const modules = await readDownloadCache(download, privatePatterns);
    this.adopt(await shelveDownloads(download, shelfFolder(workDir)));
    return modules;
  }

  /** These versions, which are on the shelf, belong to this one. */
  adopt(versions: readonly string[], unpacked: ReadonlyMap<string, number> = new Map()): void {
    for (const [version, bytes] of unpacked) this.#unpacked.set(version, bytes);
    for (const version of versions) {
      const needs = this.#neededBy.get(version) ?? [];
      this.#neededBy.set(version, [...needs, this.#count]);
    }
    this.#count += 1;
  }

  async setAside(): Promise<void> {
    const { workDir } = this.#options;
    await shelveDownloads(goFolders(workDir).download, asideFolder(workDir));
  }

  withNeeds(module: CollectedModule): NeededModule {
    const name = unitName(module);
    return { ...module, unpacked: this.#unpacked.get(name), neededBy: this.#neededBy.get(name) ?? [] };
  }
}

interface ModsToFetch {
  go: GoCommand;
  cwd: string;
  versions: readonly string[];
  signal: AbortSignal | undefined;
}

/** A unit of a bundle has a go.mod; -json makes go read it, and no zip. */
async function fetchMods({ go, cwd, versions, signal }: ModsToFetch): Promise<void> {
  for (let from = 0; from < versions.length; from += ARGUMENTS_AT_A_TIME) {
    const some = versions.slice(from, from + ARGUMENTS_AT_A_TIME);
    await go.run(["list", "-m", "-json", ...some], { cwd, signal });
  }
}

/** Windows ends a command line after 32,767 characters. */
const ARGUMENTS_AT_A_TIME = 100;
