// How the output of a go that failed is read: its lines, and which module one of them is about.
import type { GoferryError } from "@goferry/core";

export interface GoFailure {
  /** The command as it could be typed. */
  command: string;
  /** What the call was about: a project or an entry of the spec. */
  subject: string;
  /** "exit code 1" or the name of a signal. */
  ended: string;
  /** HOST:PORT of the HTTP proxy that the command was told to use. */
  proxy?: string | undefined;
  stderr: string;
}

/** The error for an output, if it is one of a kind. */
export type Recogniser = (text: string, failure: GoFailure) => GoferryError | undefined;

/** Lines of go's output that an error quotes. */
const QUOTED_LINES = 12;

/** The last lines of a text, without empty ones at its ends. */
export function lastLines(text: string): string {
  return text.trim().split("\n").slice(-QUOTED_LINES).join("\n");
}

/** The `path@version` that a line is about: go names it there, or above what git said, which it prints indented. */
export function moduleAt(found: string, text: string): string | undefined {
  const lines = text.split("\n");
  const index = lines.findIndex((line) => line.trim() === found);
  const above = lines.slice(0, index + 1).findLast((line) => !line.startsWith("\t"));
  return above === undefined ? undefined : nameOfModule(above);
}

/** The `path@version` that a line of go is about. */
export function nameOfModule(line: string): string | undefined {
  const name = /(?:^|[\s(])([A-Za-z0-9][\w.~-]*(?:\/[\w.~+-]+)*@[A-Za-z0-9][\w.+~-]*)(?=[:\s),]|$)/mu.exec(
    line,
  )?.[1];
  return name ?? /\bmodule ([\w.~-]+\.[\w.~-]+(?:\/[\w.~+-]+)*):/u.exec(line)?.[1];
}

export function lineWith(text: string, pattern: RegExp): string | undefined {
  return text
    .split("\n")
    .find((line) => pattern.test(line))
    ?.trim();
}
