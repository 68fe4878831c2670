// `goferry verify` as the command line and the help know it; what it does is in ../verify.ts.

import { EXIT } from "@goferry/core";
import { BUNDLE, EVIDENCE_OPTIONS, TRUSTING_ROOT, TRUST_OPTIONS } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const verifyTable = {
  name: "verify",
  summary: "Check signatures, contents and log proofs of a bundle",
  description:
    "Checks that trusted keys signed the bundle, that every byte is what they signed, that every toolchain and " +
    "module has the hash it should have, and that the checksum database has that hash under this name. Everything that " +
    "is wrong is told, not only the first of it; with --json all of it, on a terminal the beginning.\n\n" +
    "Keys are trusted because you name them with --key, or pinned them with goferry trust add; never take them from the " +
    "medium that carries the bundle.",
  positionals: { bundle: BUNDLE },
  options: {
    ...TRUST_OPTIONS,
    root: TRUSTING_ROOT,
    quick: {
      kind: "flag",
      help: "Only signatures and bytes: do not unpack, do not look at hashes and log proofs.",
    },
    report: {
      kind: "path",
      arg: "FILE",
      help: "Also write the report to a file that is not there yet, with lines to sign it off.",
    },
    ...EVIDENCE_OPTIONS,
  },
  examples: [
    { line: "goferry verify site.tar --key keys/public.asc", what: "Everything that can be checked" },
    {
      line: "goferry verify site.tar --key keys/public.asc --quick --json",
      what: "Did the copy arrive whole?",
    },
    {
      line: "goferry verify site.tar --key keys/public.asc --report site.txt",
      what: "A report to be kept and signed off",
    },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.preflight, EXIT.io, EXIT.notFound, EXIT.policy],
} as const satisfies CommandTable;
