// `goferry audit` and `goferry audit verify` as the command line and the help know them; what they do is in ../audit.ts.

import { EXIT } from "@goferry/core";
import { ROOT_OPTION } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

/** Lines that a person sees if nothing else is asked for. */
export const SHOWN = 20;

export const auditTable = {
  name: "audit",
  summary: "Show who changed a root, and who tried to",
  description:
    "Shows the audit log of a root: time, user (with sudo also who became that user), what was done, to what, how it " +
    "ended, by which bundle and on whose signature. Commands that were refused or taken back are there with their " +
    "error code.\n\n" +
    "Whether the log was changed by others is what goferry audit verify tells.",
  positionals: {},
  options: {
    root: ROOT_OPTION,
    last: {
      kind: "count",
      arg: "N",
      help: `How many lines, from the end; ${SHOWN} if left out, with --json all.`,
    },
  },
  examples: [
    { line: "goferry audit", what: "The last changes where this user installs" },
    { line: "goferry audit --root /opt/goferry --last 100 --json", what: "For a program" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io, EXIT.notFound],
  answers: true,
} as const satisfies CommandTable;

export const auditVerifyTable = {
  name: "audit verify",
  summary: "Find out whether an audit log was changed",
  description:
    "Checks that every line of the audit log continues the one before, and that state.json knows the last change: lines " +
    "that were changed, removed, inserted or moved, and an end that was cut off, are named by file and line.\n\n" +
    "Who may write in the root could write all of it anew, or cut off what failed after the last change. That shows " +
    "only in what stands elsewhere: in syslog (journalctl -t goferry), or in a HEAD that was noted down earlier, for " +
    "--expect. HEAD is what this command prints.",
  positionals: {},
  options: {
    root: ROOT_OPTION,
    expect: {
      kind: "text",
      arg: "HEAD",
      help: "Digest that this command printed earlier, or that syslog has: the log must still contain that line.",
    },
  },
  examples: [
    { line: "goferry audit verify", what: "Is the log whole? Prints its head" },
    {
      line: `goferry audit verify --root /opt/goferry --expect sha256:${"5f".repeat(32)}`,
      what: "And does it still contain what was noted?",
    },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.preflight, EXIT.io, EXIT.notFound],
  answers: true,
} as const satisfies CommandTable;
