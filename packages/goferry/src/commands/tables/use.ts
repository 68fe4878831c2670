// `goferry use` as the command line and the help know it; what it does is in ../use.ts.

import { DRY_RUN, ROOT_EXITS, ROOT_OPTION } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const useTable = {
  name: "use",
  summary: "Choose which installed Go the command go is",
  description:
    "Switches go and gofmt to a version that is installed, in one step; builds that are running keep theirs. The " +
    "newest is chosen by install.\n\n" +
    "Often it is not needed: where a go.mod asks for a newer version that is installed, go switches to it by itself. " +
    "It never switches to an older one, which is what GOTOOLCHAIN=go1.26.8, for one command, and this command are for.",
  positionals: {
    version: {
      arg: "VERSION",
      help: "Version as goferry list shows it, such as 1.26.8; or 1.26, for the newest of that line. If left out: the one in the nearest .go-version.",
      kind: "text",
    },
  },
  options: { root: ROOT_OPTION, "dry-run": DRY_RUN },
  examples: [
    { line: "goferry use 1.26.8", what: "go is Go 1.26.8 from now on" },
    { line: "goferry use", what: "What the .go-version of this folder, or of one above it, asks for" },
    { line: "goferry use go1.27.1 --root /opt/goferry", what: "In another root" },
  ],
  exits: ROOT_EXITS.change,
  changesRoot: true,
} as const satisfies CommandTable;
