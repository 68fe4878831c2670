// What somebody who only reads can know of a change that is not at its end: whether it goes on, and what it is. By the
// lock, which is for everybody to read; the journal, which may hold contents of a profile, is its owner's alone.

import { GoferryError, type ErrorCode } from "@goferry/core";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import { readJournal, type Journal } from "./journal.ts";
import { lookAtLock, type LockHost } from "./lock.ts";
import { hasTraces } from "./recover.ts";

export interface Unfinished {
  /** The command, as far as this user may know it. */
  command: string;
  /** Who is at it, or was, for a person; null where nothing says. */
  holder: string | null;
  /** False when it was certainly interrupted: nobody has the lock, or a process that is gone. */
  isRunning: boolean;
}

/**
 * Null for a root in which nothing was begun, or all of it came to its end. Waits for nobody.
 * @throws JOURNAL_DAMAGED, STATE_NEWER, ROOT_MOVED, PROC_MISSING, errors of the file system
 */
export async function lookAtUnfinished(host: LockHost, at: Layout): Promise<Unfinished | null> {
  const journal = await readJournalIfAllowed(host.fs, at);
  const lock = await lookAtLock(host, at);
  // A lock alone that is held: a command before its journal, or one that recovers.
  if (journal === null && (lock === null || lock.isDead) && !(await hasTraces(host.fs, at))) return null;
  const command = journal !== null && journal !== "hidden" ? journal.command : lock?.command;
  return {
    command: command ?? "a command",
    holder: lock?.holder ?? null,
    isRunning: lock !== null && !lock.isDead,
  };
}

/** The journal as readJournal has it; "hidden" where there is one that this user may not read. */
export async function readJournalIfAllowed(fs: HostFs, at: Layout): Promise<Journal | "hidden" | null> {
  return await readJournal(fs, at).catch((error: unknown) => {
    if (error instanceof GoferryError && error.code === HIDDEN) return "hidden";
    throw error;
  });
}

const HIDDEN: ErrorCode = "PERMISSION_DENIED";
