// `goferry inspect` as the command line and the help know it; what it does is in ../inspect.ts.

import { EXIT } from "@goferry/core";
import { BUNDLE } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const inspectTable = {
  name: "inspect",
  summary: "Show what a bundle says of itself, unverified",
  description:
    "Shows what a bundle says of itself. Nothing is verified: whoever made the file could have written anything. " +
    "With --json all units and layers are listed.",
  positionals: { bundle: BUNDLE },
  options: {},
  examples: [
    { line: "goferry inspect site.tar", what: "What is this file?" },
    { line: "goferry inspect site.tar --json", what: "Every module and layer in it" },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.io, EXIT.notFound],
  answers: true,
} as const satisfies CommandTable;
