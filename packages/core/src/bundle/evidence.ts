// Whether each unit of a bundle is what the checksum database knows under its name (DESIGN 1). This holds even
// against a bundle that was built on a captured machine and signed with a stolen key.

import { GoferryError } from "../errors.ts";
import type { Contents, Unit } from "../format/contents.ts";
import { unitName } from "../format/units.ts";
import { matchingPattern, proposePatterns } from "../gomodule/patterns.ts";
import { openTreeHead, verifyEvidence } from "../sumdb/evidence.ts";
import { openEarlier } from "../sumdb/history.ts";
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
  /** Units whose record was proven to be in the log. */
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
 * @throws LOG_MISMATCH; PRIVATE_REFUSED for units that only the bundle's signature vouches for, all of them in one refusal,
 * so that nobody has to ask twice; ARGUMENT_INVALID for a key of the log that cannot be read
 */
export function checkEvidence(contents: Contents, policy: EvidencePolicy): EvidenceReport {
  const refusals: GoferryError[] = [];
  const report = reviewEvidence(contents, policy, (finding) => {
    if (finding.code !== "PRIVATE_REFUSED") throw finding;
    refusals.push(finding);
  });
  const [first, ...others] = refusals;
  if (first === undefined) return report;
  const { code, subject, message, expected, found, next } = first;
  const rest = others.length === 0 ? "" : `; and so are ${others.map((each) => each.subject).join(", ")}`;
  throw new GoferryError(code, { subject, message, expected, found: `${found}${rest}`, next });
}

/**
 * Tells of everything that does not agree with the log, and of each private unit that nobody has allowed. Without a tree
 * head to believe, no unit is proven, and only that is told.
 * @throws ARGUMENT_INVALID for a key of the log that cannot be read
 */
export function reviewEvidence(
  { log, units }: Contents,
  policy: EvidencePolicy,
  report: (finding: GoferryError) => void,
): EvidenceReport {
  const [head, ...earlier] = log === undefined ? [] : openLog(log, policy, report);
  const unlogged = units.filter(({ evidence }) => evidence === "private");
  let logged = 0;
  for (const unit of units) {
    if (unit.evidence === "private") continue;
    const { evidence } = unit;
    if (log === undefined) report(withoutHead(unit));
    // A head that does not hold has been told.
    else if (head !== undefined && holds(() => verifyEvidence({ unit, evidence, head }), report)) logged++;
  }
  const uses = patternUses(unlogged, policy.privatePatterns);
  for (const refusal of privateRefusals(unlogged, uses, policy)) report(refusal);
  return {
    head,
    continues: earlier.map(({ size }) => size),
    logged,
    private: unlogged.length,
    patterns: uses,
  };
}

/** The schema of the contents has refused this already. */
function withoutHead(unit: Unit): GoferryError {
  return new GoferryError("LOG_MISMATCH", {
    subject: unitName(unit),
    message: "there is no tree head for its proof",
    next: "Have the bundle built again",
  });
}

function holds(check: () => void, report: (finding: GoferryError) => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (!(error instanceof GoferryError)) throw error;
    report(error);
    return false;
  }
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

/** The bundle's head and those before it, as far as they hold. */
function openLog(
  { name, head, earlier = [] }: NonNullable<Contents["log"]>,
  { logKey }: EvidencePolicy,
  report: (finding: GoferryError) => void,
): TreeHead[] {
  const known = parseVerifier(logKey).name;
  // The name is what hosts will show and call their folder; only the key's own name was signed.
  if (name !== known) {
    const names = { expected: known, found: JSON.stringify(name) };
    report(logMismatch(HEAD, "the bundle names another checksum database", names));
    return [];
  }
  const heads: TreeHead[] = [];
  holds(() => heads.push(openTreeHead(head, logKey)), report);
  const [newest] = heads;
  if (newest === undefined) return [];
  for (const each of earlier) holds(() => heads.push(openEarlier(newest, each, logKey)), report);
  return heads;
}

const HEAD = "tree head of the checksum database";

/** One for each that nothing allows; toolchains first, because of them nothing can. */
function privateRefusals(
  units: readonly Unit[],
  uses: readonly PatternUse[],
  { privatePatterns, howToAllow = (patterns) => `allow ${patterns.join(" ")}` }: EvidencePolicy,
): GoferryError[] {
  const allowed = new Set(uses.flatMap((use) => use.units));
  const refused = units.filter((unit) => !allowed.has(unitName(unit)));
  const modules = refused.filter(({ kind }) => kind !== "toolchain");
  const patterns = proposePatterns(modules.map(({ path }) => path));
  return [
    ...refused.filter(({ kind }) => kind === "toolchain").map(toolchainRefusal),
    ...modules.map(
      (unit) =>
        new GoferryError("PRIVATE_REFUSED", {
          subject: unitName(unit),
          message:
            "only the bundle's signature vouches for this module, and nobody has allowed that on this host",
          expected: `a record of the checksum database, or a path that is allowed here (${privatePatterns.join(", ") || "none is"})`,
          found: "private",
          next: `Only if these are modules of your own: ${howToAllow(patterns)}`,
        }),
    ),
  ];
}

function toolchainRefusal(unit: Unit): GoferryError {
  return new GoferryError("PRIVATE_REFUSED", {
    subject: unitName(unit),
    message: "only the bundle's signature vouches for this toolchain, which nobody can allow",
    expected: "a record of the checksum database",
    found: "private",
    next: "Do not use this bundle: every toolchain of Go is in the checksum database",
  });
}
