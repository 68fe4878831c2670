// The tiles of the checksum database that a root has from bundles. They are files of a tree that only grows: a tile never
// changes and stays, whatever is uninstalled, and a later bundle may bring one again. What lists them are the sums that
// are kept of each bundle.

import { join } from "node:path";
import { TILES } from "../extract/file-sink.ts";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import { parseSums, type WriteTimes } from "./unit-files.ts";

/** Absolute paths of the lists, one for each bundle that brought tiles. */
export async function tileSums(fs: HostFs, at: Layout): Promise<string[]> {
  const folder = join(at.units, TILES);
  return (await fs.list(folder)).map(({ name }) => join(folder, name));
}

/**
 * The tiles that bundles brought, those too that are gone, by their paths in the root; with the first time at which one
 * was written.
 */
export async function knownTiles(fs: HostFs, at: Layout): Promise<Map<string, WriteTimes>> {
  const tiles = new Map<string, WriteTimes>();
  for (const file of await tileSums(fs, at)) {
    const bytes = await fs.readFile(file);
    const sums = bytes === null ? null : parseSums(Buffer.from(bytes).toString("utf8"));
    if (sums === null) continue;
    const { from, to } = sums;
    for (const line of sums.lines.split("\n")) {
      const name = line.slice(66);
      if (name === "") continue;
      const known = tiles.get(name);
      if (known === undefined || from < known.from) tiles.set(name, { from, to });
    }
  }
  return tiles;
}
