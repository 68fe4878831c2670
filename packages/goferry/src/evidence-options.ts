// What the administrator of a host says about evidence: the key of the checksum database, and which modules need no
// record in it.

import { SUM_GOLANG_ORG_KEY, type EvidencePolicy } from "@goferry/core";
import type { OptionTable } from "./option.ts";

export const EVIDENCE_OPTIONS = {
  "allow-private": {
    kind: "texts",
    arg: "PATTERN",
    help: "Accept modules of these paths without a record of the checksum database, as in GOPRIVATE.",
    setting: true,
  },
  "log-key": {
    kind: "text",
    arg: "KEY",
    help: "Key of the checksum database, as in GOSUMDB; sum.golang.org's if left out.",
    setting: true,
  },
} as const satisfies OptionTable;

/** For a bundle that is looked at, and not installed: the patterns are those of the command line only. */
export function evidencePolicy(allowPrivate: readonly string[], logKey: string | undefined): EvidencePolicy {
  return {
    logKey: logKey ?? SUM_GOLANG_ORG_KEY,
    privatePatterns: allowPrivate,
    howToAllow: (patterns) => `add ${patterns.map((each) => `--allow-private '${each}'`).join(" ")}`,
  };
}
