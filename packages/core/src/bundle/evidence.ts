// Whether each unit of a bundle is what the checksum database knows under its name (DESIGN 1). This holds even
// against a bundle that was built on a captured machine and signed with a stolen key.

import { GoferryError } from "../errors.ts";
import { unitName, type Contents, type Unit } from "../format/contents.ts";
import { matchingPattern, proposePatterns } from "../gomodule/patterns.ts";
import { verifyEvidence } from "../sumdb/evidence.ts";
import { openHistory } from "../sumdb/history.ts";
import { parseVerifier } from "../sumdb/note.ts";
import { logMismatch, type TreeHead } from "../sumdb/tlog.ts";

export interface EvidencePolicy {
  /** The key of the checksum database, in the syntax of GOSUMDB. */
  logKey: string;
  /** Patterns, as in GOPRIVATE, of the modules that the administrator of this host allows without a log record. */
  privatePatterns: readonly string[];
  /** What to type so that modules of these patterns are allowed: the next step of a refusal. */
  howToAllow?: (patterns: readonly string[]) => string;
}

export interface EvidenceReport {
  /** The verified tree head, if any unit is in the log. */
  head: TreeHead | undefined;
  /** Sizes, in records, of the earlier heads that this one was shown to continue; largest first. */
  continues: number[];
  logged: number;
  private: number;
  /** Why the private ones were accepted: every pattern that one of them needed, with their names. */
  patterns: PatternUse[];
}

/** A pattern of private modules, and the units (`path@version`) that match it. */
export interface PatternUse {
  pattern: string;
  units: string[];
}

/**
 * @throws LOG_MISMATCH; PRIVATE_REFUSED for units that only the bundle's signature vouches for; ARGUMENT_INVALID for a
 * key of the log that cannot be read
 */
export function checkEvidence({ log, units }: Contents, policy: EvidencePolicy): EvidenceReport {
  const [head, ...earlier] = log === undefined ? [] : openLog(log, policy);
  const unlogged = units.filter(({ evidence }) => evidence === "private");
  for (const unit of units) {
    if (unit.evidence === "private") continue;
    if (head === undefined) refuseWithoutHead(unit);
    else verifyEvidence({ unit, evidence: unit.evidence, head });
  }
  const uses = patternUses(unlogged, policy.privatePatterns);
  refusePrivate(unlogged, uses, policy);
  return {
    head,
    continues: earlier.map(({ size }) => size),
    logged: units.length - unlogged.length,
    private: unlogged.length,
    patterns: uses,
  };
}

/** By which of the patterns units are private, each unit by the first that matches; toolchains never are. */
export function patternUses(
  units: readonly { kind: string; path: string; version: string }[],
  patterns: readonly string[],
): PatternUse[] {
  const uses = new Map<string, string[]>();
  for (const unit of units) {
    const pattern = unit.kind === "toolchain" ? undefined : matchingPattern(patterns, unit.path);
    if (pattern !== undefined) uses.set(pattern, [...(uses.get(pattern) ?? []), unitName(unit)]);
  }
  return [...uses].map(([pattern, names]) => ({ pattern, units: names }));
}

/** The name is what hosts will show and call their folder; only the key's own name was signed. */
function openLog(log: NonNullable<Contents["log"]>, { logKey }: EvidencePolicy): TreeHead[] {
  const known = parseVerifier(logKey).name;
  if (log.name === known) return openHistory(log, logKey);
  throw logMismatch("tree head of the checksum database", "the bundle names another checksum database", {
    expected: known,
    found: JSON.stringify(log.name),
  });
}

/** All that nothing allows in one refusal, so that nobody has to ask twice. */
function refusePrivate(units: readonly Unit[], uses: readonly PatternUse[], policy: EvidencePolicy): void {
  const allowed = new Set(uses.flatMap((use) => use.units));
  const refused = units.filter((unit) => !allowed.has(unitName(unit)));
  const [first, ...others] = refused;
  if (first === undefined) return;
  const toolchain = refused.find(({ kind }) => kind === "toolchain");
  if (toolchain !== undefined) refuseToolchain(toolchain);
  const { privatePatterns, howToAllow = (patterns) => `allow ${patterns.join(" ")}` } = policy;
  const rest = others.length === 0 ? "" : `; and so are ${others.map(unitName).join(", ")}`;
  throw new GoferryError("PRIVATE_REFUSED", {
    subject: unitName(first),
    message: "only the bundle's signature vouches for this module, and nobody has allowed that on this host",
    expected: `a record of the checksum database, or a path that is allowed here (${privatePatterns.join(", ") || "none is"})`,
    found: `private${rest}`,
    next: `Only if these are modules of your own: ${howToAllow(proposePatterns(refused.map(({ path }) => path)))}`,
  });
}

function refuseToolchain(unit: Unit): never {
  throw new GoferryError("PRIVATE_REFUSED", {
    subject: unitName(unit),
    message: "only the bundle's signature vouches for this toolchain, which nobody can allow",
    expected: "a record of the checksum database",
    found: "private",
    next: "Do not use this bundle: every toolchain of Go is in the checksum database",
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
