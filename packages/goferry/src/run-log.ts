// The log of one command: lines with their time, written at once to every file that is open, and kept until the first is.
// A root that is only being made has no place for its log before it is there. A log that cannot be written any more is
// no reason to fail: its first error is told at the end.

import { secretRemover } from "@goferry/core";
import type { LogFile } from "@goferry/installer";
import { LOG_LEVELS, type LogLevel } from "./change-options.ts";
import { printable } from "./output/printable.ts";
import type { Environment } from "./terminal.ts";

/** Characters that are kept for a file that is opened late; more than any command writes at its usual level. */
const KEPT_CHARACTERS = 1 << 20;

export interface RunLog {
  /** Text of one line or several. Secrets in it are taken out. */
  write(level: LogLevel, text: string): void;
  /** What was written so far goes there first. */
  addFile(file: LogFile): void;
  /** Closes the files. Resolves with what went wrong, told once. */
  close(): Promise<string | undefined>;
}

export interface RunLogOptions {
  level: LogLevel;
  now: () => Date;
  /** Holds the secrets that must not be written. */
  env: Environment;
}

export function createRunLog({ level, now, env }: RunLogOptions): RunLog {
  const remove = secretRemover(env);
  const shown = LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(level) + 1);
  const files: LogFile[] = [];
  let kept = "";
  let problem: string | undefined;
  // One after the other, so that lines stay in order.
  let writing: Promise<void> = Promise.resolve();
  const send = (file: LogFile, text: string): void => {
    writing = writing
      .then(() => file.write(text))
      .catch((error: unknown) => {
        problem ??= `${file.path}: ${error instanceof Error ? error.message : String(error)}`;
      });
  };
  return {
    write(lineLevel, text) {
      if (!shown.includes(lineLevel)) return;
      const [first = "", ...rest] = printable(remove(text)).trimEnd().split("\n");
      const head = `${now().toISOString()} ${lineLevel.padEnd(5)} ${first}`;
      const lines = [head, ...rest.map((line) => `    ${line}`), ""].join("\n");
      if (kept.length < KEPT_CHARACTERS) kept += lines;
      for (const file of files) send(file, lines);
    },
    addFile(file) {
      files.push(file);
      send(file, kept);
    },
    async close() {
      await writing;
      for (const file of files) await file.close().catch(() => undefined);
      return problem;
    },
  };
}
