// Verified answers of the checksum database on disk: records and tiles never change, so a second build asks for nothing
// again. Each file begins with the SHA-256 of the rest: whoever takes an answer verifies it, and would have to call
// somebody a forger for what was only a power cut.

import { hash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { LogCache } from "./source.ts";

const SUM_BYTES = 32;

/**
 * The cache in the folder `dir`. It is a convenience: what cannot be read or written is fetched again, and every answer
 * is verified by whoever takes it.
 */
export function fileLogCache(dir: string): LogCache {
  let unheard = 0;
  // Names come from escaped module paths and tile numbers; a colon or such would be refused by some systems.
  const file = (key: string): string => join(dir, ...key.split("/"));
  return {
    async get(key) {
      if (++unheard % READS_AT_ONCE === 0) await setImmediate();
      const bytes = readWhole(file(key));
      const data = bytes?.subarray(SUM_BYTES);
      const isWhole = data !== undefined && bytes?.subarray(0, SUM_BYTES).equals(sumOf(data)) === true;
      return isWhole ? data : undefined;
    },
    async put(key, data) {
      const target = file(key);
      const beside = `${target}.${randomUUID()}`;
      try {
        await mkdir(dirname(target), { recursive: true });
        await writeFile(beside, Buffer.concat([sumOf(data), data]));
        await rename(beside, target);
      } catch {
        await rm(beside, { force: true }).catch(() => undefined);
      }
    },
  };
}

/** Files that are read until something else, such as an interruption, is heard of. */
const READS_AT_ONCE = 64;

/** Synchronous on purpose: of two thousand files with a few kilobytes each, a promise would cost most of the time. */
function readWhole(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** What was asked for stays in memory, as the same bytes, so that what was computed of them need not be computed again. */
export function rememberingCache(cache: LogCache): LogCache {
  const known = new Map<string, Uint8Array>();
  return {
    async get(key) {
      const there = known.get(key) ?? (await cache.get(key));
      if (there !== undefined) known.set(key, there);
      return there;
    },
    async put(key, data) {
      known.set(key, data);
      await cache.put(key, data);
    },
  };
}

function sumOf(data: Uint8Array): Buffer {
  return hash("sha256", data, "buffer");
}
