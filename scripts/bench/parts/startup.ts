// How long the stand-alone executable takes to say its version, to list a root, and to switch from one Go to another: the
// whole command, and of it the switch, from the lock to the commit, as the logs of the root have it.

import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { measured, spreadOf, type Measured } from "../compare.ts";
import { GO, install, OTHER_GO, twoVersionsBundle } from "../inputs.ts";
import { inherited, measure, type Sample } from "../measure.ts";
import type { BenchContext, Figure, PartResult } from "./context.ts";

/** The most that one may take, in milliseconds. */
const LIMIT_MS = 100;

/** Runs that are timed together, by a shell: to start one takes this program itself some milliseconds. */
const TOGETHER = 10;

export async function startup({ inputs, runs, places }: BenchContext): Promise<PartResult> {
  const { goferry } = inputs;
  /** @param turns lines of arguments, which take turns */
  const times = async (folder: string, turns: readonly (readonly string[])[]): Promise<Measured> => {
    const rounds = Array.from({ length: TOGETHER / turns.length }, () => turns).flat();
    const line = rounds.map((words) => ['"$0"', ...words.map((word) => `'${word}'`)].join(" ")).join("\n");
    const samples: Sample[] = [];
    for (let i = 0; i < 2 * runs; i++) {
      const command = { words: ["sh", "-ec", line, goferry], env: inherited() };
      samples.push(await measure(command, { target: folder }));
    }
    return measured("", samples);
  };
  const figures: Figure[] = [];
  const bundle = await twoVersionsBundle(inputs);
  for (const [i, { name, folder }] of places.entries()) {
    if (i === 0) {
      const version = await times(folder, [["--version"]]);
      figures.push(milliseconds("goferry --version", version, LIMIT_MS));
      figures.push({ what: "memory of goferry --version", value: version.peakBytes, unit: "bytes" });
    }
    const root = join(folder, "startup-root");
    await install(inputs, bundle, root, "--self-test", "tools");
    const at = ["--root", root];
    figures.push(milliseconds(`goferry list, ${name}`, await times(folder, [["list", ...at]])));
    const switching = await times(folder, [
      ["use", OTHER_GO, ...at],
      ["use", GO, ...at],
    ]);
    figures.push(milliseconds(`goferry use, from one Go to another, the whole command, ${name}`, switching));
    const { median, least, most } = spreadOf(await switchTimes(root));
    figures.push({
      what: `goferry use, from the lock to the commit, ${name}`,
      value: median,
      unit: "ms",
      limit: LIMIT_MS,
      note: `${least} to ${most} ms`,
    });
    await rm(root, { recursive: true, force: true });
  }
  return {
    figures,
    notes: [`Times are those of ${TOGETHER} runs one after the other, divided by ${TOGETHER}.`],
  };
}

/** In milliseconds, of the runs whose logs are still there. */
async function switchTimes(root: string): Promise<number[]> {
  const folder = join(root, "state/logs");
  const times: number[] = [];
  for (const name of await readdir(folder)) {
    if (!name.includes("-use-")) continue;
    const log = await readFile(join(folder, name), "utf8");
    const at = (step: string): number =>
      Date.parse(new RegExp(`^(\\S+) info +step ${step}$`, "mu").exec(log)?.[1] ?? "");
    // It is committed when what is left of it is cleaned up.
    times.push(at("clean") - at("lock"));
  }
  if (times.length === 0 || times.some(Number.isNaN)) throw new Error(`${folder}: no log of a switch`);
  return times;
}

function milliseconds(what: string, { seconds }: Measured, limit?: number): Figure {
  const each = (value: number): number => (value * 1000) / TOGETHER;
  const { median, least, most } = seconds;
  const note = `${each(least).toFixed(0)} to ${each(most).toFixed(0)} ms`;
  return { what, value: each(median), unit: "ms", ...(limit === undefined ? {} : { limit }), note };
}
