// What a plan can say of its cost and its news before anything is downloaded: sizes of toolchains, which their source or the
// cache knows; modules, from the lock where nothing drifted, else what go.sum names; and what changes since the lock.
// Sizes of modules are not asked for: that would be a request for each of hundreds.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Toolchain } from "@goferry/core";
import { comparePlan, compareRequests, type LockChange } from "../lock/compare.ts";
import type { Lock } from "../lock/schema.ts";
import { inParallel } from "../parallel.ts";
import type { ToolchainCost, ToolchainOrigin, ToolchainSource } from "../toolchain-source.ts";
import type { Plan } from "./plan.ts";

export interface Forecast {
  plan: Plan;
  /** Where toolchains come from. */
  origin: ToolchainOrigin;
  /** Those of the bundle, and the one to build with where the bundle has it not. */
  toolchains: ToolchainForecast[];
  modules: ModulesForecast;
  lockFile: string;
  /** What is new since the lock; undefined: there is none. */
  news: { created: string; changes: LockChange[]; modules: string[] } | undefined;
}

export interface ToolchainForecast extends Toolchain, ToolchainCost {
  /** The bundle carries it. */
  isCarried: boolean;
}

export interface ModulesForecast {
  /**
   * lock: exactly these, because nothing that was asked for changed since. go.sum: what the projects' files name, which
   * may be more than is needed; what `modules:` and `tools:` bring is not among them.
   */
  from: "lock" | "go.sum";
  /** `path@version` of modules with their files, sorted. */
  modules: string[];
  /** Number of versions of which only the go.mod is carried; undefined: known after fetching. */
  gomods: number | undefined;
}

export interface ForecastDeps {
  source: Pick<ToolchainSource, "origin" | "cost">;
  lockFile: string;
  /** The lock that is there, whether or not the plan follows it. */
  before: Lock | undefined;
  signal: AbortSignal | undefined;
}

/** How many sizes are asked for at once. */
const PARALLEL_SIZES = 8;

/** @throws INTERRUPTED, IO_FAILED; never because a size is not known */
export async function forecastPlan(plan: Plan, deps: ForecastDeps): Promise<Forecast> {
  const { source, lockFile, before, signal } = deps;
  const isCarried = plan.toolchains.some((each) => each.version === plan.buildToolchain.version);
  const wanted = [
    ...plan.toolchains.map((each) => ({ ...each, isCarried: true })),
    ...(isCarried ? [] : [{ ...plan.buildToolchain, isCarried: false }]),
  ];
  const toolchains = await inParallel(wanted, { width: PARALLEL_SIZES, signal }, async (each, stop) => ({
    ...each,
    ...(await source.cost(each, stop)),
  }));
  const named = await namedBySums(plan.projects.flatMap(sumFiles));
  const isSame = before !== undefined && compareRequests(before, plan).length === 0;
  return {
    plan,
    origin: source.origin,
    toolchains,
    modules: isSame ? lockedModules(before) : { from: "go.sum", modules: named, gomods: undefined },
    lockFile,
    news: before === undefined ? undefined : newsOf(plan, { before, named: isSame ? [] : named }),
  };
}

/** Those of a workspace are several. */
function sumFiles({ dir, files }: Plan["projects"][number]): string[] {
  return files.flatMap(({ path }) => (path.endsWith(".sum") ? [join(dir, path)] : []));
}

/** Modules whose files a go.sum vouches for; a line for a go.mod alone says nothing of files. */
async function namedBySums(files: readonly string[]): Promise<string[]> {
  const names = new Set<string>();
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => "");
    for (const [, path = "", version = ""] of text.matchAll(/^(\S+) (\S+) h1:\S+$/gmu)) {
      if (!version.endsWith("/go.mod")) names.add(`${path}@${version}`);
    }
  }
  return [...names].toSorted();
}

function lockedModules({ units }: Lock): ModulesForecast {
  const modules = units
    .filter(({ kind }) => kind === "module")
    .map(({ path, version }) => `${path}@${version}`);
  return { from: "lock", modules, gomods: units.filter(({ kind }) => kind === "gomod").length };
}

function newsOf(plan: Plan, { before, named }: { before: Lock; named: readonly string[] }): Forecast["news"] {
  const { name, request, goVersions: go, toolchains } = plan;
  const known = new Set(before.units.map(({ path, version }) => `${path}@${version}`));
  return {
    created: before.created,
    changes: comparePlan(before, { name, request, go, toolchains }),
    modules: named.filter((module) => !known.has(module)),
  };
}
