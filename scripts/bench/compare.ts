// Contenders take turns, so that a machine whose speed drifts does not decide; what counts is the median of the ratios of one
// round each.

import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { measure, type Command, type Sample } from "./measure.ts";

export interface Contender {
  name: string;
  /** What is run, writing below `target`, which is not there yet. */
  command(target: string): Command;
  /** Read into memory before each run. */
  inputs?: readonly string[];
  /** Not timed: makes `target` ready where the command needs something in it. */
  prepare?(target: string): Promise<void>;
  /** The most that goferry's time may be of this one's. */
  limit?: number;
  /** What the limit is compared with: without a sync for those who do not write. */
  limitOf?: "synced" | "seconds";
}

export interface Comparison {
  /** Such as "install of a toolchain". */
  what: string;
  /** Such as "ext4" or "tmpfs"; empty where nothing is written. */
  where: string;
  ours: Measured;
  others: (Measured & { ratio: Spread; ratioWithoutSync: Spread; limit?: number | undefined })[];
}

export interface Measured {
  name: string;
  seconds: Spread;
  synced: Spread;
  peakBytes: number;
  writtenBytes: number;
  samples: Sample[];
}

export interface Spread {
  median: number;
  least: number;
  most: number;
}

export interface CompareOptions {
  what: string;
  where: string;
  ours: Contender;
  others: readonly Contender[];
  runs: number;
  /** A folder for what they write, on the file system that is to be measured. */
  folder: string;
}

export async function compare(options: CompareOptions): Promise<Comparison> {
  const { what, where, ours, others, runs, folder } = options;
  const all = [ours, ...others];
  const samples = new Map<Contender, Sample[]>(all.map((each) => [each, []]));
  for (let round = 0; round < runs; round++) {
    // Each begins a round once in a while.
    const order = [...all.slice(round % all.length), ...all.slice(0, round % all.length)];
    for (const contender of order) {
      const target = join(folder, "target");
      await rm(target, { recursive: true, force: true });
      await mkdir(dirname(target), { recursive: true });
      await contender.prepare?.(target);
      const { inputs } = contender;
      const sample = await measure(contender.command(target), {
        target: where === "" ? undefined : folder,
        inputs,
      });
      samples.get(contender)?.push(sample);
      process.stderr.write(
        `  ${what}${where === "" ? "" : `, ${where}`}, ${round + 1} of ${runs}: ${contender.name} ${sample.synced.toFixed(2)} s\n`,
      );
      await rm(target, { recursive: true, force: true });
    }
  }
  const own = samples.get(ours) ?? [];
  return {
    what,
    where,
    ours: measured(ours.name, own),
    others: others.map((other) => {
      const theirs = samples.get(other) ?? [];
      const ratios = (of: "synced" | "seconds"): Spread =>
        spreadOf(own.map(({ synced }, i) => synced / (theirs[i]?.[of] ?? NaN)));
      return {
        ...measured(other.name, theirs),
        ratio: ratios("synced"),
        ratioWithoutSync: ratios("seconds"),
        ...(other.limit === undefined ? {} : { limit: other.limit }),
      };
    }),
  };
}

export function measured(name: string, samples: Sample[]): Measured {
  return {
    name,
    seconds: spreadOf(samples.map((each) => each.seconds)),
    synced: spreadOf(samples.map((each) => each.synced)),
    peakBytes: Math.max(0, ...samples.map((each) => each.peakBytes)),
    writtenBytes: spreadOf(samples.map((each) => each.writtenBytes)).median,
    samples,
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1
      ? (sorted[Math.floor(middle)] ?? NaN)
      : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
  return { median, least: sorted[0] ?? NaN, most: sorted.at(-1) ?? NaN };
}
