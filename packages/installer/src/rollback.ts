// Takes a root back to what an earlier generation had. All of it is on the disk until gc, so no bundle is needed, and it is
// one switch. It makes a generation of its own: what was left can be gone back to in the same way.

import { GoferryError } from "@goferry/core";
import { refuseBroken } from "./check/whole.ts";
import type { Finding } from "./findings.ts";
import { listGenerations, readGeneration } from "./generations.ts";
import type { Host } from "./host.ts";
import { stageState } from "./plan/stage-state.ts";
import { uncoveredFindings } from "./private-units.ts";
import { switchScope, type ScopeEntry } from "./scope.ts";
import { selfTest } from "./selftest.ts";
import { shellQuote } from "./shell-quote.ts";
import { openRoot, type RootSite } from "./site.ts";
import { compareStates, type StateChange } from "./state-change.ts";
import { readState, type State } from "./transaction/state.ts";
import { runTransaction } from "./transaction/transaction.ts";

export interface RollbackOptions {
  root: string;
  /** Which one; the one before the current one if left out. */
  generation?: number | undefined;
  /** Say what would be done, and do nothing. */
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface RolledBack extends StateChange {
  /** False when the root has what that generation had. */
  changed: boolean;
  root: string;
  /** The generation that it made, or with dryRun is now. */
  generation: number;
  /** The generation that was gone back to. */
  target: number;
  previous: string | null;
  current: string | null;
  /** PRIVATE_REFUSED for modules that come back without the pattern that let them in. */
  findings: Finding[];
  /** With dryRun: every path that would change. */
  scope?: ScopeEntry[];
}

/**
 * What the administrator decided, and what this root has seen, does not go back: patterns of private modules, trusted keys,
 * the highest serials, tree heads of the checksum database, the audit log, the goferry in bin/. Private modules whose
 * pattern was removed since come back all the same, which is told: they were accepted once, by this root's administrator.
 * @throws NOT_FOUND for a generation that is not kept; GENERATION_BROKEN if files of it are gone or changed; LOCKED;
 * STATE_DAMAGED, STATE_NEWER, ROOT_MOVED and the other refusals of a root; SELF_TEST_FAILED as ROLLED_BACK; IO_FAILED,
 * DISK_FULL, PERMISSION_DENIED, READ_ONLY; INTERRUPTED
 */
export async function rollback(host: Host, options: RollbackOptions): Promise<RolledBack> {
  const { dryRun = false, signal } = options;
  const command = ["rollback", options.generation ?? []].flat().join(" ");
  const opened = await openRoot(host, options.root, { command, dryRun, signal });
  const { root, at, site } = opened;
  // Before the lock, which makes files: an empty folder shall not become a root by this.
  const found = await findTarget(opened, options.generation);
  if (dryRun) {
    const { generation } = found.before;
    const changed = !isThere(found);
    const after = takenBack(found.before, found.target);
    const place = { fs: site.fs, at };
    const scope = changed ? await switchScope(place, { before: found.before, after }) : [];
    return { ...report(root, found), changed, generation, scope };
  }
  let done = found;
  const { changed, state } = await runTransaction(site, root, {
    command,
    async stage(staging, now) {
      done = await findTarget(opened, options.generation);
      if (isThere(done)) return null;
      await refuseBroken(host, at, { state: done.target, installed: now, signal });
      const after = takenBack(now, done.target);
      const prepared = await stageState({ fs: site.fs, at, staging, before: now, after });
      const subject = `generation ${done.target.generation}`;
      return {
        ...prepared,
        audit: { action: "rollback", subject, result: "done", bundle: null, signers: [] },
      };
    },
    async selfTest({ current: version }) {
      if (version !== null) await selfTest(host, { root, version, depth: "tools", signal });
    },
    signal,
  });
  return { ...report(root, done), changed, generation: state.generation };
}

interface Found {
  before: State;
  target: State;
}

async function findTarget({ at, site }: RootSite, asked: number | undefined): Promise<Found> {
  const before = await readState(site.fs, at);
  const kept = await listGenerations(site.fs, at);
  const generation = asked ?? kept.findLast((each) => each < before.generation);
  if (generation === undefined) throw noEarlier(before);
  return { before, target: await readGeneration(site.fs, at, generation) };
}

function isThere({ before, target }: Found): boolean {
  return JSON.stringify(takenBack(before, before)) === JSON.stringify(takenBack(before, target));
}

/** What goes back, on top of what does not. */
function takenBack(now: State, { sdks, current, bundles, units, direct }: State): State {
  return { ...now, generation: now.generation + 1, sdks, current, bundles, units, direct };
}

function report(root: string, { before, target }: Found): Omit<RolledBack, "changed" | "generation"> {
  return {
    ...compareStates(before, target),
    root,
    findings: uncoveredFindings(before, takenBack(before, target)),
    target: target.generation,
    previous: before.current,
    current: target.current,
  };
}

function noEarlier({ root, generation }: State): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject: root,
    message: "there is no earlier generation to go back to",
    expected: "a generation before the current one in state/generations",
    found: generation === 0 ? "nothing is installed here" : `generation ${generation} alone`,
    next: `goferry list --root ${shellQuote(root)} shows the generations that are kept`,
  });
}
