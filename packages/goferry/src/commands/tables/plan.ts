// `goferry plan` as the command line and the help know it; what it does is in ../plan.ts.

import { EXIT } from "@goferry/core";
import { SPEC, SPEC_OPTIONS } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const planTable = {
  name: "plan",
  summary: "Show what a build would put into the bundle",
  description:
    "Reads the spec and the projects, asks the module proxy (or go.dev/dl) which Go versions there are and how large " +
    "their toolchains are, and shows what goferry build would decide and what is new since goferry.lock. Modules come from the lock if " +
    "nothing that was asked for changed since; else go.sum names those that are known before they are fetched. Nothing " +
    "is written.",
  positionals: { spec: SPEC },
  options: SPEC_OPTIONS,
  examples: [
    { line: "goferry plan", what: "For goferry.yaml in this folder" },
    { line: "goferry plan --from dl", what: "With the official archives of go.dev/dl" },
    {
      line: "goferry plan site/goferry.yaml --locked --json",
      what: "Is the lock still right? Exit code 2 if not",
    },
    {
      line: "goferry plan --ca-file /etc/corp/root.pem",
      what: "Behind a proxy or before servers of a site with an authority of its own",
    },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io, EXIT.notFound],
  answers: true,
} as const satisfies CommandTable;
