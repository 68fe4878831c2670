// `goferry uninstall` as the command line and the help know it; what it does is in ../uninstall.ts.

import { DRY_RUN, ROOT_EXITS, ROOT_OPTION } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const uninstallTable = {
  name: "uninstall",
  summary: "Take a Go version, a bundle or everything away",
  description:
    "One version, or what only one bundle brought: what another bundle brought too stays. It is a switch that makes a " +
    "generation; goferry rollback goes back from it, goferry gc frees the space.\n\n" +
    "With --all the root goes, and what was changed outside of it is taken back: start-up files of shells are byte for " +
    "byte what they were, unless others have changed them since, which is told and stays. What goferry did not put into " +
    "the root is named and left. Interrupted, the next goferry on this root finishes it.",
  positionals: {
    version: { arg: "VERSION", help: "Go version as goferry list shows it, such as 1.26.8.", kind: "text" },
  },
  options: {
    bundle: {
      kind: "text",
      arg: "NAME",
      help: "Name of a bundle as goferry list shows it; all serials of it.",
    },
    all: { kind: "flag", help: "Everything, with the root itself." },
    root: ROOT_OPTION,
    "dry-run": DRY_RUN,
  },
  examples: [
    { line: "goferry uninstall go1.26.8", what: "One version; its files stay until goferry gc" },
    {
      line: "goferry uninstall --bundle site --root /opt/goferry",
      what: "What only the bundles named site brought",
    },
    { line: "goferry uninstall --all --dry-run", what: "What would go, and what would stay?" },
  ],
  exits: ROOT_EXITS.change,
  changesRoot: true,
} as const satisfies CommandTable;
