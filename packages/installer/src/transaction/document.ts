// How state.json and journal.json are read and written. Both decide what happens to a host, so both are treated as
// input that may be damaged, newer than this goferry, or copied from another root: what comes out of here is none
// of these. Written in one way only (keys sorted), so that equal content is equal bytes.

import { GoferryError } from "@goferry/core";
import type { ErrorCode, Schema } from "@goferry/core";

export interface DocumentRules<T> {
  schema: Schema<T>;
  /** The key that holds the format's version, and the version that this goferry writes. */
  version: { key: string; known: number };
  /** Where the document lies: the subject of its errors. */
  path: string;
  /** The root it must have been made for. */
  root: string;
  damaged: ErrorCode;
  /** What puts a damaged one right; a backup, if left out. */
  remedy?: string | undefined;
}

/**
 * The document in `bytes`. Throws `rules.damaged` when it is not what goferry writes, STATE_NEWER when a later
 * goferry wrote it, ROOT_MOVED when it was made for another root.
 */
export function parseDocument<T extends { root: string }>(bytes: Uint8Array, rules: DocumentRules<T>): T {
  const value = parseJson(bytes, rules);
  refuseNewer(value, rules);
  const parsed = rules.schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw damaged(rules, `${issue?.path.join(".") || "the document"}: ${issue?.message ?? "invalid"}`);
  }
  if (parsed.data.root !== rules.root) throw moved(rules, parsed.data.root);
  return parsed.data;
}

/** The one way to write a document: keys sorted, two spaces, a newline at the end. */
export function writeDocument(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(sortKeys(value), null, 2)}\n`);
}

type Judged = Pick<DocumentRules<unknown>, "path" | "damaged" | "remedy">;

function parseJson(bytes: Uint8Array, rules: Judged): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw damaged(rules, error instanceof Error ? error.message : String(error));
  }
}

function refuseNewer(value: unknown, rules: { path: string; version: { key: string; known: number } }): void {
  const { key, known } = rules.version;
  const found: unknown =
    typeof value === "object" && value !== null && key in value ? value[key as keyof typeof value] : known;
  if (typeof found !== "number" || found <= known) return;
  throw new GoferryError("STATE_NEWER", {
    subject: rules.path,
    message: "a later goferry wrote this file, and this one does not know what it means",
    expected: `${key} ${known}`,
    found: `${key} ${found}`,
    next: "use the goferry in the bin folder of that root",
  });
}

function damaged(
  { path, damaged: code, remedy = "restore it from a backup" }: Judged,
  found: string,
): GoferryError {
  return new GoferryError(code, {
    subject: path,
    message: "the file is not what goferry wrote",
    expected: "a document of goferry",
    found,
    next: `${remedy}; the installed versions of Go go on working, and nothing was changed`,
  });
}

function moved(rules: { path: string; root: string }, found: string): GoferryError {
  return new GoferryError("ROOT_MOVED", {
    subject: rules.path,
    message: "this root was made for another place, and the settings in it name that place",
    expected: rules.root,
    found,
    next: `move it back to ${found}, or install into an empty root`,
  });
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, item]) => [key, sortKeys(item)]));
}
