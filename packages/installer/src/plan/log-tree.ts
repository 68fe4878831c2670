// What go asks of the checksum database, as a module proxy serves it: mod/cache/download/sumdb/<name>/. With it GOSUMDB
// stays on without a network: a new project gets its go.sum checked, and `go install TOOL@version` works. Tiles come with
// bundles; the answers to lookups are written here, from the units, because they must all name ONE tree head: of two, go
// wants to see that one continues the other, and a bundle has the tiles for that only between heads it knows.

import { join } from "node:path";
import {
  escapePath,
  escapeVersion,
  logPlace,
  openTreeHead,
  parseVerifier,
  recordText,
  tilePath,
  tilesForLookups,
  unitName,
} from "@goferry/core";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import type { Move } from "../transaction/journal.ts";
import type { InstalledUnit, State } from "../transaction/state.ts";
import { stageFile } from "./stage-file.ts";

export interface LogTreeRequest {
  fs: HostFs;
  at: Layout;
  /** The layout of staging, with the tiles that the bundle brings. */
  staged: Layout;
  before: State;
  /** The state that will be, its `log.lookups` not yet decided. */
  state: State;
}

export interface LogTree {
  /** The head that the lookups will name; null if there are none. */
  lookups: string | null;
  place: Move[];
  remove: string[];
  /** `path@version` of units of the log that go cannot look up, because tiles are not here. */
  missing: string[];
}

type LoggedUnit = InstalledUnit & { record: NonNullable<InstalledUnit["record"]> };

/** Writes lookups and what goes with them into staging. Throws DISK_FULL and other errors of the file system. */
export async function stageLogTree(request: LogTreeRequest): Promise<LogTree> {
  const { fs, at, staged, before, state } = request;
  const units = loggedUnits(state);
  if (state.log === null) return { lookups: null, place: [], remove: [], missing: [] };
  const place = logPlace(parseVerifier(state.log.key).name);
  const { head, found } = await chooseHead(state.log, units, async (tile) => {
    const name = join(place, tile);
    return (
      (await fs.lstat(join(staged.root, name))) !== null || (await fs.lstat(join(at.root, name))) !== null
    );
  });
  const missing = units.filter((unit) => !found.includes(unit)).map(unitName);
  const lookup = join(at.root, place, "lookup");
  const isThere = (await fs.lstat(lookup)) !== null;
  if (found.length === 0) return { lookups: null, place: [], remove: isThere ? [lookup] : [], missing };
  if (isThere && before.log?.lookups === head && isSameSet(loggedUnits(before), units)) {
    return { lookups: head, place: [], remove: [], missing };
  }
  // Where the root has no such folder yet, all of it is moved in one piece with the tiles.
  const isFresh = (await fs.lstat(join(at.root, place))) === null;
  const folder = isFresh ? join(staged.root, place, "lookup") : join(staged.root, "lookup");
  for (const unit of found) stageFile(join(folder, lookupName(unit)), lookupText(unit, head));
  // Go asks whether a proxy has the database at all, and looks at nothing of the answer but that there is one.
  const supported = join(place, "supported");
  if ((await fs.lstat(join(at.root, supported))) === null) stageFile(join(staged.root, supported), "");
  return {
    lookups: head,
    place: isFresh ? [] : [{ from: folder, to: lookup }],
    remove: isThere ? [lookup] : [],
    missing,
  };
}

/** The lookups of a state, by their path in the root, as `stageLogTree` wrote them where those tiles are. */
export function lookupFiles(state: State, hasTile: (path: string) => boolean): Map<string, string> {
  const { log } = state;
  if (log?.lookups == null) return new Map();
  const { key, lookups } = log;
  const head = openTreeHead(lookups, key);
  const place = logPlace(parseVerifier(key).name);
  const has = (unit: LoggedUnit): boolean =>
    unit.record.id < head.size &&
    tilesForLookups(head, [unit.record.id]).every((tile) => hasTile(place + tilePath(tile)));
  const found = loggedUnits(state).filter(has);
  return new Map(found.map((unit) => [join(place, "lookup", lookupName(unit)), lookupText(unit, lookups)]));
}

function loggedUnits({ units }: State): LoggedUnit[] {
  return units.filter((unit): unit is LoggedUnit => unit.record !== null);
}

/** The head under which go can look up the most; of several, the largest. */
async function chooseHead(
  { key, heads, lookups }: NonNullable<State["log"]>,
  units: readonly LoggedUnit[],
  hasTile: (path: string) => Promise<boolean>,
): Promise<{ head: string; found: LoggedUnit[] }> {
  const known = new Map<string, Promise<boolean>>();
  const has = (path: string): Promise<boolean> => {
    const answer = known.get(path) ?? hasTile(path);
    known.set(path, answer);
    return answer;
  };
  let best: { head: string; found: LoggedUnit[] } = { head: "", found: [] };
  for (const note of [...heads, ...(lookups === null || heads.includes(lookups) ? [] : [lookups])]) {
    const head = openTreeHead(note, key);
    const isFound = await Promise.all(
      units.map(
        async ({ record: { id } }) =>
          id < head.size && (await all(tilesForLookups(head, [id]).map((tile) => has(tilePath(tile))))),
      ),
    );
    const found = units.filter((_, i) => isFound[i]);
    if (found.length > best.found.length) best = { head: note, found };
    if (found.length === units.length) break;
  }
  return best;
}

async function all(answers: readonly Promise<boolean>[]): Promise<boolean> {
  return (await Promise.all(answers)).every(Boolean);
}

function isSameSet(a: readonly LoggedUnit[], b: readonly LoggedUnit[]): boolean {
  const names = new Set(a.map(unitName));
  return a.length === b.length && b.every((unit) => names.has(unitName(unit)));
}

function lookupName({ path, version }: InstalledUnit): string {
  return `${escapePath(path)}@${escapeVersion(version)}`;
}

/** As the database answers: the record's number, its lines, and a signed head that covers it. */
function lookupText({ path, version, modH1, record }: LoggedUnit, head: string): string {
  const text = recordText({ path, version, h1: record.h1, modH1: modH1 ?? "" });
  return `${record.id}\n${text}\n${head}`;
}
