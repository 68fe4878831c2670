// What the administrator of a host says about evidence: the key of the checksum database, and which modules need no
// record in it.

import { SUM_GOLANG_ORG_KEY, type EvidencePolicy } from "@goferry/core";

/** For a bundle that is looked at, and not installed: the patterns are those of the command line only. */
export function evidencePolicy(allowPrivate: readonly string[], logKey: string | undefined): EvidencePolicy {
  return {
    logKey: logKey ?? SUM_GOLANG_ORG_KEY,
    privatePatterns: allowPrivate,
    howToAllow: (patterns) => `add ${patterns.map((each) => `--allow-private '${each}'`).join(" ")}`,
  };
}
