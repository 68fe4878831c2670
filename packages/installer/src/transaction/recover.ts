// What every command does first, and what a failed one does last: if a transaction was interrupted, it is finished
// or taken back, and state.json alone decides which. Equal to what the journal wanted: it was committed, and the
// rest is redone. Equal to what was there before: all of it is undone. Nothing is lost by doing any of this twice.

import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { appendAuditLine } from "../audit.ts";
import { nameBeside, removeTree } from "../fs.ts";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import { restageEdits, switchEdits, unmakeMoves } from "./changes.ts";
import type { Site } from "./changes.ts";
import { syncRoot } from "./durable.ts";
import { clearStaging } from "./staging.ts";
import { readJournal } from "./journal.ts";
import { finishRegistry } from "./registry-edits.ts";
import type { Journal } from "./journal.ts";
import { acquireLock } from "./lock.ts";
import type { LockHost, LockOptions } from "./lock.ts";

export interface Recovery {
  /** "finished": it had been committed. "undone": it had not. */
  outcome: "nothing" | "finished" | "undone";
  /** The interrupted command, as it was given. */
  command: string | null;
  /** How many changes had been made that others could see, and were taken back. */
  undone: number;
  /** Files that somebody else has changed meanwhile, and that were left as they are. */
  foreign: string[];
  /** Its line of the audit log, where it was finished. */
  auditLine: string | null;
}

/**
 * Recovers a root if there is something to recover; takes the lock only then. For commands that only read, LOCKED,
 * PERMISSION_DENIED and READ_ONLY may be ignored: what they read is whole. Throws also STATE_DAMAGED,
 * JOURNAL_DAMAGED, STATE_NEWER, ROOT_MOVED.
 */
export async function recover(host: LockHost, at: Layout, options: LockOptions): Promise<Recovery> {
  if (!(await hasTraces(host.fs, at))) return NOTHING;
  const lock = await acquireLock(host, at, options);
  try {
    return await recoverTold(host, { fs: host.fs, at, registry: host.registry });
  } finally {
    await lock.release();
  }
}

/** The same for who holds the lock. Says so when there was something to recover, and `whose` it was. */
export async function recoverTold(
  { onEvent }: LockHost,
  site: Site,
  whose: "earlier" | "own" = "earlier",
): Promise<Recovery> {
  const recovery = await recoverLocked(site);
  const { outcome, command, auditLine } = recovery;
  if (outcome !== "nothing") onEvent?.({ kind: "recovered", outcome, command: command ?? "", whose });
  if (auditLine !== null) onEvent?.({ kind: "audited", line: auditLine });
  return recovery;
}

async function recoverLocked(site: Site): Promise<Recovery> {
  const { fs, at } = site;
  const journal = await readJournal(fs, at);
  if (journal === null) {
    await clearStaging(site);
    await sweepUnfinished(site);
    return NOTHING;
  }
  return (await wasCommitted(site, journal)) ? redo(site, journal) : undo(site, journal);
}

/** The end of a committed transaction. Staging goes first: on a full disk the audit line needs its space. */
export async function finish({ fs, at, registry }: Site, journal: Journal): Promise<void> {
  await clearStaging({ fs, at }, journal.id);
  await finishRegistry(registry, journal.registry);
  for (const folder of journal.emptied.toReversed()) await fs.rmdir(folder);
  if (journal.removesRoot) await clearState({ fs, at });
  else await appendAuditLine(fs, at.audit, journal.auditLine);
  await dropJournal({ fs, at });
}

/**
 * All of state/ but what the rest needs: the journal, by which the next command goes on where this one was killed, and the
 * lock, which takes the folders with it when it is given back.
 */
async function clearState({ fs, at }: Site): Promise<void> {
  const names = (await fs.list(at.state)).map(({ name }) => name);
  const others = names.filter(
    (name) => !/^(?:journal\.json|state\.json|lock(?:\..*)?|\..*\.goferry-new)$/.test(name),
  );
  for (const name of others) await removeTree(fs, join(at.state, name));
  await fs.syncFolder(at.state);
  await fs.unlink(at.stateFile);
  await fs.syncFolder(at.state);
}

const NOTHING: Recovery = {
  outcome: "nothing",
  command: null,
  undone: 0,
  foreign: [],
  auditLine: null,
};

/** Whether there is anything to recover: what is in a root only while a command runs, or after one that was killed. */
export async function hasTraces(fs: HostFs, at: Layout): Promise<boolean> {
  if ((await fs.lstat(at.staging)) !== null) return true;
  const names = (await fs.list(at.state)).map(({ name }) => name);
  return names.some((name) => /^(?:journal\.json$|lock(?:\.|$)|\..*\.goferry-new$)/.test(name));
}

async function wasCommitted({ fs, at }: Site, journal: Journal): Promise<boolean> {
  const bytes = await fs.readFile(at.stateFile);
  const state = bytes === null ? null : Buffer.from(bytes).toString("base64");
  if (state === journal.stateAfter || (state === null && journal.removesRoot)) return true;
  if (state === journal.stateBefore) return false;
  throw new GoferryError("STATE_DAMAGED", {
    subject: at.stateFile,
    message:
      "the file was changed by hand after goferry was interrupted, so it cannot tell what was being done",
    expected: `what "${journal.command}" of ${journal.startedAt} found, or what it wrote`,
    found: "something else",
    next: "restore it from a backup; nothing was changed",
  });
}

/** The renames were durable before the commit; only small files could be missing, where a disk lied about a sync. */
async function redo(site: Site, journal: Journal): Promise<Recovery> {
  await restageEdits(site, journal, "after");
  await syncRoot(site);
  const { foreign } = await switchEdits(site, journal, "after");
  await syncRoot(site);
  await finish(site, journal);
  return { outcome: "finished", command: journal.command, undone: 0, foreign, auditLine: journal.auditLine };
}

/**
 * The journal goes before staging: without what was in staging, undoing once more would take what has been put back
 * for something new. Staging that cannot be removed now is removed by any later command.
 */
async function undo(site: Site, journal: Journal): Promise<Recovery> {
  await restageEdits(site, journal, "before");
  await syncRoot(site);
  const { changed, foreign } = await switchEdits(site, journal, "before");
  const undone = changed + (await unmakeMoves(site, journal));
  await syncRoot(site);
  await dropJournal(site);
  await clearStaging(site, journal.id).catch(() => undefined);
  return { outcome: "undone", command: journal.command, undone, foreign, auditLine: null };
}

async function dropJournal({ fs, at }: Site): Promise<void> {
  await sweepUnfinished({ fs, at });
  await fs.unlink(at.journal);
  await fs.syncFolder(at.state);
}

/** A journal, and a new audit log, that were never complete. */
async function sweepUnfinished({ fs, at }: Site): Promise<void> {
  for (const path of [at.journal, at.audit]) await fs.unlink(nameBeside(path));
}
