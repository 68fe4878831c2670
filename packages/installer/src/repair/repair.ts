// Mends exactly what a check finds, by one transaction like every other change: what is wrong is put aside, what is right
// takes its place, and all else keeps its bytes. What the bundle brought comes from a bundle that holds the same content,
// whichever it is: the hash that was proven at the installation says whether it is the same, so neither the age of the
// bundle nor its name matter. What follows from the state is made again without one. The root has what it had, so there is
// no new generation.

import { GoferryError, type OpenedBundle } from "@goferry/core";
import { compareRoot, placeOf } from "../check/check.ts";
import type { Difference } from "../check/difference.ts";
import type { Place } from "../check/installed.ts";
import type { Host } from "../host.ts";
import { editScope, registryScope, removalScope, stateScope, type ScopeEntry } from "../scope.ts";
import { selfTest } from "../selftest.ts";
import { openRoot } from "../site.ts";
import { readState, type State } from "../transaction/state.ts";
import { runTransaction } from "../transaction/transaction.ts";
import { bundleLacks, unitsFromBundle } from "./from-bundle.ts";
import { planRepair, programFiles, timesInPlace, type RepairPlan } from "./plan.ts";
import { outsideEdits, registryRepair, stageRepair } from "./stage.ts";

export interface RepairOptions {
  root: string;
  /** Without one, only what follows from the state is mended. */
  bundle?: { opened: OpenedBundle; file: string } | undefined;
  /** Say what would be done, and do nothing. */
  dryRun?: boolean | undefined;
  onProgress?: ((stage: "check" | "unpack", done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Repaired {
  /** False when nothing was mended. */
  changed: boolean;
  root: string;
  generation: number;
  /** What was found and is mended; with dryRun: would be. */
  mended: Difference[];
  /** What was found and is not. */
  left: Difference[];
  /** With dryRun: every path that would change. */
  scope?: ScopeEntry[];
}

/**
 * @throws NOT_FOUND where nothing is installed, and for a bundle that has not got what is needed, naming it; what reading a
 * bundle throws; LOCKED; the refusals of a root; SELF_TEST_FAILED, and IO_FAILED for what somebody changed meanwhile, as
 * ROLLED_BACK; IO_FAILED, DISK_FULL, PERMISSION_DENIED,
 * READ_ONLY; INTERRUPTED
 */
export async function repair(host: Host, options: RepairOptions): Promise<Repaired> {
  const { bundle, dryRun = false, signal } = options;
  const command = bundle === undefined ? "repair" : `repair ${bundle.file}`;
  const { root, at, site } = await openRoot(host, options.root, { command, dryRun, signal });
  const place = await placeOf(host, at);
  const before = await readState(site.fs, at);
  if (before.transaction === null) throw nothingThere(root);
  if (dryRun) {
    const { plan, differences } = await findRepairs(host, place, { state: before, options });
    const scope = plan === null ? [] : await repairScope(host, place, { state: before, plan });
    return { ...report(before, { plan, differences, changed: plan !== null }), scope };
  }
  let found: Found = { plan: null, differences: [] };
  const { changed, state } = await runTransaction(site, root, {
    command,
    async stage(staging, now) {
      found = await findRepairs(host, place, { state: now, options });
      if (found.plan === null) return null;
      return await stageRepair({ host, place, staging, state: now, options }, found.plan);
    },
    async selfTest({ current: version }) {
      if (found.plan !== null && found.plan.copies.size > 0)
        await refuseChanged(host, place, { hopeless: found.plan.hopeless, signal });
      if (version !== null) await selfTest(host, { root, version, depth: "tools", signal });
    },
    signal,
  });
  return report(state, { ...found, changed });
}

interface Found {
  /** Null when there is nothing to mend, or nothing that can be. */
  plan: RepairPlan | null;
  differences: Difference[];
}

async function findRepairs(
  host: Host,
  place: Place,
  { state, options }: { state: State; options: RepairOptions },
): Promise<Found> {
  const { bundle, signal, onProgress } = options;
  const { differences: found, times } = await compareRoot(host, place, {
    depth: "full",
    signal,
    onProgress: (done, total) => onProgress?.("check", done, total),
  });
  const differences = [...found, ...times.map(({ difference }) => difference)];
  const plan = await planRepair(place, state, { differences: found, times });
  const names = [...plan.fromBundle.keys()];
  const { lacking } = unitsFromBundle(bundle?.opened, state, names);
  if (bundle !== undefined && lacking.length > 0) throw bundleLacks(bundle.file, lacking);
  for (const name of lacking) {
    plan.hopeless.push(...(plan.fromBundle.get(name) ?? []));
    plan.fromBundle.delete(name);
  }
  const { generated, folders, copies, extras, outside, program, fromBundle } = plan;
  if (program && host.executablePath === undefined) {
    plan.hopeless.push(...differences.filter(({ subject }) => programFiles(place.at).includes(subject)));
  }
  const count =
    generated.length + folders.length + copies.size + extras.length + outside.length + fromBundle.size;
  const mends = count + plan.times.size > 0 || (program && host.executablePath !== undefined);
  return { plan: mends ? plan : null, differences };
}

/**
 * What was copied had the right content when it was looked at, and a mode or an owner that let others change it since. Now
 * that they cannot any more, all is compared again. Throws IO_FAILED.
 */
async function refuseChanged(
  host: Host,
  place: Place,
  { hopeless, signal }: { hopeless: readonly Difference[]; signal: AbortSignal | undefined },
): Promise<void> {
  const known = new Set(hopeless.map(({ subject }) => subject));
  const { differences } = await compareRoot(host, place, { depth: "full", signal });
  const first = differences.find(({ level, subject }) => level === "refuse" && !known.has(subject));
  if (first === undefined) return;
  const { subject, message, expected, found } = first;
  throw new GoferryError("IO_FAILED", {
    subject,
    message: `somebody else changed this at the same time: ${message}`,
    expected,
    found,
    next: "run the command again",
  });
}

async function repairScope(
  host: Host,
  place: Place,
  { state, plan }: { state: State; plan: RepairPlan },
): Promise<ScopeEntry[]> {
  const { fs, at } = place;
  const entries = [
    ...(await removalScope(place, plan.extras)),
    ...plan.folders.map((path): ScopeEntry => ({ path, change: "mode", kind: "folder" })),
    ...[...plan.copies.keys()].map((path): ScopeEntry => ({ path, change: "replace", kind: "file" })),
    ...timesInPlace(plan).map(([path]): ScopeEntry => ({ path, change: "time", kind: "file" })),
    ...(await editScope(
      place,
      plan.generated.map((each) => ("link" in each ? each : { ...each, mode: 0o644 })),
    )),
    ...(await editScope(place, await outsideEdits(place, state, plan.outside))),
    ...(await registryScope(
      host,
      (await registryRepair(host, place, { state, names: plan.outside })).changes,
    )),
  ];
  const others = [...plan.fromBundle.values()].flat().map(({ subject }) => subject);
  if (plan.program) others.push(...programFiles(at));
  for (const path of new Set(others)) {
    const status = await fs.lstat(path);
    const isTree = status?.kind === "folder" || (status === null && !/\.[a-z]+$/.test(path));
    entries.push({ path, change: status === null ? "make" : "replace", kind: isTree ? "folder" : "file" });
  }
  return [...entries, ...stateScope(place, state, state.generation)];
}

function report(
  { root, generation }: State,
  { plan, differences, changed }: Found & { changed: boolean },
): Repaired {
  const drifts = differences.filter(({ level }) => level === "refuse");
  const left = plan === null ? drifts : plan.hopeless;
  const mended = drifts.filter((each) => !left.includes(each));
  return { changed, root, generation, mended, left };
}

function nothingThere(root: string): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject: root,
    message: "nothing is installed here, so there is nothing to mend",
    expected: "a root of goferry",
    found: "no state/state.json",
    next: "name the root with --root, or install a bundle",
  });
}
