// The changes that a journal lists, made and unmade. Each looks at what is there before it does anything, because
// after a crash nobody knows how far the last run came: done twice is as good as done once, and undone too.
//
// Little is synced here: what lies outside the root, and asides before something else takes their names. The caller
// syncs the root between the steps where the order matters (durable.ts): as long as the journal is there, a half-written
// state can be told and mended.

import { dirname } from "node:path";
import { GoferryError } from "@goferry/core";
import { isBelow, nameBeside, replaceLink, writeFileAtomic } from "../fs.ts";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import type { Registry } from "../windows/system.ts";
import { syncAsides } from "./durable.ts";
import { stagedEdit, stagingFolder } from "./journal.ts";
import type { Content, Direction, Edit, Journal, Move, Replacement } from "./journal.ts";
import { switchRegistry } from "./registry-edits.ts";

/** Where the changes happen. */
export interface Site {
  fs: HostFs;
  at: Layout;
  /** On Windows. */
  registry?: Registry | undefined;
}

/** Makes the folders, then renames: old things out of the way, new things into place. */
export async function makeMoves(site: Site, journal: Journal): Promise<void> {
  const { fs } = site;
  for (const folder of journal.folders) {
    await fs.mkdir(folder, 0o755);
    await syncOutside(site, folder);
  }
  for (const { from, to } of journal.aside) await fs.rename(from, to);
  // A power cut must not keep a new name without the removal of the old one.
  if (journal.aside.length > 0) await syncAsides(site, journal);
  for (const { from, to } of [...journal.place, ...journal.replace]) await fs.rename(from, to);
}

/** Takes back `makeMoves`, as far as it came. Returns how many changes there were to take back. */
export async function unmakeMoves(site: Site, journal: Journal): Promise<number> {
  const { fs } = site;
  let undone = 0;
  for (const replacement of journal.replace.toReversed()) undone += Number(await restore(fs, replacement));
  for (const move of journal.place.toReversed()) undone += Number(await moveBack(fs, move));
  for (const move of journal.aside.toReversed()) undone += Number(await bringBack(fs, move));
  for (const folder of journal.folders.toReversed()) {
    if (!(await fs.rmdir(folder))) continue;
    await syncOutside(site, folder);
    undone++;
  }
  return undone;
}

/**
 * Writes both contents of every edit inside the root into staging. So no edit needs an fsync of its own (one sync
 * makes all durable before the first takes its place, by a rename), and taking back needs no space.
 */
export async function stageEdits(site: Site, journal: Journal): Promise<void> {
  for (const [index, edit] of journal.edits.entries()) {
    if (!isOurs(site, edit)) continue;
    for (const direction of ["before", "after"] as const) {
      await stageContent(site, edit[direction], stagedEdit(site.at, journal.id, direction, index));
    }
  }
}

/** For recovery: stages again what is still needed and was used up or lost. */
export async function restageEdits(site: Site, journal: Journal, direction: Direction): Promise<void> {
  for (const [index, edit] of journal.edits.entries()) {
    if (!isOurs(site, edit) || !(await isWanted(site, edit, direction))) continue;
    const staged = stagedEdit(site.at, journal.id, direction, index);
    if (isSame(await readContent(site.fs, staged), edit[direction])) continue;
    await makeStaging(site, journal);
    await site.fs.unlink(staged);
    await stageContent(site, edit[direction], staged);
  }
}

export interface Switched {
  /** How many paths and values of the registry changed. */
  changed: number;
  /** Paths that hold what neither we wrote nor found there: somebody else's, left alone. */
  foreign: string[];
}

/** Makes every path of the edits hold its content of that direction, which has been staged; and the registry its values. */
export async function switchEdits(site: Site, journal: Journal, direction: Direction): Promise<Switched> {
  const switched: Switched = { changed: 0, foreign: [] };
  for (const [index, edit] of journal.edits.entries()) {
    if (!isOurs(site, edit)) await site.fs.unlink(nameBeside(edit.path));
    if (await isWanted(site, edit, direction)) {
      await switchEdit(site, edit, direction, stagedEdit(site.at, journal.id, direction, index));
      switched.changed++;
    } else if (!isSame(await readContent(site.fs, edit.path), edit[direction])) {
      switched.foreign.push(edit.path);
    }
  }
  const { changed, foreign } = await switchRegistry(site.registry, journal.registry, direction);
  return { changed: switched.changed + changed, foreign: [...switched.foreign, ...foreign] };
}

