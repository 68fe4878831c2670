// What every part of the bench gets, and what it hands back.

import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Comparison } from "../compare.ts";
import { openInputs, type Inputs } from "../inputs.ts";
import { runCommand } from "../measure.ts";

/** The most that a command of goferry may have resident, in bytes, whatever a bundle holds. */
export const MEMORY_LIMIT = 512e6;

export interface BenchContext {
  inputs: Inputs;
  runs: number;
  /** Small inputs and few runs: whether it works, not how fast it is. */
  isQuick: boolean;
  /** Folders on the file systems that are measured; where one is enough, the first. */
  places: readonly [Place, ...Place[]];
}

export interface Place {
  /** Such as "ext4". */
  name: string;
  folder: string;
}

/** A figure that is no comparison of times. */
export interface Figure {
  what: string;
  value: number;
  unit: "bytes" | "seconds" | "ratio" | "times" | "ms";
  /** The most that it may be. */
  limit?: number;
  note?: string;
}

export interface Point {
  /** How many of what is varied. */
  x: number;
  y: number;
}

/** Lines of one plot, such as the seconds of build, verify and install. */
export interface Series {
  plot: string;
  name: string;
  unit: "s" | "MB";
  points: Point[];
}

export interface PartResult {
  comparisons?: Comparison[];
  figures?: Figure[];
  series?: Series[];
  /** Sentences that belong to the figures. */
  notes?: string[];
}

export type Part = (context: BenchContext) => Promise<PartResult>;

export interface ContextOptions {
  runs: number;
  isQuick: boolean;
  executable: string | undefined;
  /** In place of the temporary folder. */
  dir: string | undefined;
}

/** Works on a disk and, where there is one, on a tmpfs; both are empty again in the end. */
export async function inContext<T>(
  { dir = tmpdir(), executable, ...options }: ContextOptions,
  work: (context: BenchContext) => Promise<T>,
): Promise<T> {
  const inputs = await openInputs({ executable });
  const first = folderIn(dir);
  const others = options.isQuick || dir === MEMORY_FOLDER ? [] : [folderIn(MEMORY_FOLDER)];
  try {
    const places: [Place, ...Place[]] = [await placeAt(first)];
    for (const folder of others) places.push(await placeAt(folder));
    return await work({ ...options, inputs, places });
  } finally {
    for (const folder of [first, ...others]) await rm(folder, { recursive: true, force: true });
  }
}

const MEMORY_FOLDER = "/dev/shm";

function folderIn(top: string): string {
  return join(top, "goferry-bench");
}

async function placeAt(folder: string): Promise<Place> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = (await runCommand({ words: ["stat", "-f", "-c", "%T", folder] })).trim();
  return { name: name === "ext2/ext3" ? "ext4" : name, folder };
}
