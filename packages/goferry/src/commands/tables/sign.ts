// `goferry sign` as the command line and the help know it; what it does is in ../sign.ts.

import { EXIT } from "@goferry/core";
import { BUNDLE, DRY_RUN, EVIDENCE_OPTIONS, SIGNER_OPTIONS, TRUSTING_ROOT, TRUST_OPTIONS } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const signTable = {
  name: "sign",
  summary: "Add a signature to a bundle",
  description:
    "Verifies a bundle as goferry verify does, by keys that you trust, and adds the signature of your key. Nothing else " +
    "in the file changes. A host that asks for two signatures (goferry trust require 2) takes no bundle that one person " +
    "alone has made.\n\n" +
    "The file is written beside its name and renamed when it is whole. A key that has signed already is refused.",
  positionals: { bundle: BUNDLE },
  options: {
    ...SIGNER_OPTIONS,
    out: { kind: "path", arg: "FILE", help: "Where to write it; in place of BUNDLE if left out." },
    ...TRUST_OPTIONS,
    root: TRUSTING_ROOT,
    ...EVIDENCE_OPTIONS,
    "dry-run": DRY_RUN,
  },
  examples: [
    {
      line: "goferry sign site.tar --sign-key officer/private.asc --key builds/public.asc",
      what: "In place, with a key from a file",
    },
    {
      line: "goferry sign site.tar --sign-with-gpg 9EF05226EC1428CDA626FF9248987D271A61BD7F --key builds/public.asc --out signed.tar",
      what: "With a key in gpg-agent or on a token",
    },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.preflight, EXIT.io, EXIT.notFound, EXIT.policy],
} as const satisfies CommandTable;
