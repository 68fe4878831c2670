// Changes a root as a whole or not at all (DESIGN 4). `runTransaction` is the list of its steps; until the rename
// of state.json, the commit, everything can be taken back, and after it everything can be finished, by the same code
// whether this process does it or, after a crash, the next one (recover.ts). What needs space on the disk is done before
// the journal: once others can see a change, all that is left inside the root is renames.

import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { GoferryError } from "@goferry/core";
import type { Actor } from "../audit.ts";
import { openAudit } from "../audit-files.ts";
import { writeFileAtomic } from "../fs.ts";
import { layout } from "../layout.ts";
import { makeMoves, stageEdits, switchEdits } from "./changes.ts";
import type { Site, Switched } from "./changes.ts";
import { describeChanges } from "./describe.ts";
import type { Prepared } from "./describe.ts";
import { syncNames, syncStaged } from "./durable.ts";
import { serializeJournal, stagedGeneration, stagedState, stagingFolder } from "./journal.ts";
import { acquireLock } from "./lock.ts";
import type { LockHost } from "./lock.ts";
import { finish, recoverTold } from "./recover.ts";
import type { Recovery } from "./recover.ts";
import { clearStaging } from "./staging.ts";
import { parseState, readState } from "./state.ts";
import type { State } from "./state.ts";

/** The steps in their order; `onStep` hears of each as it begins. */
export type Step =
  | "lock"
  | "recover"
  | "stage"
  | "sync"
  | "journal"
  | "move"
  | "switch"
  | "settle"
  | "self-test"
  | "commit"
  | "clean";

export interface TransactionHost extends LockHost {
  /** Who runs the command, for the audit log. */
  by: Actor;
}

export interface Plan {
  /** For the lock, the journal and messages: "install site.tar". No secrets. */
  command: string;
  /**
   * Writes all that is new into the folder `staging`, which is empty and on the root's file system, and says what shall
   * become of it. Null when the root is already as it should be. May throw: then nothing has happened.
   */
  stage(staging: string, before: State): Promise<Prepared | null>;
  /** Tries the root as it is now, already switched but not committed. If it throws, all is taken back. */
  selfTest?(after: State): Promise<void>;
  /** Heeded between steps until the commit, and passed on by the caller to what `stage` and `selfTest` do. */
  signal?: AbortSignal | undefined;
  onStep?(step: Step): void;
  /** For a change that removes the root: folders that go with it, outermost first. */
  leaving?: readonly string[] | undefined;
}

export interface Outcome {
  /** False when there was nothing to do. */
  changed: boolean;
  state: State;
  /** What an earlier, interrupted command had left. */
  recovered: Recovery;
}

/**
 * Runs one transaction on the root at the absolute path `root`, made if need be.
 *
 * Throws LOCKED; what `recoverLocked` and `readState` throw; what `stage` throws, as it is; ROLLED_BACK, with the
 * subject and the text of its cause, if changes that others could see had been made and were taken back; INTERRUPTED
 * on abort; RECOVERY_PENDING if taking back, or cleaning up, failed too and is left to the next command.
 */
export async function runTransaction(host: TransactionHost, root: string, plan: Plan): Promise<Outcome> {
  const site: Site = { fs: host.fs, at: layout(root), registry: host.registry };
  begin("lock", host, plan);
  const lock = await acquireLock(host, site.at, plan);
  try {
    begin("recover", host, plan);
    const recovered = await recoverTold(host, site);
    const before = await readState(site.fs, site.at);
    const after = await change(host, site, { before, made: lock.made }, plan).catch((error: unknown) =>
      takeBack(host, site, before, plan, error),
    );
    return { changed: after !== null, state: after ?? before, recovered };
  } finally {
    await lock.release();
  }
}

