// Whether the audit log is what goferry wrote: every line names the digest of the one before, and state.json the line of
// the last change. That shows every line that was changed, dropped, inserted or moved, and an end that was cut off at or
// before the last change.
//
// Two things it cannot show by itself, because who may write in the root can write state.json too: a log that was written
// anew from the beginning, and lines of failed commands cut off after the last change. For these the digests must be
// known elsewhere: in syslog, or noted down (`expect`).

import { GoferryError } from "@goferry/core";
import { auditDigest, isChange, parseAuditLine, ROTATE, type AuditRecord } from "./audit.ts";
import { KEPT_FILES, readAudit, type AuditFile } from "./audit-files.ts";
import type { HostFs } from "./fs.ts";
import type { Host } from "./host.ts";
import type { Layout } from "./layout.ts";
import { openRootToRead } from "./site.ts";
import { readState } from "./transaction/state.ts";
import { readJournalIfAllowed } from "./transaction/unfinished.ts";

/** Something that goferry did not write so. */
export interface AuditBreak {
  /** File and line, `audit.jsonl:3`, or what it is about. */
  place: string;
  message: string;
  expected: string;
  found: string;
}

export interface AuditEntryLine {
  place: string;
  digest: string;
  /** Undefined for a line that goferry did not write, or only half. */
  record: AuditRecord | undefined;
}

export interface AuditLog {
  /** The digest of the last line: what `expect` can ask for later. Null for an empty log. */
  head: string | null;
  /** The oldest first. */
  entries: AuditEntryLine[];
  breaks: AuditBreak[];
  /** What is no sign of a change by others. */
  notes: string[];
}

/**
 * The log of the root at `path`, once what an interrupted command left is in order. Throws NOT_FOUND where there is no
 * root, so that a mistyped name is not taken for a log without a fault; and what `readAuditLog` throws.
 */
export async function auditOf(
  host: Host,
  path: string,
  options: { expect?: string | undefined } = {},
): Promise<AuditLog & { root: string }> {
  const { root, at, site } = await openRootToRead(host, path, "audit");
  const { fs } = site;
  const isThere = (await fs.lstat(at.stateFile)) !== null || (await readAudit({ fs, at })).length > 0;
  if (isThere) return { root, ...(await readAuditLog({ fs, at }, options)) };
  throw new GoferryError("NOT_FOUND", {
    subject: root,
    message: "there is no root of goferry here, and so no audit log",
    expected: at.audit,
    found: "nothing",
    next: "name the root with --root DIR; goferry list shows what is installed in it",
  });
}

export interface ChainFacts {
  /** What state.json names. */
  stateHead: string | null;
  /**
   * The line that a command which is running, or was interrupted, has still to write, by its digest; "hidden" where there
   * is such a command, and its journal is not for this user to read; null where there is none.
   */
  pending: { digest: string } | "hidden" | null;
  /** A digest that the log had once. */
  expect?: string | undefined;
}

/**
 * The log of a root and what is wrong with it. Waits for nobody. Throws STATE_DAMAGED, STATE_NEWER, ROOT_MOVED,
 * JOURNAL_DAMAGED, or an error of the file system.
 */
export async function readAuditLog(
  place: { fs: HostFs; at: Layout },
  options: { expect?: string | undefined } = {},
): Promise<AuditLog> {
  const { fs, at } = place;
  for (let attempt = 1; ; attempt++) {
    const before = await readState(fs, at);
    const journal = await readJournalIfAllowed(fs, at);
    const files = await readAudit(place);
    const { auditHead: stateHead } = await readState(fs, at);
    // A command that ended meanwhile has changed both; they are looked at again, as one.
    if (stateHead !== before.auditHead && attempt < 5) continue;
    const pending =
      journal === null || journal === "hidden" ? journal : { digest: auditDigest(journal.auditLine) };
    return verifyChain(files, { stateHead, pending, expect: options.expect });
  }
}

/** The same for files that were read. */
export function verifyChain(files: readonly AuditFile[], facts: ChainFacts): AuditLog {
  const lines = files.flatMap(({ name, lines: texts }) =>
    texts.map((text, index) => ({ place: `${name}:${index + 1}`, text })),
  );
  const chain = lines.map(({ place, text }): ChainLine => ({
    place,
    digest: auditDigest(text),
    record: parseAuditLine(text),
    text,
  }));
  const entries = chain.map(({ place, digest, record }) => ({ place, digest, record }));
  const notes: string[] = [];
  const breaks = [
    ...fileBreaks(files, notes),
    ...lineBreaks(chain, { files, notes }),
    ...headBreaks(entries, facts, notes),
    ...expectBreaks(entries, facts),
  ];
  return { head: entries.at(-1)?.digest ?? null, entries, breaks, notes };
}

