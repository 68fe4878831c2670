// Is everything in a root as it was verified when it was installed? Reads and changes nothing. What cannot be derived
// again from state.json is compared with the hashes in state/units/, each list of which has to have the h1 in state.json.

import { GoferryError } from "@goferry/core";
import { differsOutside } from "../configure/outside.ts";
import { differsInRegistry } from "../configure/windows/record.ts";
import { startedThreads } from "../extract/thread.ts";
import { isWindows, type Host } from "../host.ts";
import type { Layout } from "../layout.ts";
import { hostFs, type FsHost } from "../host-fs.ts";
import { shellQuote } from "../shell-quote.ts";
import { openRoot, type RootSite } from "../site.ts";
import { readState, type State } from "../transaction/state.ts";
import { lookAtUnfinished } from "../transaction/unfinished.ts";
import { runCheckJobs } from "./check-jobs.ts";
import { changed, missing, type Difference } from "./difference.ts";
import { findExtras, keptStates } from "./extras.ts";
import { checkGenerated, checkModFiles, commonJobs, treeJobs, type Place } from "./installed.ts";
import type { Depth, TimeDrift } from "./tree-check.ts";

export interface CheckOptions {
  root: string;
  depth: Depth;
  /** Hears how many lists of files were compared, of how many. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Checked {
  root: string;
  generation: number;
  depth: Depth;
  /** Files that were compared with their hashes, or with their sizes and times; and bytes that were read for it. */
  files: number;
  bytes: number;
  /** Those that refuse first, then by path. */
  differences: Difference[];
}

type CheckHost = Pick<Host, "cores" | "workerSource" | "windows"> & FsHost;

/**
 * Compares all of a root: what is installed now, and that nothing else is there but what a kept generation has.
 * @throws NOT_FOUND where nothing is installed; IO_FAILED, PERMISSION_DENIED for what cannot be read; the refusals of a
 * root; LOCKED; INTERRUPTED
 */
export async function checkRoot(host: Host, options: CheckOptions): Promise<Checked> {
  const opened = await openRoot(host, options.root, {
    command: "check",
    dryRun: false,
    unwritable: "tell",
    signal: options.signal,
  });
  const { root, at } = opened;
  const place = await placeOf(host, at);
  const { generation, transaction } = await readState(place.fs, at);
  await refuseUnfinished(opened);
  if (generation === 0) throw nothingThere(root);
  const { files, bytes, differences } = await compareRoot(host, place, options);
  if (differences.length > 0) {
    await refuseUnfinished(opened);
    if ((await readState(place.fs, at)).transaction !== transaction) throw changedMeanwhile(root);
  }
  return { root, generation, depth: options.depth, files, bytes, differences };
}

/**
 * A root that is being changed, or whose change was interrupted, is not as its state.json has it, and nothing is wrong with
 * that. @throws LOCKED, RECOVERY_PENDING
 */
async function refuseUnfinished({ root, at, site }: RootSite): Promise<void> {
  const left = await lookAtUnfinished(site, at);
  if (left === null) return;
  const { command, holder, isRunning } = left;
  if (isRunning) throw changedMeanwhile(root, `${holder}`);
  throw new GoferryError("RECOVERY_PENDING", {
    subject: root,
    message: `a change of this root was interrupted, and this user may not finish it or take it back: ${command}`,
    expected: "a root in which nothing is unfinished",
    found: holder ?? at.journal,
    next: `goferry status --root ${shellQuote(root)}, as a user who may write there, puts it in order; then check again`,
  });
}

function changedMeanwhile(root: string, found = "another state than at the beginning"): GoferryError {
  return new GoferryError("LOCKED", {
    subject: root,
    message: "another goferry is changing this root, so what is there cannot be compared now",
    expected: "nobody who changes it",
    found,
    next: "check again when that has ended",
  });
}