/** The state after it; null when nothing had to change. */
async function change(
  host: TransactionHost,
  site: Site,
  { before, made }: { before: State; made: readonly string[] },
  plan: Plan,
): Promise<State | null> {
  const { fs, at } = site;
  const startedAt = host.now();
  const id = newId(startedAt);

  begin("stage", host, plan);
  const prepared = await plan.stage(await openStaging(site, id), before);
  if (prepared === null) {
    await clearStaging(site);
    return null;
  }
  const { command } = plan;
  const journal = await describeChanges(site, prepared, {
    id,
    command,
    startedAt,
    by: host.by,
    auditPrev: await openAudit(site, { stateHead: before.auditHead, by: host.by, time: startedAt }),
    before,
    made: made.filter((folder) => folder !== at.state),
  });
  const stateAfter = Buffer.from(journal.stateAfter, "base64");
  const after = parseState(stateAfter, at);
  await stageEdits(site, journal);
  for (const file of [stagedState(at, id), stagedGeneration(at, id)])
    await fs.createFile(file, stateAfter, { mode: 0o644 });

  begin("sync", host, plan);
  await syncStaged(site, journal, prepared.synced);

  begin("journal", host, plan);
  await writeFileAtomic(fs, at.journal, serializeJournal(journal), { mode: 0o600 });

  begin("move", host, plan);
  await makeMoves(site, journal);

  begin("switch", host, plan);
  refuseForeign(await switchEdits(site, journal, "after"));

  begin("settle", host, plan);
  await syncNames(site, journal);

  begin("self-test", host, plan);
  await plan.selfTest?.(after);

  begin("commit", host, plan);
  await fs.rename(stagedState(at, id), at.stateFile);
  await fs.syncFolder(at.state);

  tell("clean", host, plan);
  await finish(site, journal);
  host.onEvent?.({ kind: "audited", line: journal.auditLine });
  return after;
}

/** Announces a step, unless the command was interrupted: from here on it would be another step further. */
function begin(step: Step, host: TransactionHost, plan: Plan): void {
  if (plan.signal?.aborted) throw interrupted(plan.signal.reason);
  tell(step, host, plan);
}

function tell(step: Step, { onEvent }: TransactionHost, { onStep }: Plan): void {
  onEvent?.({ kind: "step", step });
  onStep?.(step);
}

/** Sorts by time, and is another one when the clock stands still. */
function newId(startedAt: Date): string {
  return `${startedAt.toISOString().replaceAll(/[-:.]/g, "")}-${randomBytes(4).toString("hex")}`;
}

/** The folder that the command may fill, beside what the transaction keeps in staging itself. */
async function openStaging({ fs, at }: Site, id: string): Promise<string> {
  const folder = join(stagingFolder(at, id), "new");
  for (const each of [at.staging, dirname(folder), folder]) await fs.mkdir(each, 0o700);
  return folder;
}

function refuseForeign({ foreign }: Switched): void {
  const [path] = foreign;
  if (path === undefined) return;
  throw new GoferryError("IO_FAILED", {
    subject: path,
    message: "somebody else changed this file at the same time",
    next: "run the command again",
  });
}

/**
 * Does now what the next command would do. Gives the new state when the error came after the commit and the rest could
 * be done after all; otherwise throws the error, in the words that fit.
 */
async function takeBack(
  host: TransactionHost,
  site: Site,
  before: State,
  plan: Plan,
  error: unknown,
): Promise<State> {
  const { undone } = await recoverTold(host, site, "own").catch(async (failure: unknown) => {
    const journal = await site.fs.lstat(site.at.journal).catch(() => "unknown");
    if (journal !== null) throw pending(site, error, failure);
    // Only staging is left, and goes with the next command.
    return { undone: 0 };
  });
  const state = await readState(site.fs, site.at);
  if (state.transaction !== before.transaction) return state;
  if (plan.signal?.aborted) throw interrupted(error);
  throw undone === 0 ? error : rolledBack(error);
}

function interrupted(cause: unknown): GoferryError {
  if (cause instanceof GoferryError && cause.code === "INTERRUPTED") return cause;
  const message = "interrupted; everything is as it was before";
  return new GoferryError("INTERRUPTED", {
    subject: "command",
    message,
    next: "run the command again",
    cause,
  });
}

function rolledBack(cause: unknown): GoferryError {
  const detail = cause instanceof GoferryError ? cause : undefined;
  return new GoferryError("ROLLED_BACK", {
    subject: detail?.subject ?? "command",
    message: `${textOf(cause)}; everything was put back as it was`,
    expected: detail?.expected,
    found: detail?.found,
    next: detail?.next,
    cause,
  });
}

function pending({ at }: Site, cause: unknown, failure: unknown): GoferryError {
  return new GoferryError("RECOVERY_PENDING", {
    subject: at.root,
    message: `${textOf(cause)}; and what was begun could be neither finished nor taken back now`,
    found: textOf(failure),
    next: "mend what is named here; the next goferry command on this root does the rest by itself",
    cause,
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
