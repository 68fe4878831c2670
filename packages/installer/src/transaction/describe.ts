// From what a command has prepared to the journal of it: looks at everything that will change, refuses what is not as
// the command believes, and keeps the old of it in staging. After this nothing has to be thought about any more:
// what the journal says can be done and undone without another look, and undone on a disk that is full.

import { dirname, join } from "node:path";
import { GoferryError } from "@goferry/core";
import { auditDigest, auditLine } from "../audit.ts";
import type { Actor, AuditEntry } from "../audit.ts";
import { isBelow } from "../fs.ts";
import type { RegistryChange } from "../windows/system.ts";
import { generationFile } from "../layout.ts";
import { readContent, isSame } from "./changes.ts";
import type { Site } from "./changes.ts";
import { JOURNAL_VERSION, stagedGeneration, stagingFolder } from "./journal.ts";
import type { Content, Edit, Journal, Move, Replacement } from "./journal.ts";
import { describeRegistry } from "./registry-edits.ts";
import { serializeState } from "./state.ts";
import type { State } from "./state.ts";

/** What a command wants to become of what it staged. All paths absolute. */
export interface Prepared {
  /**
   * What is installed afterwards. `transaction`, `change` and `auditHead` are filled in. Its generation is the next one;
   * or that of before, for what changes nothing of what is installed.
   */
  state: State;
  /** Files and folders from staging to where nothing is yet, or where `remove` takes away what is. */
  place?: readonly Move[];
  /** Big files from staging to where an older one is, or nothing; the name is there at every moment. */
  replace?: readonly Move[];
  /** Files and folders of the root that go away once the change is committed. */
  remove?: readonly string[];
  /** Small changes, inside the root or outside. Not inside what is placed: that is written in staging. */
  edits?: readonly EditRequest[];
  /** Values of Windows' registry as they shall be. */
  registry?: readonly RegistryChange[];
  /** Keys of it that go afterwards, if nothing is in them; outermost first. */
  emptiedKeys?: readonly string[];
  /** Folders outside of the root that go afterwards, if nothing is in them; outermost first. */
  emptied?: readonly string[];
  /** Folders in staging whose files were synced as they were written. */
  synced?: readonly string[];
  /** Takes state/ away too, with all that is in it, once the change is committed. */
  removesRoot?: boolean;
  audit: AuditEntry;
}

/**
 * A small file or link as it shall be. A new file has mode 0644 unless it says otherwise, a changed one keeps its
 * mode and owner. Links at `path` are replaced, not followed: pass the resolved path where that is not wanted.
 */
export type EditRequest =
  | { path: string; file: Uint8Array; mode?: number }
  | { path: string; link: string }
  | { path: string; remove: true };

/** Who does it, and on what. */
export interface Circumstances {
  id: string;
  command: string;
  startedAt: Date;
  by: Actor;
  /** Digest of the last line of the audit log. */
  auditPrev: string | null;
  before: State;
  /** Folders that were made to hold the lock. */
  made: readonly string[];
}

/** Throws PATH_OCCUPIED when something is in the way; INTERNAL when the command contradicts itself. */
export async function describeChanges(site: Site, prepared: Prepared, now: Circumstances): Promise<Journal> {
  const { fs, at } = site;
  checkPaths(site, prepared, now.id);
  const stateBefore = await fs.readFile(at.stateFile);
  const line = auditLine(prepared.audit, { time: now.startedAt, by: now.by, prev: now.auditPrev });
  const aside = describeAside(site, prepared, now.id);
  const kept = { from: stagedGeneration(at, now.id), to: generationFile(at, prepared.state.generation) };
  const moves = { ...prepared, replace: [...(prepared.replace ?? []), kept] };
  const { place, replace } = await describePlaces(site, moves, now.id, aside);
  const stateAfter = serializeState(committedState(prepared.state, now, line));
  const edits = await describeEdits(site, prepared.edits ?? []);
  const { registry: wanted = [], emptiedKeys = [] } = prepared;
  const registry = await describeRegistry(site.registry, wanted, emptiedKeys);
  return {
    journalVersion: JOURNAL_VERSION,
    id: now.id,
    command: now.command,
    root: at.root,
    startedAt: now.startedAt.toISOString(),
    folders: await missingFolders(site, [...place.map(({ to }) => to), ...writtenPaths(edits)]),
    aside,
    place,
    replace,
    edits,
    ...(registry === undefined ? {} : { registry }),
    emptied: [...(prepared.emptied ?? [])],
    removesRoot: prepared.removesRoot ?? false,
    stateBefore: stateBefore === null ? null : Buffer.from(stateBefore).toString("base64"),
    stateAfter: Buffer.from(stateAfter).toString("base64"),
    auditLine: line,
  };
}

