// `goferry gc` as the command line and the help know it; what it does is in ../gc.ts.

import { EXIT } from "@goferry/core";
import { DRY_RUN, ROOT_OPTION } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

/** The current one, and the one before. */
export const KEEP = 2;

export const gcTable = {
  name: "gc",
  summary: "Free what no generation that is kept needs",
  description:
    "Removes Go versions and modules that only older generations have, and the files of these generations, which cannot " +
    "be gone back to then. What is installed now always stays; so does what goferry did not put there.\n\n" +
    "Builds that are running with a Go that is removed go on until they need another of its files.",
  positionals: {},
  options: {
    root: ROOT_OPTION,
    keep: {
      kind: "count",
      arg: "N",
      help: `How many generations stay, the current one among them; ${KEEP} if left out.`,
      setting: true,
    },
    "dry-run": DRY_RUN,
  },
  examples: [
    { line: "goferry gc --dry-run", what: "How much would it free?" },
    { line: "goferry gc --keep 1 --root /opt/goferry", what: "Keep nothing but what is installed now" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.locked, EXIT.io, EXIT.rolledBack],
  changesRoot: true,
} as const satisfies CommandTable;
