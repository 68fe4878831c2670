// How long the stand-alone executable takes to say its version.

import { measured } from "../compare.ts";
import { inherited, measure, type Sample } from "../measure.ts";
import type { BenchContext, PartResult } from "./context.ts";

/** The most that it may take, in milliseconds. */
const LIMIT_MS = 100;

export async function startup({ inputs, runs, places: [place] }: BenchContext): Promise<PartResult> {
  const samples: Sample[] = [];
  const target = place?.folder ?? "/tmp";
  for (let i = 0; i < 4 * runs; i++) {
    samples.push(await measure({ words: [inputs.goferry, "--version"], env: inherited() }, { target }));
  }
  const { seconds, peakBytes } = measured("goferry --version", samples);
  return {
    figures: [
      { what: "goferry --version", value: seconds.median * 1000, unit: "ms", limit: LIMIT_MS },
      { what: "memory of goferry --version", value: peakBytes, unit: "bytes" },
    ],
  };
}
