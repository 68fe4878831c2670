// The line of the audit log for a command that was refused or taken back. It is written after the fact, under the lock
// and after recovery, so that it never stands between a journal and its own line; and only in a root that exists: a
// refused first installation leaves nothing behind, not even a line about it.

import type { ErrorCode } from "@goferry/core";
import { appendAuditLine, auditLine } from "./audit.ts";
import { openAudit } from "./audit-files.ts";
import type { Host } from "./host.ts";
import { layout } from "./layout.ts";
import { inspectRoot } from "./preflight-root.ts";
import { resolveRoot } from "./root-path.ts";
import { siteOf } from "./site.ts";
import { acquireLock } from "./transaction/lock.ts";
import { recoverTold } from "./transaction/recover.ts";
import { readState } from "./transaction/state.ts";

export interface Failure {
  root: string;
  /** The command: "install". */
  action: string;
  /** What it was about, as it was given: the name of a file, a version. No secrets. */
  subject: string;
  code: ErrorCode;
}

/**
 * Writes the line of a failed command. False where that is not possible: no root, not ours, locked, damaged, full. Never
 * throws: the command has failed for a reason that is told, and this must not hide it.
 */
export async function recordFailure(host: Host, failure: Failure): Promise<boolean> {
  // Somebody else is at work; waiting for them once more helps nobody.
  if (failure.code === "LOCKED") return false;
  try {
    return await record(host, failure);
  } catch {
    return false;
  }
}

async function record(host: Host, { root: path, action, subject, code }: Failure): Promise<boolean> {
  const root = await resolveRoot(path);
  const at = layout(root);
  const { findings } = await inspectRoot(root, host.uid);
  const site = siteOf(host);
  const { fs } = site;
  if (findings.some(({ level }) => level === "refuse") || (await fs.lstat(at.stateFile)) === null)
    return false;
  // Who pressed Ctrl-C does not want to wait again.
  const lockWaitMs = code === "INTERRUPTED" ? 0 : site.lockWaitMs;
  const lock = await acquireLock({ ...site, lockWaitMs }, at, { command: action });
  try {
    await recoverTold(site, { fs, at });
    const { auditHead } = await readState(fs, at);
    const time = host.now();
    const prev = await openAudit({ fs, at }, { stateHead: auditHead, by: site.by, time });
    const entry = { action, subject, result: code, bundle: null, signers: [] };
    const line = auditLine(entry, { time, by: site.by, prev });
    await appendAuditLine(fs, at.audit, line);
    host.onEvent?.({ kind: "audited", line });
    return true;
  } finally {
    await lock.release();
  }
}
