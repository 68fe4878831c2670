// What a command would change, path by path, for `--dry-run --json` (docs/JSON.md). Folders that have to be made for a
// path are not listed, nor what is there only while the command runs: the lock, the journal and staging.

import { basename, join } from "node:path";
import {
  logPlace,
  logTiles,
  modulePlace,
  parseVerifier,
  toolchainModule,
  unitName,
  type Contents,
  type Unit,
} from "@goferry/core";
import { isBelow, type HostFs } from "./fs.ts";
import type { Host } from "./host.ts";
import { generationFile, sdkFolder, type Layout } from "./layout.ts";
import type { RegistryChange } from "./windows/system.ts";
import { goEnvEdits } from "./plan/go-env-edits.ts";
import { linkEdits } from "./plan/links.ts";
import { listEdits } from "./plan/stage-state.ts";
import { plainGoEnvName, sumsName, tilesName } from "./plan/unit-files.ts";
import type { EditRequest } from "./transaction/describe.ts";
import type { State } from "./transaction/state.ts";

export interface ScopeEntry {
  /** Absolute; of a value of Windows' registry its key and its name. */
  path: string;
  /** "mode" and "time": only that. */
  change: "make" | "replace" | "remove" | "mode" | "time";
  /** A folder stands for all that is below it. */
  kind: "file" | "link" | "folder" | "value";
  /** Of a folder. */
  files?: number;
  /** Of what is made, as far as it is known before. */
  bytes?: number;
  /** Of a go.env or a start-up file: the lines that come and go, without their line feeds. */
  lines?: { added: string[]; removed: string[] };
}

export interface ScopePlace {
  fs: HostFs;
  at: Layout;
}

/** What every change writes into state/. */
export function stateScope({ at }: ScopePlace, before: State, generation: number): ScopeEntry[] {
  const change = before.transaction === null ? "make" : "replace";
  const isNew = generation !== before.generation;
  return [
    { path: at.stateFile, change, kind: "file" },
    { path: generationFile(at, generation), change: isNew ? "make" : "replace", kind: "file" },
    { path: at.audit, change, kind: "file" },
  ];
}

export async function editScope(place: ScopePlace, edits: readonly EditRequest[]): Promise<ScopeEntry[]> {
  const entries: ScopeEntry[] = [];
  for (const edit of edits) {
    const { path } = edit;
    const status = await place.fs.lstat(path);
    if ("remove" in edit) {
      if (status !== null)
        entries.push({ path, change: "remove", kind: status.kind === "link" ? "link" : "file" });
      continue;
    }
    const change = status === null ? "make" : "replace";
    if ("link" in edit) {
      entries.push({ path, change, kind: "link" });
      continue;
    }
    const bytes = edit.file.length;
    const hasLines = !isBelow(place.at.root, path) || basename(path) === "go.env";
    const lines = hasLines ? { lines: await changedLines(place.fs, path, edit.file) } : {};
    entries.push({ path, change, kind: "file", bytes, ...lines });
  }
  return entries;
}

/** Values of Windows' registry. */
export async function registryScope(
  { windows }: Pick<Host, "windows">,
  changes: readonly RegistryChange[],
): Promise<ScopeEntry[]> {
  const now = (await windows?.system.registry.read(changes)) ?? [];
  return changes.map(({ key, name, value }, index) => {
    const change = value === null ? "remove" : (now[index] ?? null) === null ? "make" : "replace";
    return { path: `${key}\\${name}`, change, kind: "value" };
  });
}

/** From one state to another of which everything is on the disk. */
export async function switchScope(
  place: ScopePlace,
  { before, after }: { before: State; after: State },
): Promise<ScopeEntry[]> {
  const { fs, at } = place;
  const edits = [
    ...(await goEnvEdits(fs, at, { sdks: after.sdks, state: after })),
    ...(await listEdits({ fs, at, before, after })),
    ...(await linkEdits(fs, at, after)),
  ];
  const lookups =
    logged(before) === logged(after) ? [] : [await folderEntry(place, join(logFolder(at, after), "lookup"))];
  return [...(await editScope(place, edits)), ...lookups, ...stateScope(place, before, after.generation)];
}

/** What goes: files, links and whole folders. */
export async function removalScope({ fs }: ScopePlace, paths: readonly string[]): Promise<ScopeEntry[]> {
  const entries: ScopeEntry[] = [];
  for (const path of paths) {
    const kind = (await fs.lstat(path))?.kind;
    entries.push({ path, change: "remove", kind: kind === "folder" || kind === "link" ? kind : "file" });
  }
  return entries;
}

