// What lies in a root for generations that are not wanted any more: Go versions, modules with what the proxy has of them,
// and what was kept to check them by. Only names that a generation of this root accounts for; what somebody else put
// beside them stays.

import { dirname, join } from "node:path";
import { isBelow, type HostFs } from "../fs.ts";
import { generationFile, type Layout } from "../layout.ts";
import type { State } from "../transaction/state.ts";
import { belongings, ownPaths, type Belonging } from "./belongings.ts";

export interface Unneeded {
  /** Numbers of generations, ascending. */
  generations: number[];
  /** Go versions. */
  sdks: string[];
  /** `path@version`. */
  modules: string[];
  /** Bytes of content that the disk gets back. */
  bytes: number;
  /** Absolute paths of files and folders, none below another. */
  paths: string[];
}

export interface Wanted {
  /** States that shall still be gone back to, the current one among them. */
  kept: readonly State[];
  /** Those that shall not, as far as they can be read. */
  dropped: readonly State[];
  /** Numbers of the generations that go. */
  generations: readonly number[];
}

export async function findUnneeded(
  fs: HostFs,
  at: Layout,
  { kept, dropped, generations }: Wanted,
): Promise<Unneeded> {
  const needed = ownPaths(at, kept);
  const units = new Map<string, Belonging & { there: string[] }>();
  for (const each of dropped.flatMap((state) => belongings(at, state))) {
    const there: string[] = [];
    for (const path of each.paths) if (!needed.has(path) && (await fs.lstat(path)) !== null) there.push(path);
    if (there.length > 0) units.set(each.name, { ...each, there });
  }
  const files = generations.map((generation) => generationFile(at, generation));
  const all = [...units.values()];
  return {
    generations: [...generations],
    sdks: all.filter(({ kind }) => kind === "sdk").map(({ name }) => name),
    modules: all.filter(({ kind }) => kind === "module").map(({ name }) => name),
    bytes: await bytesOf(fs, all, files),
    paths: await merge(fs, at, [...new Set([...all.flatMap(({ there }) => there), ...files])]),
  };
}

async function bytesOf(
  fs: HostFs,
  units: readonly { tree: string | null; there: string[]; size: number; zip: string | null }[],
  files: readonly string[],
): Promise<number> {
  let bytes = 0;
  for (const { tree, there, size, zip } of units) {
    if (tree === null || there.includes(tree)) bytes += size;
    if (zip !== null && there.includes(zip)) bytes += (await fs.lstat(zip))?.size ?? 0;
  }
  for (const file of files) bytes += (await fs.lstat(file))?.size ?? 0;
  return bytes;
}

/**
 * The fewest names for the same: of a folder in which nothing else lies, the folder. So nothing empty stays, and a
 * module of hundreds of versions is one rename.
 */
async function merge(fs: HostFs, at: Layout, paths: readonly string[]): Promise<string[]> {
  const merged = new Set(paths);
  let folders = new Set(paths.map((path) => dirname(path)));
  while (folders.size > 0) {
    const above = new Set<string>();
    for (const folder of folders) {
      if (![at.mod, at.units].some((top) => isBelow(top, folder))) continue;
      const entries = (await fs.list(folder)).map(({ name }) => join(folder, name));
      if (!entries.every((entry) => merged.has(entry))) continue;
      for (const entry of entries) merged.delete(entry);
      merged.add(folder);
      above.add(dirname(folder));
    }
    folders = above;
  }
  return [...merged].toSorted();
}
