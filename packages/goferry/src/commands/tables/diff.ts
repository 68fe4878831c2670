// `goferry diff` as the command line and the help know it; what it does is in ../diff.ts.

import { EXIT } from "@goferry/core";
import { TRUST_OPTIONS, TRUSTING_ROOT } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

const SIDE = { arg: "A", help: "Bundle or goferry.lock, the older one.", required: true } as const;

export const diffTable = {
  name: "diff",
  summary: "Show what changed from one bundle or lock to another",
  description:
    "Compares two bundles, two locks, or one of each: Go versions, platforms, modules, hashes that changed under the " +
    "same version (an alarm: no honest change explains them), private modules, and what the spec asked for. Times, " +
    "serials and tree heads are not compared.\n\n" +
    "A bundle is compared only if trusted keys signed its contents; a lock is a file of yours, and nobody signed it. " +
    "The bytes of modules and toolchains are not read: goferry verify does that. The exit code is 0 whether or not " +
    "anything differs; with --json, `same` and `alarms` say it.",
  positionals: { a: SIDE, b: { ...SIDE, arg: "B", help: "Bundle or goferry.lock, the newer one." } },
  options: {
    ...TRUST_OPTIONS,
    root: TRUSTING_ROOT,
    unverified: { kind: "flag", help: "Compare what bundles say of themselves, without asking who says it." },
  },
  examples: [
    { line: "goferry diff old.tar new.tar --key keys/public.asc", what: "What does the new bundle bring?" },
    {
      line: "goferry diff site.tar goferry.lock --key keys/public.asc --json",
      what: "Is the bundle what the lock says?",
    },
    { line: "goferry diff goferry.lock.old goferry.lock", what: "Two locks, which need no key" },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.preflight, EXIT.io, EXIT.notFound, EXIT.policy],
  answers: true,
} as const satisfies CommandTable;
