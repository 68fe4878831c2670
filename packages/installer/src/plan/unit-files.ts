// state/units/: what was proven and written, file by file, so that `goferry check` can name a changed file later, without
// the bundle. One file NAME.sums for each
//
//   path@version          the tree of a module or toolchain; its first part is the text that the h1 in state.json is of
//   path@version.zip      the zip that was made of a module; the name in it is a path in the root
//   tiles/<hex>           the tiles of the checksum database that the bundle of this digest brought; paths in the root
//   goferry               bin/goferry
//
// and path@version.go.env, the go.env of a toolchain before it was edited.
//
// A .sums file is the lines as sha256sum prints them; an empty line; the earliest and the latest time at which the files
// can have been written (ms since 1970, by the clock of the file system); and their sizes in the order of the lines.
// With these two lines `check --quick` tells a changed file without reading it.

import { lstat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TreeSums } from "@goferry/core";
import { ioError } from "../node-fs.ts";
import { stageFile } from "./stage-file.ts";

/** When the files of a transaction were written, in ms since 1970. */
export interface WriteTimes {
  from: number;
  to: number;
}

export interface SumsFile extends TreeSums, WriteTimes {}

/** Writes NAME.sums for each, below `folder`. Throws DISK_FULL and other errors of the file system. */
export function keepUnits(folder: string, sums: ReadonlyMap<string, TreeSums>, times: WriteTimes): void {
  for (const [name, each] of sums) stageFile(join(folder, sumsName(name)), sumsText({ ...each, ...times }));
}

export function sumsText({ lines, sizes, from, to }: SumsFile): string {
  return `${lines}\n${from} ${to}\n${sizes.join(" ")}\n`;
}

/** Null for what `sumsText` does not write. The lines themselves are judged by their h1, or by who reads them. */
export function parseSums(text: string): SumsFile | null {
  const end = text.lastIndexOf("\n", text.length - 2);
  const middle = text.lastIndexOf("\n", end - 1);
  const times = /^(\d+) (\d+)$/.exec(text.slice(middle + 1, end));
  const lines = text.slice(0, middle);
  if (times === null || !text.endsWith("\n") || (lines !== "" && !lines.endsWith("\n"))) return null;
  const sizeList = text.slice(end + 1, -1);
  const sizes = sizeList === "" ? [] : sizeList.split(" ").map(Number);
  const isWhole = sizes.length === lines.split("\n").length - 1 && sizes.every(Number.isSafeInteger);
  return isWhole ? { lines, sizes, from: Number(times[1]), to: Number(times[2]) } : null;
}

/** The file of a unit's sums below state/units/. */
export function sumsName(name: string): string {
  return `${escapeName(name)}.sums`;
}

/** The go.env of a toolchain as its bundle has it. */
export function plainGoEnvName(unit: string): string {
  return `${escapeName(unit)}.go.env`;
}

/** Under which the sums of the tiles are kept that a bundle brought. */
export function tilesName(indexDigest: string): string {
  return `tiles/${indexDigest.replace("sha256:", "")}`;
}

/** The time that the file system gives a file that is written now in this folder, ms since 1970. */
export async function fileSystemTime(folder: string): Promise<number> {
  const probe = join(folder, ".time");
  try {
    await writeFile(probe, "", { flag: "wx" });
    const { mtimeMs } = await lstat(probe);
    await unlink(probe);
    return mtimeMs;
  } catch (error) {
    throw ioError(error, "write", probe);
  }
}

/** As module paths are escaped, for file systems that do not know upper case from lower. */
function escapeName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
}
