// A build works in a folder of its own below the cache, which is gone afterwards whatever happened. Only a build that was
// killed leaves one behind, with a gigabyte in it; a later build finds it and takes it away.

import { mkdtemp, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import pRetry from "p-retry";
import { makeOwnFolder } from "./cache-folder.ts";
import type { BuildMachine } from "./machine.ts";
import { diskError } from "./net/disk-error.ts";
import { CACHE_LEFTOVER_MS } from "./net/limits.ts";
import { removeFolder } from "./remove-folder.ts";

const PREFIX = "build-";

/**
 * Runs `work` in a fresh folder below the cache that only this user may enter.
 * @throws what `work` throws; CACHE_UNSAFE, DISK_FULL, IO_FAILED
 */
export async function inWorkFolder<T>(
  { cacheDir, uid }: Pick<BuildMachine, "cacheDir" | "uid">,
  work: (workDir: string) => Promise<T>,
): Promise<T> {
  const folder = join(cacheDir, "work");
  await makeOwnFolder(cacheDir, uid);
  await makeOwnFolder(folder, uid);
  let workDir: string;
  try {
    workDir = await mkdtemp(join(folder, PREFIX));
    await sweep(folder, workDir);
  } catch (error) {
    throw diskError(error, folder);
  }
  try {
    return await work(workDir);
  } finally {
    await remove(workDir);
  }
}

/** A folder is as old as what was last made directly in it, which every stage of a build does. */
async function sweep(folder: string, own: string): Promise<void> {
  // The clock of the disk's own system, which over a network is not this machine's.
  const { mtimeMs: now } = await stat(own);
  for (const name of await readdir(folder)) {
    const other = join(folder, name);
    const found = await stat(other).catch(() => undefined);
    const isOld = found !== undefined && found.mtimeMs < now - CACHE_LEFTOVER_MS;
    if (name.startsWith(PREFIX) && isOld) await remove(other);
  }
}

/** What cannot be removed must not hide what went wrong before it; the sweep of a later build meets it again. */
async function remove(folder: string): Promise<void> {
  // A process that was just ended may write for a moment longer.
  await pRetry(() => removeFolder(folder), { retries: 5, minTimeout: 50 }).catch(() => undefined);
}