export interface InstallScope {
  before: State;
  after: State;
  contents: Contents;
  indexDigest: string;
  /** What the root has not got. */
  units: readonly Unit[];
  zips: boolean;
  /** Whether the bundle's tiles of the checksum database are unpacked. */
  hasTiles: boolean;
  /** The file that becomes bin/goferry; undefined where it stays as it is. */
  program: { size: number } | undefined;
  /** Changes outside of the root. */
  outside: readonly EditRequest[];
}

export async function installScope(place: ScopePlace, request: InstallScope): Promise<ScopeEntry[]> {
  const { at } = place;
  const { before, after, contents, indexDigest, units, hasTiles, program } = request;
  const made: ScopeEntry[] = units.flatMap((unit) => unitEntries(at, unit, request));
  if (units.length > 0)
    made.push({ path: join(at.mod, "cache", "lock"), change: "make", kind: "file", bytes: 0 });
  if (hasTiles && contents.log !== undefined) {
    for (const { path } of logTiles(contents.log, contents.units))
      made.push({ path: join(at.root, path), change: "make", kind: "file" });
    made.push({ path: join(at.units, sumsName(tilesName(indexDigest))), change: "make", kind: "file" });
  }
  const folder = logFolder(at, after);
  const isServed = hasTiles || (await place.fs.lstat(folder)) !== null;
  if (isServed && after.units.some(({ record }) => record !== null))
    made.push({ path: join(folder, "supported"), change: "make", kind: "file", bytes: 0 });
  const fresh: ScopeEntry[] = [];
  for (const entry of made) if ((await place.fs.lstat(entry.path)) === null) fresh.push(entry);
  const programs: ScopeEntry[] = [];
  if (program !== undefined) {
    for (const [path, bytes] of [
      [at.goferry, program.size],
      [join(at.units, sumsName("goferry")), undefined],
    ] as const) {
      const change = (await place.fs.lstat(path)) === null ? "make" : "replace";
      programs.push({ path, change, kind: "file", ...(bytes === undefined ? {} : { bytes }) });
    }
  }
  return [
    ...fresh,
    ...programs,
    ...(await switchScope(place, { before, after })),
    ...(await editScope(place, request.outside)),
  ];
}

function unitEntries(at: Layout, unit: Unit, { zips }: Pick<InstallScope, "zips">): ScopeEntry[] {
  const file = (path: string): ScopeEntry => ({ path, change: "make", kind: "file" });
  const name = unitName(unit);
  const kept = (each: string): ScopeEntry => file(join(at.units, sumsName(each)));
  const { files, size: bytes } = unit;
  if (unit.kind === "toolchain") {
    const goEnv = file(join(at.units, plainGoEnvName(unitName(toolchainModule(unit.go, unit.platform)))));
    return [
      { path: sdkFolder(at, unit.go), change: "make", kind: "folder", files, bytes },
      kept(name),
      goEnv,
    ];
  }
  const place = modulePlace(unit);
  const texts = [place.info, place.mod].map((path) => file(join(at.root, path)));
  if (unit.kind === "gomod") return texts;
  const hash = join(at.root, place.ziphash);
  return [
    { path: join(at.root, place.tree.slice(0, -1)), change: "make", kind: "folder", files: files - 3, bytes },
    ...texts,
    file(hash),
    kept(name),
    ...(zips ? [file(hash.replace(/hash$/, "")), kept(`${name}.zip`)] : []),
  ];
}

async function folderEntry({ fs }: ScopePlace, path: string): Promise<ScopeEntry> {
  return { path, change: (await fs.lstat(path)) === null ? "make" : "replace", kind: "folder" };
}

/** The checksum database of a state, below mod/. */
function logFolder(at: Layout, { log }: State): string {
  return log === null ? join(at.download, "sumdb") : join(at.root, logPlace(parseVerifier(log.key).name));
}

/** What the lookups depend on. Where there are none, the heads do not matter. */
function logged({ units, log }: State): string {
  const names = units.filter(({ record }) => record !== null).map(unitName);
  return names.length === 0 ? "" : JSON.stringify([names.toSorted(), log?.heads]);
}

async function changedLines(
  fs: HostFs,
  path: string,
  file: Uint8Array,
): Promise<{ added: string[]; removed: string[] }> {
  const split = (bytes: Uint8Array | null): string[] =>
    bytes === null || bytes.length === 0
      ? []
      : Buffer.from(bytes).toString("utf8").replace(/\n$/, "").split("\n");
  const [old, fresh] = [split(await fs.readFile(path)), split(file)];
  return { added: beyond(fresh, old), removed: beyond(old, fresh) };
}

/** The lines of one text that the other has not, as often as they are more. */
function beyond(lines: readonly string[], other: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of other) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
}
