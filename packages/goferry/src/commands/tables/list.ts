// `goferry list` as the command line and the help know it; what it does is in ../list.ts.

import { EXIT } from "@goferry/core";
import { ROOT_OPTION } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const listTable = {
  name: "list",
  summary: "Show the Go versions, bundles and generations of a root",
  description:
    "Shows which Go versions, bundles and modules are installed in a root, which generations it can go back to, and how " +
    "many bytes all of it takes.\n\n" +
    "With --evidence it says of each unit what vouches for it: the number of its record in the checksum database and the " +
    "tree that holds it, or the pattern of private modules; the bundles that brought it, and who signed them.",
  positionals: {},
  options: {
    root: ROOT_OPTION,
    evidence: { kind: "flag", help: "What vouches for each unit, for whoever has to sign it off." },
  },
  examples: [
    { line: "goferry list", what: "What is installed where this user installs" },
    { line: "goferry list --root /opt/goferry --json", what: "All modules of another root, for a program" },
    { line: "goferry list --evidence", what: "What vouches for each of them" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io],
  answers: true,
} as const satisfies CommandTable;
