// `goferry trust list` as the command line and the help know it; what it does is in ../trust-list.ts.

import { EXIT } from "@goferry/core";
import { TRUST_PLACE } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const trustListTable = {
  name: "trust list",
  summary: "Show which keys and private modules a root accepts",
  description:
    "Shows the keys that sign for a root or a user, how many of them must have signed, and which keys are refused for " +
    "ever; and of a root the patterns of private modules that it accepts, and how many installed units each has let in.",
  positionals: {},
  options: TRUST_PLACE,
  examples: [
    { line: "goferry trust list", what: "Where this user installs" },
    { line: "goferry trust list --root /opt/goferry --json", what: "With the names of the units" },
    { line: "goferry trust list --user", what: "The keys of this user" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io],
  answers: true,
} as const satisfies CommandTable;
