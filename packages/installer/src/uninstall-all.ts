// Takes a root away with all that was changed outside of it, so that the machine is as it was before the first
// installation. One transaction: until its commit everything can be put back. After it the state goes too, the journal
// last of all, so that the next command on this root finishes what was killed here.

import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { runCheckJobs } from "./check/check-jobs.ts";
import { placeOf } from "./check/check.ts";
import { findExtras, keptStates } from "./check/extras.ts";
import { treeJobs, type Place } from "./check/installed.ts";
import { restoreOutside, type Restoration } from "./configure/outside.ts";
import { restoreRegistry, type RegistryRestoration } from "./configure/windows/record.ts";
import type { Finding } from "./findings.ts";
import { isBelow } from "./fs.ts";
import type { Host } from "./host.ts";
import type { Layout } from "./layout.ts";
import { runningFindings } from "./running.ts";
import { editScope, registryScope, removalScope, type ScopeEntry } from "./scope.ts";
import { openRoot } from "./site.ts";
import { readState, type State } from "./transaction/state.ts";
import { runTransaction } from "./transaction/transaction.ts";
import { stepAside } from "./windows/step-aside.ts";

export interface UninstallAllOptions {
  root: string;
  /** Say what would be done, and do nothing. */
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface UninstalledAll {
  root: string;
  /** What was installed. */
  removed: { sdks: string[]; modules: number; bundles: string[] };
  /** Absolute paths in the root and outside that are changed or go. */
  changes: string[];
  /** Absolute paths of what goferry did not put into the root, and that stays; so the root does. */
  left: string[];
  /** Whether the root's own folder goes: it was made by goferry, and nothing is left in it. */
  rootGoes: boolean;
  findings: Finding[];
  /** With dryRun: every path that would change. */
  scope?: ScopeEntry[];
}

/**
 * @throws NOT_FOUND where nothing is installed; LOCKED; STATE_DAMAGED, STATE_NEWER, ROOT_MOVED and the other refusals of a
 * root; IO_FAILED, DISK_FULL, PERMISSION_DENIED, READ_ONLY, as ROLLED_BACK; INTERRUPTED
 */
export async function uninstallAll(host: Host, options: UninstallAllOptions): Promise<UninstalledAll> {
  const { dryRun = false, signal } = options;
  const command = "uninstall --all";
  const { root, at, site } = await openRoot(host, options.root, { command, dryRun, signal });
  const place = await placeOf(host, at);
  const state = await readState(site.fs, at);
  if (state.transaction === null) throw nothingThere(root);
  const findings = await runningFindings(root, root);
  const report = (planned: Removal): UninstalledAll => ({
    root,
    removed: {
      sdks: state.sdks.map(({ version }) => version),
      modules: state.units.length,
      bundles: state.bundles.map(({ name, serial }) => `${name} serial ${serial}`),
    },
    changes: [
      ...planned.remove,
      at.state,
      ...planned.outside.edits.map(({ path }) => path),
      ...planned.registry.changes.map(({ key, name }) => `${key}\\${name}`),
    ],
    left: planned.left,
    rootGoes: planned.left.length === 0 && state.madeFolders.includes(root),
    findings: [...findings, ...planned.outside.findings, ...planned.registry.findings],
  });
  if (dryRun) {
    const removal = await planRemoval(host, place, signal);
    const planned = report(removal);
    const gone = [...removal.remove, at.state, ...(planned.rootGoes ? state.madeFolders : [])];
    const outside = await editScope(place, removal.outside.edits);
    const values = await registryScope(host, removal.registry.changes);
    return { ...planned, scope: [...(await removalScope(place, gone)), ...outside, ...values] };
  }
  let done = NOTHING;
  let aside: string | undefined;
  const change = runTransaction(site, root, {
    command,
    leaving: [...state.madeFolders, at.state],
    async stage() {
      done = await planRemoval(host, place, signal);
      aside = await stepAside(host, at, state.madeFolders);
      const now = await readState(site.fs, at);
      return {
        state: withNothing(now),
        remove: done.remove,
        edits: done.outside.edits,
        emptied: done.outside.emptied,
        registry: done.registry.changes,
        emptiedKeys: done.registry.emptied,
        removesRoot: true,
        audit: { action: "uninstall", subject: "everything", result: "done", bundle: null, signers: [] },
      };
    },
    signal,
  });
  await change.finally(() => {
    if (aside !== undefined) host.windows?.system.removeLater(aside);
  });
  return report(done);
}

interface Removal {
  remove: string[];
  left: string[];
  outside: Restoration;
  registry: RegistryRestoration;
}

/** Until the root is locked and was looked through. */
const NOTHING: Removal = {
  remove: [],
  left: [],
  outside: { edits: [], emptied: [], findings: [] },
  registry: { changes: [], emptied: [], findings: [] },
};

async function planRemoval(host: Host, place: Place, signal: AbortSignal | undefined): Promise<Removal> {
  const { fs, at } = place;
  const { states } = await keptStates(place);
  const left = await foreignPaths(host, place, { states, signal });
  const remove: string[] = [];
  for (const { name } of await fs.list(at.root)) {
    if (!KEPT.has(name)) await collect(place, join(at.root, name), { left, remove });
  }
  const outside = await restoreOutside(fs, at.root, states[0].outside);
  const registry = await restored(host, at, states[0]);
  return { remove, left: left.toSorted(), outside, registry };
}

async function restored({ windows, env }: Host, at: Layout, state: State): Promise<RegistryRestoration> {
  if (windows === undefined) return { changes: [], emptied: [], findings: [] };
  return await restoreRegistry({ registry: windows.system.registry, env, bin: at.bin }, state.registry ?? []);
}

/** state/ goes by itself, after the commit; the folder of a file system's own is none of ours. */
const KEPT = new Set(["state", "staging", "lost+found"]);

/** What lies beside the installed things, and what lies in their trees. */
async function foreignPaths(
  { cores, workerSource }: Host,
  place: Place,
  { states, signal }: { states: readonly State[]; signal: AbortSignal | undefined },
): Promise<string[]> {
  const beside = (await findExtras(place, states)).filter(({ aspect }) => aspect === "extra");
  const jobs = new Map(
    (await Promise.all(states.map((state) => treeJobs(place, state, "quick"))))
      .flat()
      .map((job) => [job.sums.join("\n"), job]),
  );
  const answers = await runCheckJobs([...jobs.values()], { cores, workerSource, signal });
  const inside = answers.flatMap(({ differences }) => differences).filter(({ aspect }) => aspect === "extra");
  return [...beside, ...inside].map(({ subject }) => subject).filter((path) => !isOfGo(place.at, path));
}

/** Go's own locks, and what it keeps of the checksum database: nobody's work. */
function isOfGo({ download }: Layout, path: string): boolean {
  return isBelow(join(download, "sumdb"), path) || (isBelow(download, path) && path.endsWith(".lock"));
}

/** The fewest names: a folder in which nothing foreign lies goes as a whole. */
async function collect(
  place: Place,
  path: string,
  sets: { left: readonly string[]; remove: string[] },
): Promise<void> {
  if (sets.left.includes(path)) return;
  // Of a link, which somebody made of a folder of ours, only the link goes: what it leads to holds more than we looked at.
  const isFolder = (await place.fs.lstat(path))?.kind === "folder";
  if (!isFolder || !sets.left.some((each) => isBelow(path, each))) {
    sets.remove.push(path);
    return;
  }
  for (const { name } of await place.fs.list(path)) await collect(place, join(path, name), sets);
}

function withNothing(state: State): State {
  return {
    ...state,
    registry: undefined,
    generation: state.generation + 1,
    current: null,
    sdks: [],
    bundles: [],
    units: [],
    outside: [],
    log: state.log === null ? null : { ...state.log, lookups: null },
  };
}

function nothingThere(root: string): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject: root,
    message: "nothing is installed here, so there is nothing to take away",
    expected: "a root of goferry",
    found: "no state/state.json",
    next: "name the root with --root",
  });
}
