// `goferry repair` as the command line and the help know it; what it does is in ../repair.ts.

import { DRY_RUN, ROOT_EXITS, ROOT_OPTION, TRUST_OPTIONS } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const repairTable = {
  name: "repair",
  summary: "Mend what goferry check finds, and nothing else",
  description:
    "Puts back what is changed or missing and takes away what was added where it could be run or built in, in one step " +
    "like an installation; everything else keeps its bytes. Files of Go and of modules come from a bundle that holds " +
    "the same content: any bundle, also an older one or one that has expired, because the hashes that were proven when they " +
    "were installed decide. Without a bundle, links, lists, go.env, modes and other things that follow from the state " +
    "are mended, and the rest is named.\n\n" +
    "The root has what it had, so there is no new generation. Exit code 3: not everything could be mended.",
  positionals: { bundle: { arg: "BUNDLE", help: "Bundle that holds what is damaged." } },
  options: { ...TRUST_OPTIONS, root: ROOT_OPTION, "dry-run": DRY_RUN },
  examples: [
    { line: "goferry repair site.tar --key keys/public.asc", what: "Mend everything" },
    { line: "goferry repair --root /opt/goferry", what: "Mend what needs no bundle" },
    { line: "goferry repair site.tar --key keys/public.asc --dry-run --json", what: "What would it mend?" },
  ],
  exits: ROOT_EXITS.verified,
  changesRoot: true,
} as const satisfies CommandTable;
