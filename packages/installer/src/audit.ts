// state/audit.jsonl: who changed this root, when, and on whose signature, and who tried to and could not. One JSON object
// a line, each with the digest of the line before, so that a line cannot be changed, dropped or moved without breaking the
// chain; the digest of the last change stands in state.json too, and all of them in syslog. The chain proves nothing
// against somebody who writes all of it anew: audit-verify.ts.

import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { writeFileAtomic, type HostFs } from "./fs.ts";

/** What a command says about itself. */
export interface AuditEntry {
  /** The command: "install", "use", "rollback" … */
  action: string;
  /** What it was about: a bundle, a version. */
  subject: string;
  /** How it ended: "done", or the code of the error: "SIGNATURE_UNTRUSTED". */
  result: string;
  /** Digest of the bundle index, "sha256:<64 hex>", where a bundle was involved. */
  bundle: string | null;
  /** Fingerprints of the keys that vouched for it. */
  signers: readonly string[];
}

export interface AuditContext {
  time: Date;
  by: Actor;
  /** Digest of the line before; null for the first. */
  prev: string | null;
}

/** Who runs a command. */
export interface Actor {
  /** The login name of the process' user. */
  user: string;
  /** Who became that user by sudo, as SUDO_USER says; null otherwise. */
  sudoUser: string | null;
}

/** One line of the log, without its newline. Keys stand in this order. */
export function auditLine(entry: AuditEntry, { time, by, prev }: AuditContext): string {
  const { user, sudoUser } = by;
  const { action, subject, result, bundle, signers } = entry;
  return JSON.stringify({
    time: time.toISOString(),
    user,
    sudoUser,
    action,
    subject,
    result,
    bundle,
    signers,
    prev,
  });
}

const DIGEST = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/u));

const recordSchema = z.strictObject({
  time: z.iso.datetime(),
  user: z.string(),
  sudoUser: z.nullable(z.string()),
  action: z.string().check(z.minLength(1)),
  subject: z.string(),
  result: z.string().check(z.minLength(1)),
  bundle: z.nullable(DIGEST),
  signers: z.array(z.string()),
  prev: z.nullable(DIGEST),
});

/** A line of the log, read. */
export type AuditRecord = z.infer<typeof recordSchema>;

/** Undefined for what `auditLine` does not write. */
export function parseAuditLine(line: string): AuditRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The action of a line that begins a file; its subject is the name of the one before. */
export const ROTATE = "audit rotate";

/** Whether the line tells of a change of the root: not of a failure, nor of a new file of the log. */
export function isChange({ action, result }: AuditRecord): boolean {
  return result === "done" && action !== ROTATE;
}

/** The digest by which the next line, and state.json, refer to this one: sha256 of its bytes without the newline. */
export function auditDigest(line: string): string {
  return `sha256:${createHash("sha256").update(line).digest("hex")}`;
}

/**
 * When the last change was made, by the clock of then; undefined if there is none. Lines of failures do not count, nor
 * the beginning of a file that one of them may have made: what was refused because of a clock that is wrong must not be
 * what the next one goes by. Whether the chain is whole is not
 * looked at. Throws the errors of the file system.
 */
export async function lastAuditTime(fs: HostFs, path: string): Promise<Date | undefined> {
  const text = Buffer.from((await fs.readFile(path)) ?? []).toString("utf8");
  for (const line of text.split("\n").toReversed()) {
    const record = parseAuditLine(line);
    if (record !== undefined && isChange(record)) return new Date(record.time);
  }
  return undefined;
}

/**
 * Appends a line unless it is the last one already, so that an interrupted append can be repeated. Only ever
 * appends: the file may be marked append-only (chattr +a). One that is new comes whole and with its mode, or it would be
 * nobody's to read who was killed before the mode was set. Throws the errors of the file system.
 */
export async function appendAuditLine(fs: HostFs, path: string, line: string): Promise<void> {
  const bytes = await fs.readFile(path);
  if (bytes === null) {
    await writeFileAtomic(fs, path, Buffer.from(`${line}\n`), { mode: 0o644 });
    return;
  }
  const text = Buffer.from(bytes).toString("utf8");
  if (text.endsWith(`${line}\n`)) return;
  await fs.appendFile(path, Buffer.from(completion(text, `${line}\n`)));
  await fs.syncFile(path);
}

/** What is missing: all of the line, or its rest when an append of it was cut short. */
function completion(text: string, line: string): string {
  const torn = text.slice(text.lastIndexOf("\n") + 1);
  if (torn === "") return line;
  return line.startsWith(torn) ? line.slice(torn.length) : `\n${line}`;
}
