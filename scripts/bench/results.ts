// The results as they are kept: raw runs of every part that was run last, beside the machine that ran them.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { PartResult } from "./parts/context.ts";

export interface Results {
  /** By the name of the part. */
  parts: Record<string, PartRun>;
}

export interface PartRun extends PartResult {
  machine: Machine;
  /** RFC 3339. */
  time: string;
  runs: number;
  /** Small inputs: shows that the part works, and nothing else. */
  isQuick: boolean;
}

export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  kernel: string;
}

const DOCS = "../../packages/goferry/docs";

const RESULTS = fileURLToPath(new URL(`${DOCS}/bench/results.json`, import.meta.url));
export const DOCUMENT = fileURLToPath(new URL(`${DOCS}/BENCH.md`, import.meta.url));
export const RATIOS_SVG = fileURLToPath(new URL(`${DOCS}/bench/ratios.svg`, import.meta.url));
export const GROWTH_SVG = fileURLToPath(new URL(`${DOCS}/bench/growth.svg`, import.meta.url));

export async function readResults(file: string = RESULTS): Promise<Results> {
  const text = await readFile(file, "utf8").catch(() => '{"parts":{}}');
  return JSON.parse(text) as Results;
}

export async function writeResults(results: Results, file: string = RESULTS): Promise<void> {
  await writeText(file, `${JSON.stringify(results, null, 1)}\n`);
}

export async function writeText(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
