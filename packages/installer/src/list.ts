// What a root has, what it can go back to, and what all of it takes on the disk. Nothing is walked through: the sizes are
// those that the bundles gave, which were proven with the files.

import { newestGoFirst } from "@goferry/core";
import { readGenerations } from "./generations.ts";
import { findGarbage } from "./gc.ts";
import type { Host } from "./host.ts";
import { belongings } from "./plan/belongings.ts";
import { openRootToRead, type RootSite } from "./site.ts";
import { readState, type State } from "./transaction/state.ts";
import { lookAtUnfinished } from "./transaction/unfinished.ts";

export interface RootDescription {
  state: State;
  /** Bytes of content. */
  bytes: {
    sdks: number;
    modules: number;
    /** Made of modules for `go mod download`. */
    zips: number;
    /** What `gc` would free, if only the current generation were kept. */
    unneeded: number;
  };
  /** Those that can be gone back to, and the current one; newest first. */
  generations: GenerationSummary[];
}

export interface GenerationSummary {
  generation: number;
  /** What made it, and when. */
  change: State["change"];
  current: string | null;
  /** Newest first. */
  sdks: string[];
  /** Whole modules, and versions of which only the go.mod is there. */
  modules: number;
  gomods: number;
  /** Names and serials. */
  bundles: string[];
  /** Bytes of content of what it has, without zips. Generations share what they have in common. */
  bytes: number;
}

/** Waits for nobody. Throws what openRootToRead and readState throw. */
export async function describeRoot(host: Host, path: string): Promise<RootDescription> {
  const opened = await openRootToRead(host, path, "list");
  const { at, site } = opened;
  const { fs } = site;
  const state = await readState(fs, at);
  const isDone = await doneGenerations(opened, state);
  const generations = (await readGenerations(fs, at)).filter(isDone).map(summary);
  const { bytes: unneeded } = (await findGarbage(opened, 1)).unneeded;
  let zips = 0;
  for (const { zip } of belongings(at, state)) if (zip !== null) zips += (await fs.lstat(zip))?.size ?? 0;
  return {
    state,
    bytes: { sdks: sum(state.sdks), modules: sum(state.units), zips, unneeded },
    generations: generations.toReversed(),
  };
}

/** The file of a generation is there before the change that makes it is committed, or after it was interrupted. */
async function doneGenerations({ at, site }: RootSite, now: State): Promise<(state: State) => boolean> {
  const unfinished = await lookAtUnfinished(site, at);
  return ({ generation }) => unfinished === null || generation <= now.generation;
}

function summary({ generation, change, current, sdks, units, bundles }: State): GenerationSummary {
  const modules = units.filter(({ kind }) => kind === "module").length;
  return {
    generation,
    change,
    current,
    sdks: sdks.map(({ version }) => version).toSorted(newestGoFirst),
    modules,
    gomods: units.length - modules,
    bundles: bundles.map(({ name, serial }) => `${name} serial ${serial}`),
    bytes: sum(sdks) + sum(units),
  };
}

function sum(things: readonly { size: number }[]): number {
  return things.reduce((total, { size }) => total + size, 0);
}
