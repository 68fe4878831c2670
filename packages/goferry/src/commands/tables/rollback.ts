// `goferry rollback` as the command line and the help know it; what it does is in ../rollback.ts.

import { DRY_RUN, ROOT_EXITS, ROOT_OPTION } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const rollbackTable = {
  name: "rollback",
  summary: "Go back to what a root had before",
  description:
    "Each change of a root makes a generation, and all that it has stays on the disk until goferry gc. So going back " +
    "needs no bundle and is one switch: which Go is current, what go.env says, which versions of a module go finds. " +
    "It makes a generation of its own; rolling back again undoes it.\n\n" +
    "What the administrator decided does not go back (private patterns, trusted keys), nor what the root has seen " +
    "(the highest serial of each bundle, trees of the checksum database, the audit log), nor goferry itself. Private modules whose " +
    "pattern was removed since are back all the same, and named.",
  positionals: {
    generation: {
      arg: "N",
      help: "Generation as goferry list shows it; the one before the current one if left out.",
      kind: "text",
    },
  },
  options: { root: ROOT_OPTION, "dry-run": DRY_RUN },
  examples: [
    { line: "goferry rollback", what: "Undo the last change" },
    { line: "goferry rollback 3 --root /opt/goferry --dry-run", what: "What would be different?" },
  ],
  exits: ROOT_EXITS.change,
  changesRoot: true,
} as const satisfies CommandTable;