/** The comparison itself, for who has opened the root. In a full one, `times` are what a quick one would add. */
export async function compareRoot(
  host: CheckHost,
  place: Place,
  { depth, signal, onProgress }: Omit<CheckOptions, "root">,
): Promise<Pick<Checked, "files" | "bytes" | "differences"> & { times: TimeDrift[] }> {
  const { states, differences: unreadable } = await keptStates(place);
  const [state] = states;
  const jobs = [...(await treeJobs(place, state, depth)), ...(await commonJobs(place, depth))];
  const onDone = (done: number): void => onProgress?.(done, jobs.length);
  const { cores, workerSource } = host;
  const answers = await runCheckJobs(jobs, { cores, workerSource, signal, onDone });
  const differences = [
    ...answers.flatMap((each) => each.differences),
    ...(await checkModFiles(place, state)),
    ...(await checkGenerated(place, state)),
    ...(await checkOutside(place, state)),
    ...(await checkRegistry(host, place, state)),
    ...unreadable,
    ...(await findExtras(place, states)),
  ];
  return {
    files: answers.reduce((sum, { files }) => sum + files, 0),
    bytes: answers.reduce((sum, { bytes }) => sum + bytes, 0),
    differences: differences.toSorted(byWeight),
    times: answers.flatMap((each) => each.times),
  };
}

/**
 * Whether the units of a state are whole, by sizes and times: the trees of its Go versions and modules, and the go.mod
 * files and zips beside them. Not what else a root holds, which another generation may have made otherwise. In threads
 * only if some were started already: to start them takes longer than to look at most roots. Throws INTERRUPTED.
 */
export async function checkUnits(
  host: CheckHost,
  at: Layout,
  { state, signal }: { state: State; signal?: AbortSignal | undefined },
): Promise<Difference[]> {
  const place = await placeOf(host, at);
  const cores = Math.min(host.cores, startedThreads());
  const jobs = await treeJobs(place, state, "quick");
  const answers = await runCheckJobs(jobs, { cores, workerSource: host.workerSource, signal }).catch(
    (error: unknown) => {
      throw signal?.aborted === true ? interrupted(at, signal.reason) : error;
    },
  );
  return [...answers.flatMap(({ differences }) => differences), ...(await checkModFiles(place, state))];
}

function interrupted({ root }: Layout, cause: unknown): GoferryError {
  const message = "interrupted while the root was looked at; nothing was changed";
  return new GoferryError("INTERRUPTED", { subject: root, message, next: "run the command again", cause });
}

async function checkOutside({ fs, at }: Place, { outside }: State): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const change of outside) {
    const difference = await differsOutside(fs, at.root, change);
    const place = { path: change.path, unit: null };
    if (difference === null) continue;
    const isGone = difference.found === "nothing";
    found.push(isGone ? missing(place, difference.expected) : changed(place, "content", difference));
  }
  return found;
}

async function checkRegistry(
  { windows, env }: CheckHost,
  { at }: Place,
  state: State,
): Promise<Difference[]> {
  const records = state.registry ?? [];
  if (windows === undefined || records.length === 0) return [];
  const now = await windows.system.registry.read(records);
  return records.flatMap((record, index) => {
    const value = now[index] ?? null;
    const difference = differsInRegistry({ bin: at.bin, env }, record, value);
    if (difference === null) return [];
    const place = { path: `${record.key}\\${record.name}`, unit: null };
    return [value === null ? missing(place, difference.expected) : changed(place, "content", difference)];
  });
}

/** Root may own what lies in any root; else only who owns the root. */
export async function placeOf(host: CheckHost, at: Layout): Promise<Place> {
  const fs = hostFs(host);
  const status = await fs.lstat(at.root);
  return { fs, at, owners: [...new Set([0, status?.uid ?? 0])], modes: !isWindows(host) };
}

function byWeight(a: Difference, b: Difference): number {
  if (a.level !== b.level) return a.level === "refuse" ? -1 : 1;
  return a.subject < b.subject ? -1 : Number(a.subject > b.subject);
}

function nothingThere(root: string): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject: root,
    message: "nothing is installed here, so there is nothing to check",
    expected: "a root of goferry",
    found: "no state/state.json",
    next: "name the root with --root, or install a bundle",
  });
}
