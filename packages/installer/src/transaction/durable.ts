// What makes a change durable before the next step may rely on it. A few files and folders are synced each for itself, in a
// few milliseconds, so that switching a link waits for nothing else that the machine is writing; of a toolchain with
// its 12,000 files, or of hundreds of edits, the whole file system is synced once.

import { dirname } from "node:path";
import { isBelow } from "../fs.ts";
import type { Site } from "./changes.ts";
import { stagedEdit, stagedGeneration, stagedState, stagingFolder } from "./journal.ts";
import type { Edit, Journal, Move } from "./journal.ts";

/** Up to so many are synced each for itself; a spinning disk takes some 10 ms for each. */
const SINGLE_SYNCS = 24;

/**
 * All that waits in staging, with its names: after it the journal may say that it is there.
 * @param synced folders in staging whose files were synced as they were written
 */
export async function syncStaged(
  site: Site,
  journal: Journal,
  synced: readonly string[] = [],
): Promise<void> {
  const { at } = site;
  const moves = [...journal.place, ...journal.replace];
  // The first transaction of a root has made the folders above it, too.
  if (journal.stateBefore === null || (await hasFolder(site, moves))) return await syncRoot(site, synced);
  const own = [stagedState(at, journal.id), stagedGeneration(at, journal.id)];
  const edits = ownEdits(site, journal).flatMap(({ edit, index }) =>
    (["before", "after"] as const)
      .filter((direction) => edit[direction]?.kind === "file")
      .map((direction) => stagedEdit(at, journal.id, direction, index)),
  );
  const files = [...new Set([...own, ...moves.map(({ from }) => from), ...edits])];
  const staging = [stagingFolder(at, journal.id), at.staging, at.root];
  await syncPaths(site, { files, folders: [...moves.map(({ from }) => dirname(from)), ...staging] });
}

/** The names that asides have left and got. */
export async function syncAsides(site: Site, { aside }: Journal): Promise<void> {
  await syncPaths(site, { files: [], folders: parentsOf(aside) });
}

/** Every name in the root that was made, changed or taken away: after it the commit may come. */
export async function syncNames(site: Site, journal: Journal): Promise<void> {
  const { folders, aside, place, replace } = journal;
  const made = folders.filter((folder) => isBelow(site.at.root, folder));
  const edited = ownEdits(site, journal).map(({ edit }) => dirname(edit.path));
  const names = [...made, ...made.map((folder) => dirname(folder)), ...edited];
  await syncPaths(site, { files: [], folders: [...names, ...parentsOf([...aside, ...place, ...replace])] });
}

/** What is written in a root now, or waits in staging. All that is installed was synced in staging, when it came. */
export async function syncRoot({ fs, at }: Site, synced: readonly string[] = []): Promise<void> {
  await fs.syncTree(at.root, [at.sdk, at.mod, ...synced]);
}

async function syncPaths(
  site: Site,
  { files, folders }: { files: readonly string[]; folders: readonly string[] },
): Promise<void> {
  const { fs } = site;
  const different = [...new Set(folders)];
  if (files.length + different.length > SINGLE_SYNCS) return await syncRoot(site);
  // At the same time: a journaling file system writes then once for all what it would write for each.
  await allOf(files.map((file) => fs.syncFile(file)));
  await allOf(different.map((folder) => fs.syncFolder(folder)));
}

/** Waits for all, whatever becomes of one: nothing may be at work when what was begun is taken back. Throws what the first throws. */
async function allOf(actions: readonly Promise<void>[]): Promise<void> {
  for (const done of await Promise.allSettled(actions)) if (done.status === "rejected") throw done.reason;
}

function parentsOf(moves: readonly Move[]): string[] {
  return moves.flatMap(({ from, to }) => [dirname(from), dirname(to)]);
}

async function hasFolder({ fs }: Site, moves: readonly Move[]): Promise<boolean> {
  for (const { from } of moves) {
    const status = await fs.lstat(from);
    if (status?.kind === "folder") return true;
  }
  return false;
}

/** Edits inside the root. Those outside are made durable one by one as they are made. */
function ownEdits({ at }: Site, { edits }: Journal): { edit: Edit; index: number }[] {
  return edits.flatMap((edit, index) => (isBelow(at.root, edit.path) ? [{ edit, index }] : []));
}
