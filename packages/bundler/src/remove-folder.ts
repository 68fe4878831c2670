// Removing what a build has unpacked: up to some 100,000 files.

import { lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { errorCode } from "./net/disk-error.ts";

/**
 * Removes a folder and all in it, and never what a link leads to; what is not there is no failure. One after the other, because
 * node's own `rm` begins with all of it at once, which for 150,000 files takes 150 MB of memory; synchronous, because a
 * promise for each takes longer than the call. What cannot be removed stays, with the folders it is in. Throws, in the end,
 * what node:fs threw first.
 */
export async function removeFolder(folder: string): Promise<void> {
  const failures: unknown[] = [];
  await remove(folder, failures);
  if (failures.length > 0) throw failures[0];
}

async function remove(path: string, failures: unknown[]): Promise<void> {
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      if (errorCode(error) !== "ENOENT") failures.push(error);
      return undefined;
    }
  };
  const status = attempt(() => lstatSync(path));
  if (status === undefined) return;
  if (!status.isDirectory()) {
    attempt(() => unlinkSync(path));
    return;
  }
  // So that an interruption is heard of.
  await setImmediate();
  for (const entry of attempt(() => readdirSync(path, { withFileTypes: true })) ?? []) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) await remove(below, failures);
    else attempt(() => unlinkSync(below));
  }
  attempt(() => rmdirSync(path));
}