function committedState(
  state: State,
  { id, command, startedAt, before, made }: Circumstances,
  line: string,
): State {
  const isNew = state.generation !== before.generation;
  const change = isNew ? { command, at: startedAt.toISOString() } : before.change;
  const madeFolders = before.transaction === null ? [...made] : before.madeFolders;
  return { ...state, transaction: id, change, madeFolders, auditHead: auditDigest(line) };
}

/** A command that moved things in and out of its own staging, or twice to one name, could not be taken back. */
function checkPaths(site: Site, prepared: Prepared, id: string): void {
  const { place = [], replace = [], remove = [], edits = [] } = prepared;
  const staging = stagingFolder(site.at, id);
  const targets = [...place, ...replace].map(({ to }) => to);
  const changed = new Set([...targets, ...edits.map(({ path }) => path)]);
  const wrong =
    [...place, ...replace].find(({ from }) => !isBelow(staging, from))?.from ??
    [...targets, ...remove].find((path) => !isBelow(site.at.root, path) || isBelow(site.at.staging, path)) ??
    [...changed].find((path) => parents(path).some((parent) => changed.has(parent))) ??
    (changed.size < targets.length + edits.length ? "a path that is changed twice" : undefined);
  if (wrong === undefined) return;
  throw new GoferryError("INTERNAL", {
    subject: wrong,
    message: "this change cannot be journaled",
    expected: "moves from staging into the root, each path changed once, none below another",
    next: "report this as a bug of goferry",
  });
}

function describeAside({ at }: Site, { remove = [] }: Prepared, id: string): Move[] {
  return remove.map((from, index) => ({ from, to: join(stagingFolder(at, id), `aside-${index}`) }));
}

async function describePlaces(
  { fs, at }: Site,
  { place = [], replace = [] }: Pick<Prepared, "place" | "replace">,
  id: string,
  aside: readonly Move[],
): Promise<{ place: Move[]; replace: Replacement[] }> {
  const leaving = new Set(aside.map(({ from }) => from));
  for (const { to } of place) {
    if (!leaving.has(to) && (await fs.lstat(to)) !== null) throw occupied(to);
  }
  const fresh: Move[] = [];
  const replacements: Replacement[] = [];
  for (const [index, { from, to }] of replace.entries()) {
    const found = await fs.lstat(to);
    if (found === null) {
      fresh.push({ from, to });
      continue;
    }
    if (found.kind !== "file") throw occupied(to);
    const old = join(stagingFolder(at, id), `old-${index}`);
    await fs.link(to, old);
    replacements.push({ from, to, old });
  }
  return { place: [...place, ...fresh], replace: replacements };
}

function occupied(path: string): GoferryError {
  return new GoferryError("PATH_OCCUPIED", {
    subject: path,
    message: "something is in the way that goferry did not put there",
    expected: "nothing",
    next: "move it away, then run the command again",
  });
}

async function describeEdits({ fs }: Site, requests: readonly EditRequest[]): Promise<Edit[]> {
  const edits: Edit[] = [];
  for (const request of requests) {
    const before = await readContent(fs, request.path);
    const after = wantedContent(request, before);
    if (!isSame(before, after)) edits.push({ path: request.path, before, after });
  }
  return edits;
}

function wantedContent(request: EditRequest, before: Content | null): Content | null {
  if ("remove" in request) return null;
  if ("link" in request) return { kind: "link", target: request.link };
  const old = before?.kind === "file" ? before : null;
  const data = Buffer.from(request.file).toString("base64");
  return { kind: "file", data, mode: request.mode ?? old?.mode ?? 0o644, owner: old?.owner ?? null };
}

function writtenPaths(edits: readonly Edit[]): string[] {
  return edits.filter(({ after }) => after !== null).map(({ path }) => path);
}

/** Outermost first, because a folder sorts before what is in it. */
async function missingFolders({ fs }: Site, paths: readonly string[]): Promise<string[]> {
  const folders = new Set(paths.flatMap(parents));
  const missing: string[] = [];
  for (const folder of [...folders].sort()) {
    if ((await fs.lstat(folder)) === null) missing.push(folder);
  }
  return missing;
}

/** Every folder above a path, up to the root of the file system. */
function parents(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...parents(above)];
}