interface ChainLine extends AuditEntryLine {
  text: string;
}

/** Numbers without a gap, and as many files as are kept. */
function fileBreaks(files: readonly AuditFile[], notes: string[]): AuditBreak[] {
  const numbers = files.flatMap(({ number }) => (number === undefined ? [] : [number]));
  const header = parseAuditLine(files.at(-1)?.lines[0] ?? "");
  const named = header?.action === ROTATE ? Number(/\.(\d+)$/u.exec(header.subject)?.[1] ?? 0) : 0;
  const last = Math.max(named, numbers.at(-1) ?? 0);
  const first = Math.max(1, last - KEPT_FILES + 1);
  if (first > 1) notes.push(`files before audit.jsonl.${first} are no longer kept`);
  const missing: AuditBreak[] = [];
  for (let number = first; number <= last; number++) {
    if (numbers.includes(number)) continue;
    const place = `audit.jsonl.${number}`;
    missing.push({ place, message: "the file is missing", expected: place, found: "nothing" });
  }
  return missing;
}

function lineBreaks(
  entries: readonly ChainLine[],
  { files, notes }: { files: readonly AuditFile[]; notes: string[] },
): AuditBreak[] {
  const breaks: AuditBreak[] = [];
  // The beginning of the oldest file that is kept may continue one that is not.
  let prev: string | null | undefined = (files[0]?.number ?? 1) > 1 ? undefined : null;
  for (const [index, { place, digest, record, text }] of entries.entries()) {
    if (record === undefined) {
      const follower = entries[index + 1];
      if (isBeginningOf(text, follower, prev)) {
        notes.push(`${place} was cut short when the machine stopped; the line after it is whole`);
        continue;
      }
      const isTorn = follower === undefined ? files.at(-1)?.torn === true : follower.record?.prev === digest;
      if (isTorn) notes.push(`${place} was cut short when a command was interrupted`);
      else
        breaks.push({
          place,
          message: "not a line of goferry",
          expected: "a line of goferry",
          found: digest,
        });
    } else if (prev !== undefined && record.prev !== prev) {
      breaks.push({
        place,
        message: "the line does not continue the one before: a line was changed, removed, inserted or moved",
        expected: nameOf(prev),
        found: nameOf(record.prev),
      });
    }
    prev = digest;
  }
  return breaks;
}

/**
 * What a power cut left of a line that was then written again: its beginning, and zeros for the rest where a file system
 * knows a file's length sooner than its bytes. It is no link of the chain, and holds nothing that the whole line has not.
 */
function isBeginningOf(
  text: string,
  follower: ChainLine | undefined,
  prev: string | null | undefined,
): boolean {
  if (text === "" || follower?.record === undefined) return false;
  if (prev !== undefined && follower.record.prev !== prev) return false;
  return follower.text.startsWith(text.replace(/\0+$/u, ""));
}

/** The end: all up to the last change is vouched for by state.json, and after that there are only failures. */
function headBreaks(
  entries: readonly AuditEntryLine[],
  { stateHead, pending }: ChainFacts,
  notes: string[],
): AuditBreak[] {
  const known = stateHead === null ? -1 : entries.findLastIndex(({ digest }) => digest === stateHead);
  if (stateHead !== null && known === -1) {
    if (pending === "hidden" || pending?.digest === stateHead) {
      notes.push("a command is running, or was interrupted: its line is still to be written");
      return [];
    }
    const message = "the line of the last change is missing: the end was cut off, or that line was changed";
    return [
      {
        place: "the end of the log",
        message,
        expected: stateHead,
        found: nameOf(entries.at(-1)?.digest ?? null),
      },
    ];
  }
  return entries.slice(known + 1).flatMap(({ place, digest, record }) => {
    if (record === undefined || !isChange(record)) return [];
    const message = "the line tells of a change that the root has not seen";
    return [{ place, message, expected: nameOf(stateHead), found: digest }];
  });
}

function expectBreaks(entries: readonly AuditEntryLine[], { expect }: ChainFacts): AuditBreak[] {
  if (expect === undefined || entries.some(({ digest }) => digest === expect)) return [];
  const message =
    "the line that was expected is not in the log: it was written anew, or cut off before that line";
  return [{ place: "the log", message, expected: expect, found: nameOf(entries.at(-1)?.digest ?? null) }];
}

function nameOf(digest: string | null): string {
  return digest ?? "nothing: the beginning of a log";
}
