// goferry.lock as text: one rendering for one content, so that version control shows real changes only and a
// bundle made again from it has the same bytes. Reading accepts other white space (line ends of a checkout, an
// editor's indentation) and nothing else.

import { readFile } from "node:fs/promises";
import { GoferryError } from "@goferry/core";
import { diskError, errorCode } from "../net/disk-error.ts";
import { LOCK_SCHEMA } from "./schema.ts";
import type { Lock, LockUnit } from "./schema.ts";

/** Far above what tens of thousands of units need; a bound for the parser. In bytes. */
const MAX_LOCK_BYTES = 64 << 20;

/** The text of a lock: JSON, keys sorted, two spaces, units in order, a newline at the end. */
export function renderLock(lock: Lock): string {
  return `${JSON.stringify(sortKeys({ ...lock, units: sortUnits(lock.units) }), undefined, 2)}\n`;
}

/** Units in the order of a lock: by kind, path, version, platform, compared by code unit. */
export function sortUnits<T extends LockUnit>(units: readonly T[]): T[] {
  const keyed = units.map((unit) => ({ unit, key: unitKey(unit) }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key))).map(({ unit }) => unit);
}

/** What makes a unit that unit, as one string; no part can hold a space. */
export function unitKey(unit: LockUnit): string {
  const platform = unit.kind === "toolchain" ? unit.platform : "";
  return `${unit.kind} ${unit.path} ${unit.version} ${platform}`;
}

/** Reads the lock `file`. Throws NOT_FOUND, IO_FAILED, LOCK_INVALID. */
export async function readLockFile(file: string): Promise<Lock> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw diskError(error, file);
    throw new GoferryError("NOT_FOUND", {
      subject: file,
      message: "there is no lock",
      next: "Build once without --locked, which writes the lock.",
    });
  });
  return parseLock(bytes, file);
}

/** Reads a lock; `file` is its name for messages. Throws LOCK_INVALID with the place inside as subject. */
export function parseLock(bytes: Uint8Array, file: string): Lock {
  if (bytes.byteLength > MAX_LOCK_BYTES) {
    throw refuse(file, `at most ${MAX_LOCK_BYTES} bytes`, `${bytes.byteLength} bytes`);
  }
  const { text, value } = parseJson(bytes, file);
  const parsed = LOCK_SCHEMA.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = (issue?.path ?? []).map((step) => `/${String(step)}`).join("");
    throw refuse(`${file}${place === "" ? "" : ` ${place}`}`, issue?.message ?? "another shape", undefined);
  }
  const lock = parsed.data;
  refuseTwice(lock.units, file);
  // JSON.parse keeps the last of equal keys, rounds numbers and forgets order: the text itself must be ours.
  if (withoutSpace(text) !== withoutSpace(renderLock(lock))) {
    throw refuse(file, "sorted keys, each once, and sorted units", "another order or form");
  }
  return lock;
}

function refuseTwice(units: readonly LockUnit[], file: string): void {
  const seen = new Set<string>();
  for (const key of units.map(unitKey)) {
    if (seen.has(key)) throw refuse(file, "each unit once", `${key.trim()} twice`);
    seen.add(key);
  }
}

function parseJson(bytes: Uint8Array, file: string): { text: string; value: unknown } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch (cause) {
    throw refuse(file, "JSON in UTF-8", "something else, such as the marks of a merge", cause);
  }
}

/** Every string of a JSON text, or white space between tokens. */
const STRING_OR_SPACE = /("(?:[^"\\]|\\.)*")|\s+/gu;

function withoutSpace(json: string): string {
  return json.replace(STRING_OR_SPACE, "$1");
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}

function refuse(subject: string, expected: string, found?: string, cause?: unknown): GoferryError {
  return new GoferryError("LOCK_INVALID", {
    subject,
    message: "the lock is not one that goferry wrote",
    expected,
    found,
    next: "restore it from version control, or delete it to build without --locked",
    cause,
  });
}
