// How a root is: what is installed and how old it is, what changed it last, what failed last, and whether anybody is at
// work. Waits for nobody and changes nothing; what cannot be read of the lesser things is told as unknown.

import { GoferryError } from "@goferry/core";
import { isChange, type AuditRecord } from "../audit.ts";
import { auditOf } from "../audit-verify.ts";
import type { Host } from "../host.ts";
import { layout } from "../layout.ts";
import { hostFs } from "../host-fs.ts";
import { logNames } from "../root-logs.ts";
import { resolveRoot } from "../root-path.ts";
import { readRuns, type Run } from "../runs.ts";
import { siteOf } from "../site.ts";
import { readJournal } from "../transaction/journal.ts";
import { lookAtLock } from "../transaction/lock.ts";
import { readState, type State } from "../transaction/state.ts";

export interface RootStatus {
  root: string;
  generation: number;
  current: string | null;
  sdks: State["sdks"];
  bundles: BundleStatus[];
  /** The last line of the audit log that tells of a change, and the last that tells of a failure. */
  lastChange: AuditRecord | null;
  lastFailure: AuditRecord | null;
  audit: { head: string | null; lines: number; whole: boolean };
  /** How the last run of each command ended. */
  runs: Record<string, Run>;
  /** Who is changing the root now, as the lock has it; a process that died is told as such. */
  lock: string | null;
  /** The command that was interrupted, or that is running; null if there is nothing to recover. */
  unfinished: string | null;
  disk: { freeBytes: number; freeFiles: number | null };
  /** Names in state/logs/, the newest last. */
  logs: string[];
}

export interface BundleStatus {
  name: string;
  serial: number;
  indexDigest: string;
  installedAt: string;
  /** When it was built. */
  created: string;
  /** Whole days since then, and until it expires: negative afterwards, null if it never does. */
  ageDays: number;
  expires: string | null;
  daysToExpiry: number | null;
  complete: boolean;
}

/**
 * @throws NOT_FOUND where there is no root; STATE_DAMAGED, STATE_NEWER, ROOT_MOVED, JOURNAL_DAMAGED; IO_FAILED and the like
 */
export async function readStatus(host: Host, path: string): Promise<RootStatus> {
  const root = await resolveRoot(path);
  const at = layout(root);
  const fs = hostFs(host);
  if ((await fs.lstat(at.stateFile)) === null) throw noRoot(root);
  const state = await readState(fs, at);
  const { head, entries, breaks } = await auditOf(host, root);
  const records = entries.flatMap(({ record }) => (record === undefined ? [] : [record]));
  const { freeBytes, freeFiles } = await host.statfs(root);
  return {
    root,
    generation: state.generation,
    current: state.current,
    sdks: state.sdks,
    bundles: state.bundles.map((bundle) => bundleStatus(bundle, host.now())),
    lastChange: records.findLast(isChange) ?? null,
    lastFailure: records.findLast(({ result }) => result !== "done") ?? null,
    audit: { head, lines: entries.length, whole: breaks.length === 0 },
    runs: await readRuns(fs, at),
    lock: await lookAtLock(siteOf(host), at),
    unfinished: (await readJournal(fs, at))?.command ?? null,
    disk: { freeBytes, freeFiles },
    logs: await logNames(host, at),
  };
}

function bundleStatus(bundle: State["bundles"][number], now: Date): BundleStatus {
  const { name, serial, indexDigest, installedAt, complete, expires = null } = bundle;
  // The serial of a bundle is the time when it was built (DESIGN 2).
  const created = new Date(serial * 1000);
  return {
    name,
    serial,
    indexDigest,
    installedAt,
    created: created.toISOString(),
    ageDays: wholeDays(now.getTime() - created.getTime()),
    expires,
    daysToExpiry: expires === null ? null : wholeDays(Date.parse(expires) - now.getTime()),
    complete,
  };
}

const DAY_MS = 24 * 60 * 60 * 1000;

function wholeDays(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

function noRoot(root: string): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject: root,
    message: "there is no root of goferry here",
    expected: layout(root).stateFile,
    found: "nothing",
    next: "name the root with --root DIR, or install a bundle in it",
  });
}
