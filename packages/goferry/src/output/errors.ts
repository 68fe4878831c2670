// A refusal as a person reads it at night: a few lines on standard error, each with its own name.

import { inspect, styleText } from "node:util";
import { GoferryError, redactUrls } from "@goferry/core";
import { printable } from "./printable.ts";
import { wrap } from "./wrap.ts";

export interface Style {
  /** Width of the terminal; undefined: not a terminal. */
  columns: number | undefined;
  color: boolean;
}

/** Lines that are shown of a text, such as what a compiler printed; the last ones say most. */
const SHOWN_LINES = 12;

/** The lines of an error, with a newline at the end. */
export function errorText(error: GoferryError, { columns, color }: Style): string {
  const { code, subject, message, expected, found, next } = error;
  const paint = (format: "red" | "bold", text: string): string =>
    color ? styleText(format, text, { validateStream: false }) : text;
  const head = `goferry: ${paint("red", code)} ${paint("bold", lines(subject))}: ${lines(message)}`;
  const details = Object.entries({ expected, found, next }).flatMap(([name, text]) =>
    text === undefined || text === "" ? [] : [`  ${name}: ${lines(text)}`],
  );
  return [head, ...details].map((text) => `${wrap(text, { columns, indent: 4 })}\n`).join("");
}

/** The object that `--json` prints for an error. */
export function errorJson(error: GoferryError): { error: Record<string, unknown> } {
  const fields = Object.entries(error.toJSON()).map(([name, value]) => [
    name,
    typeof value === "string" ? redactUrls(value) : value,
  ]);
  return { error: Object.fromEntries(fields) };
}

/**
 * Whatever was thrown as a GoferryError. What aborting a signal makes others throw, INTERRUPTED of ours and errors of
 * their own, only says where the work was; the reason of the signal says why it ended.
 */
export function asGoferryError(thrown: unknown, signal: AbortSignal): GoferryError {
  const reason: unknown = signal.aborted ? signal.reason : undefined;
  if (thrown instanceof GoferryError && thrown.code !== "INTERRUPTED") return thrown;
  if (reason instanceof GoferryError) return reason;
  return thrown instanceof GoferryError ? thrown : (systemError(thrown) ?? internalError(thrown));
}

/** The stack of an error and of what caused it, for GOFERRY_DEBUG. */
export function debugText(thrown: unknown): string {
  const texts: string[] = [];
  for (
    let at = thrown;
    at !== undefined && texts.length < 10;
    at = at instanceof Error ? at.cause : undefined
  ) {
    texts.push(at instanceof Error ? (at.stack ?? at.message) : inspect(at));
  }
  return `${printable(texts.join("\ncaused by: "))}\n`;
}

function systemError(thrown: unknown): GoferryError | undefined {
  if (!(thrown instanceof Error) || !("syscall" in thrown) || !("code" in thrown)) return undefined;
  const isFull = thrown.code === "ENOSPC" || thrown.code === "EDQUOT";
  const { path } = thrown as { path?: unknown };
  return new GoferryError(isFull ? "DISK_FULL" : "IO_FAILED", {
    subject: typeof path === "string" ? path : String(thrown.syscall),
    message: isFull ? "the disk is full" : "the system refused an operation",
    found: thrown.message,
    next: isFull ? "Free space there, then run the command again." : undefined,
    cause: thrown,
  });
}

function internalError(thrown: unknown): GoferryError {
  return new GoferryError("INTERNAL", {
    subject: "goferry",
    message: "this should not have happened",
    found: thrown instanceof Error ? thrown.message : inspect(thrown),
    next: "Run it again with GOFERRY_DEBUG=1, and report what it prints as a bug of goferry.",
    cause: thrown,
  });
}

function lines(text: string): string {
  const all = printable(text).trim().split("\n");
  const shown = all.slice(-SHOWN_LINES);
  const cut = all.length - shown.length;
  return [...(cut > 0 ? [`(${cut} lines before)`] : []), ...shown].join("\n");
}