/** What is at a path now; null for nothing. Throws PATH_OCCUPIED for what cannot be journaled. */
export async function readContent(fs: HostFs, path: string): Promise<Content | null> {
  const status = await fs.lstat(path);
  if (status === null) return null;
  if (status.kind === "link") return { kind: "link", target: await fs.readLink(path) };
  const bytes = status.kind === "file" ? await fs.readFile(path) : null;
  if (bytes === null) {
    throw new GoferryError("PATH_OCCUPIED", {
      subject: path,
      message: "something is in the way that goferry did not put there",
      expected: "a file, a link, or nothing",
      found: status.kind,
      next: "move it away, then run the command again",
    });
  }
  const { mode, uid, gid } = status;
  return { kind: "file", data: Buffer.from(bytes).toString("base64"), mode, owner: { uid, gid } };
}

/** Equal for whoever reads the file; the owner may differ. */
export function isSame(a: Content | null, b: Content | null): boolean {
  if (a?.kind === "file" && b?.kind === "file") return a.data === b.data && a.mode === b.mode;
  if (a?.kind === "link" && b?.kind === "link") return a.target === b.target;
  return a === b;
}

/** The old file has a second name in staging. Renaming that back also ends the new file's life. */
async function restore(fs: HostFs, { from, to, old }: Replacement): Promise<boolean> {
  if ((await fs.lstat(old)) === null) return false;
  // Both names may still be of one file, for which rename(2) does nothing; the second name goes with staging.
  const replaced = (await fs.lstat(from)) === null;
  await fs.rename(old, to);
  return replaced;
}

async function moveBack(fs: HostFs, { from, to }: Move): Promise<boolean> {
  if ((await fs.lstat(from)) !== null || (await fs.lstat(to)) === null) return false;
  await fs.rename(to, from);
  return true;
}

/** What was put aside prevails over what somebody else has put in its place meanwhile: go makes a module anew. */
async function bringBack(fs: HostFs, { from, to }: Move): Promise<boolean> {
  if ((await fs.lstat(to)) === null) return false;
  if ((await fs.lstat(from)) !== null) await fs.rename(from, `${to}-foreign`);
  await fs.rename(to, from);
  return true;
}

/** A sync of the root does not reach a home on another file system. */
async function syncOutside({ fs, at }: Site, folder: string): Promise<void> {
  if (!isBelow(at.root, folder) && !isBelow(folder, at.root) && folder !== at.root)
    await fs.syncFolder(dirname(folder));
}

async function stageContent({ fs }: Site, content: Content | null, staged: string): Promise<void> {
  if (content?.kind === "link") await fs.symlink(content.target, staged);
  if (content?.kind === "file")
    await fs.createFile(staged, Buffer.from(content.data, "base64"), fileMode(content));
}

/**
 * Whether an edit has to be made. Not if it is made already; and not if somebody else wrote the file since the
 * transaction was interrupted. Only taking back inside the root prevails over that: of a transaction that failed
 * nothing may stay, and a power cut, too, leaves contents that nobody wrote.
 */
async function isWanted(site: Site, edit: Edit, direction: Direction): Promise<boolean> {
  const now = await readContent(site.fs, edit.path);
  if (isSame(now, edit[direction])) return false;
  if (isSame(now, edit[direction === "after" ? "before" : "after"])) return true;
  return direction === "before" && isOurs(site, edit);
}

async function switchEdit({ fs, at }: Site, edit: Edit, direction: Direction, staged: string): Promise<void> {
  const { path } = edit;
  const content = edit[direction];
  if (content === null) await fs.unlink(path);
  else if (isOurs({ at }, edit)) await fs.rename(staged, path);
  else if (content.kind === "link") await replaceLink(fs, path, content.target);
  else await writeFileAtomic(fs, path, Buffer.from(content.data, "base64"), fileMode(content));
  if (content === null && !isOurs({ at }, edit)) await fs.syncFolder(dirname(path));
}

function isOurs({ at }: Pick<Site, "at">, edit: Edit): boolean {
  return isBelow(at.root, edit.path);
}

/** Recovery may find staging removed already. */
async function makeStaging({ fs, at }: Site, { id }: Journal): Promise<void> {
  await fs.mkdir(at.staging, 0o700);
  await fs.mkdir(stagingFolder(at, id), 0o700);
}

function fileMode({ mode, owner }: Extract<Content, { kind: "file" }>): {
  mode: number;
  owner?: { uid: number; gid: number };
} {
  return owner === null ? { mode } : { mode, owner };
}
