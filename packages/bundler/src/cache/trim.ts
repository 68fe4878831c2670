// Makes a cache smaller: what was not used for longest goes first. Builds that run keep what they have taken, by links of their
// own (pin.ts), and make anew what they do not find.

import { rm } from "node:fs/promises";
import { makeOwnFolder } from "../cache-folder.ts";
import { diskError } from "../net/disk-error.ts";
import { CACHE_LEFTOVER_MS } from "../net/limits.ts";
import { readInventory, type CacheItem } from "./inventory.ts";

/** Milliseconds. What go has used in this time it may be using now; it notes an hour only. */
const GO_SPARED_MS = 2 * 60 * 60 * 1000;

export interface TrimOptions {
  cacheDir: string;
  /** Of this user; undefined where the system has no such numbers. */
  uid: number | undefined;
  now: Date;
  /** Milliseconds: what was not used for so long goes. */
  unusedFor?: number | undefined;
  /** Bytes that may stay. */
  maxBytes?: number | undefined;
  /** Say what would go, and remove nothing. */
  dryRun: boolean;
}

export interface Trimmed {
  removed: CacheItem[];
  kept: CacheItem[];
}

/** @throws CACHE_UNSAFE, IO_FAILED */
export async function trimCache(options: TrimOptions): Promise<Trimmed> {
  const { cacheDir, uid, now, unusedFor = Infinity, maxBytes = Infinity, dryRun } = options;
  await makeOwnFolder(cacheDir, uid);
  const all = await readInventory(cacheDir);
  const removed: CacheItem[] = [];
  const kept: CacheItem[] = [];
  let bytes = all.reduce((sum, item) => sum + item.bytes, 0);
  for (const item of all.toSorted((a, b) => a.used - b.used)) {
    const age = now.getTime() - item.used;
    if (age < sparedFor(item) || (age < unusedFor && bytes <= maxBytes)) {
      kept.push(item);
      continue;
    }
    removed.push(item);
    bytes -= item.bytes;
    if (!dryRun) await remove(item);
  }
  return { removed, kept };
}

/** Milliseconds after its last use in which it stays. */
function sparedFor({ kind }: CacheItem): number {
  if (kind === "work") return CACHE_LEFTOVER_MS;
  return kind === "go-build" ? GO_SPARED_MS : -Infinity;
}

async function remove({ files }: CacheItem): Promise<void> {
  for (const file of files) {
    await rm(file, { recursive: true, force: true }).catch((error: unknown) => {
      throw diskError(error, file);
    });
  }
}
