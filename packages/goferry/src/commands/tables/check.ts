// `goferry check` as the command line and the help know it; what it does is in ../check.ts.

import { EXIT } from "@goferry/core";
import { ROOT_OPTION } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const checkTable = {
  name: "check",
  summary: "Compare every installed file with what was verified",
  description:
    "Compares what is installed with the hashes that were proven when it was installed, and with what goferry itself " +
    "wrote: the trees of Go versions and modules, their zips, go.env, links, lists and answers of the checksum database, " +
    "start-up files and links outside of the root; modes and owners too. Names what is changed, missing or extra. Needs no " +
    "bundle and changes nothing.\n\n" +
    "What go itself adds to mod/, in a root that it may write to, is told and is no drift.\n\n" +
    "Exit code 0: all is as it was verified. 3: it is not.",
  positionals: {},
  options: {
    root: ROOT_OPTION,
    quick: {
      kind: "flag",
      help: "Compare sizes and times instead of contents; small files are read all the same.",
    },
  },
  examples: [
    { line: "goferry check", what: "Read and compare every file" },
    {
      line: "goferry check --quick --root /opt/goferry --json",
      what: "For a timer: seconds, and one JSON object",
    },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.preflight, EXIT.locked, EXIT.io, EXIT.notFound],
  answers: true,
} as const satisfies CommandTable;
