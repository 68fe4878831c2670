// Whether each unit of a bundle is what the checksum database knows under its name (DESIGN 1). This holds even
// against a bundle that was built on a captured machine and signed with a stolen key.

import { GoferryError } from "../errors.ts";
import { unitName, type Contents, type Unit } from "../format/contents.ts";
import { openTreeHead, verifyEvidence } from "../sumdb/evidence.ts";
import { parseVerifier } from "../sumdb/note.ts";
import { logMismatch, type TreeHead } from "../sumdb/tlog.ts";

export interface EvidencePolicy {
  /** The key of the checksum database, in the syntax of GOSUMDB. */
  logKey: string;
  /** Whether the administrator of this host allows a module of this path without a log record. */
  allowPrivate(path: string): boolean;
}

export interface EvidenceReport {
  /** The verified tree head, if any unit is in the log. */
  head: TreeHead | undefined;
  logged: number;
  private: number;
}

/**
 * @throws LOG_MISMATCH; PRIVATE_REFUSED for a unit that only the bundle's signature vouches for; ARGUMENT_INVALID for a
 * key of the log that cannot be read
 */
export function checkEvidence({ log, units }: Contents, policy: EvidencePolicy): EvidenceReport {
  const head = log === undefined ? undefined : openLog(log, policy);
  let logged = 0;
  for (const unit of units) {
    if (unit.evidence === "private") checkPrivate(unit, policy);
    else if (head === undefined) refuseWithoutHead(unit);
    else {
      verifyEvidence({ unit, evidence: unit.evidence, head });
      logged += 1;
    }
  }
  return { head, logged, private: units.length - logged };
}

/** The name is what hosts will show and call their folder; only the key's own name was signed. */
function openLog({ name, head }: NonNullable<Contents["log"]>, { logKey }: EvidencePolicy): TreeHead {
  const known = parseVerifier(logKey).name;
  if (name === known) return openTreeHead(head, logKey);
  throw logMismatch("tree head of the checksum database", "the bundle names another checksum database", {
    expected: known,
    found: JSON.stringify(name),
  });
}

function checkPrivate(unit: Unit, { allowPrivate }: EvidencePolicy): void {
  if (unit.kind !== "toolchain" && allowPrivate(unit.path)) return;
  throw new GoferryError("PRIVATE_REFUSED", {
    subject: unitName(unit),
    message: "only the bundle's signature vouches for this module, and nobody has allowed that on this host",
    expected: "a record of the checksum database, or a pattern that allows the path",
    found: "private",
    next: `If it is your own, allow it: --allow-private '${unit.path}'`,
  });
}

/** The schema of the contents has refused this already. */
function refuseWithoutHead(unit: Unit): never {
  throw new GoferryError("LOG_MISMATCH", {
    subject: unitName(unit),
    message: "there is no tree head for its proof",
    next: "Have the bundle built again",
  });
}
