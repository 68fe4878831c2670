// Verified answers of the checksum database on disk: records and tiles never change, so a second build asks for nothing
// again.

import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LogCache } from "./source.ts";

/**
 * The cache in the folder `dir`. It is a convenience: what cannot be read or written is fetched again, and every answer
 * is verified by whoever takes it.
 */
export function fileLogCache(dir: string): LogCache {
  // Names come from escaped module paths and tile numbers; a colon or such would be refused by some systems.
  const file = (key: string): string => join(dir, ...key.split("/"));
  return {
    async get(key) {
      return await readFile(file(key)).catch(() => undefined);
    },
    async put(key, data) {
      const target = file(key);
      const beside = `${target}.${randomUUID()}`;
      try {
        await mkdir(dirname(target), { recursive: true });
        await writeFile(beside, data);
        await rename(beside, target);
      } catch {
        await rm(beside, { force: true }).catch(() => undefined);
      }
    },
  };
}
