// JSON documents of a bundle have exactly one spelling: keys sorted, no white space, only safe integers.
// A reader parses, writes what it understood, and compares the bytes; so duplicate keys, `__proto__`, numbers
// that change on the way, a BOM and white space need no rule of their own to be refused.

import { GoferryError } from "../errors.ts";
import { beyondShape } from "./json-shape.ts";

/** What of a schema is needed here; those of zod and of zod/mini have it. */
export interface Schema<T> {
  safeParse(value: unknown):
    | { success: true; data: T }
    | {
        success: false;
        error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] };
      };
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

/**
 * The one spelling of a document, UTF-8. Keys whose value is undefined are left out.
 * @throws INTERNAL for a value that has none
 */
export function canonicalJson(value: Json): Uint8Array {
  return Buffer.from(render(value));
}

/**
 * Reads a document in canonical spelling.
 * @param subject what refusals are about
 * @throws DOCUMENT_INVALID if it is not canonical or not what the schema allows
 */
export function parseCanonicalJson<T>(bytes: Uint8Array, schema: Schema<T>, subject: string): T {
  const beyond = beyondShape(bytes);
  if (beyond !== undefined) refuse(subject, beyond.expected, beyond.found);
  const text = decodeUtf8(bytes, subject);
  const { value, canonical } = parse(text, subject);
  if (canonical !== text) refuse(subject, "sorted keys, no white space, one spelling of everything");
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const where = issue?.path.map(String).join(".") ?? "";
  return refuse(subject, "the documented fields", `${where === "" ? "top level" : where}: ${issue?.message}`);
}

function parse(text: string, subject: string): { value: Json; canonical: string } {
  try {
    const value = JSON.parse(text) as Json;
    return { value, canonical: render(value) };
  } catch (cause) {
    // A SyntaxError, a value without a spelling, or a RangeError from nesting that exhausts the stack.
    throw refusal(subject, "JSON", cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function render(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item) => render(item)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
      .map((key) => `${renderText(key)}:${render(value[key])}`);
    return `{${members.join(",")}}`;
  }
  if (typeof value === "string") return renderText(value);
  if (typeof value === "number" && !Number.isSafeInteger(value))
    throw unspeakable("a safe integer", `${value}`);
  return JSON.stringify(value);
}

function renderText(text: string): string {
  if (!text.isWellFormed()) throw unspeakable("well-formed Unicode", JSON.stringify(text));
  return JSON.stringify(text);
}

function unspeakable(expected: string, found: string): GoferryError {
  return new GoferryError("INTERNAL", {
    subject: "canonical JSON",
    message: `${found} has no canonical spelling`,
    expected,
    found,
    next: "Report this as a bug of goferry",
  });
}

function decodeUtf8(bytes: Uint8Array, subject: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw refusal(subject, "UTF-8", "other bytes", cause);
  }
}

function refuse(subject: string, expected: string, found?: string): never {
  throw refusal(subject, expected, found);
}

function refusal(subject: string, expected: string, found?: string, cause?: unknown): GoferryError {
  return new GoferryError("DOCUMENT_INVALID", {
    subject,
    message: "a document is not as the format says",
    expected,
    found,
    next: "Use a goferry at least as new as the one that made the file; if it is, have the file made again",
    cause,
  });
}
