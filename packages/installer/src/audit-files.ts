// The files of the audit log: audit.jsonl, and audit.jsonl.1, .2 and so on with what was before. A file that has become
// large gets the next number and is never written again; the first line of the new one says so and continues the chain.
// Numbers only grow, so that a rotation is one rename, and a file that is missing can be told.
//
// Lines of failed commands stand between those of changes, and no state knows of them until the next change: its line
// names the last one of the file, whatever it is about. Where the file does not hold what the state names, somebody
// changed it, and the next line names what the state does: so the gap stays visible.

import { join } from "node:path";
import { appendAuditLine, auditDigest, auditLine, ROTATE, type Actor } from "./audit.ts";
import type { HostFs } from "./fs.ts";
import type { Layout } from "./layout.ts";

/** Bytes after which a file gets a number. About 2,500 lines. */
const FILE_BYTES = 1 << 20;

/** Files with a number that are kept; older ones are removed when the next is made. */
export const KEPT_FILES = 9;

export interface AuditFile {
  /** Its name in state/. */
  name: string;
  /** Undefined for audit.jsonl itself. */
  number: number | undefined;
  /** Without their newlines. */
  lines: string[];
  /** True when the last line has no newline: an append was cut short. */
  torn: boolean;
  /** Bytes. */
  size: number;
}

export interface AuditOpening {
  /** What state.json names. */
  stateHead: string | null;
  by: Actor;
  time: Date;
  /** Bytes; for tests. */
  limit?: number;
}

type Place = { fs: HostFs; at: Layout };

/**
 * Makes the log ready for the next line, and says which digest that has to name. For who holds the lock and has
 * recovered. Throws the errors of the file system.
 */
export async function openAudit(place: Place, opening: AuditOpening): Promise<string | null> {
  const { fs, at } = place;
  const names = await auditNames(place);
  const file = names.includes(NAME) ? await readAuditFile(place, NAME) : undefined;
  if (file?.torn === true) {
    await fs.appendFile(at.audit, Buffer.from("\n"));
    await fs.syncFile(at.audit);
  }
  const numbered = names.filter((name) => name !== NAME);
  const head = await lastDigest(place, { file, numbered, stateHead: opening.stateHead });
  if (file === undefined)
    return numbered.length === 0 ? head : await beginFile(place, numbered, opening, head);
  if (file.size <= (opening.limit ?? FILE_BYTES)) return head;
  const rotated = await rotate(place, numbered);
  return rotated === undefined ? head : await beginFile(place, [...numbered, rotated], opening, head);
}

/** All files of the log, the oldest first. Throws the errors of the file system. */
export async function readAudit(place: Place): Promise<AuditFile[]> {
  const files: AuditFile[] = [];
  for (const name of await auditNames(place)) files.push(await readAuditFile(place, name));
  return files;
}

const NAME = "audit.jsonl";

async function auditNames({ fs, at }: Place): Promise<string[]> {
  const names = (await fs.list(at.state)).map(({ name }) => name).filter((name) => FILE_NAME.test(name));
  return names.sort((a, b) => (numberOf(a) ?? Infinity) - (numberOf(b) ?? Infinity));
}

const FILE_NAME = /^audit\.jsonl(?:\.([1-9]\d{0,8}))?$/u;

function numberOf(name: string): number | undefined {
  const [, number] = FILE_NAME.exec(name) ?? [];
  return number === undefined ? undefined : Number(number);
}

async function readAuditFile({ fs, at }: Place, name: string): Promise<AuditFile> {
  const bytes = (await fs.readFile(join(at.state, name))) ?? Buffer.alloc(0);
  const text = Buffer.from(bytes).toString("utf8");
  const torn = text !== "" && !text.endsWith("\n");
  const lines = text.split("\n");
  if (!torn) lines.pop();
  return { name, number: numberOf(name), lines, torn, size: bytes.length };
}

interface LastLine {
  file: AuditFile | undefined;
  numbered: readonly string[];
  stateHead: string | null;
}

/** The digest of the last line, if what the state names stands before it or is it; else what the state names. */
async function lastDigest(place: Place, { file, numbered, stateHead }: LastLine): Promise<string | null> {
  let last: string | null = null;
  for (const name of [...(file === undefined ? [] : [NAME]), ...numbered.toReversed()]) {
    const { lines } = name === NAME && file !== undefined ? file : await readAuditFile(place, name);
    const digests = lines.map(auditDigest);
    last ??= digests.at(-1) ?? null;
    if (stateHead === null || digests.includes(stateHead)) return last;
  }
  return stateHead;
}

/** The name that audit.jsonl got; undefined where it may only be appended to (chattr +a): then it goes on growing. */
async function rotate({ fs, at }: Place, numbered: readonly string[]): Promise<string | undefined> {
  const number = (numberOf(numbered.at(-1) ?? "") ?? 0) + 1;
  const name = `${NAME}.${number}`;
  try {
    await fs.rename(at.audit, join(at.state, name));
  } catch {
    return undefined;
  }
  await fs.syncFolder(at.state);
  for (const old of numbered) {
    if ((numberOf(old) ?? 0) <= number - KEPT_FILES) await fs.unlink(join(at.state, old));
  }
  return name;
}

/** Also after a rotation that was interrupted between its two steps. */
async function beginFile(
  { fs, at }: Place,
  numbered: readonly string[],
  { by, time }: AuditOpening,
  prev: string | null,
): Promise<string> {
  const subject = numbered.at(-1) ?? "";
  const entry = { action: ROTATE, subject, result: "done", bundle: null, signers: [] };
  const line = auditLine(entry, { time, by, prev });
  await appendAuditLine(fs, at.audit, line);
  return auditDigest(line);
}
