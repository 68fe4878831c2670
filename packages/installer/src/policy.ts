// What a host demands of a bundle beyond being genuine: that it is not meant to be out of use, that it does not take the
// host back, and that it does not claim to be from the future. A stolen stick holds a genuine bundle too, of last year;
// and who has a stolen key could sign a bundle of the year 2099, after which every honest one would be an old one.

import { isDeepStrictEqual } from "node:util";
import {
  checkEvidence,
  CLOCK_TOLERANCE,
  GoferryError,
  type Contents,
  type EvidencePolicy,
  type EvidenceReport,
  type OpenedBundle,
} from "@goferry/core";
import type { Finding } from "./findings.ts";
import { isWindowsPath, shellQuote } from "./shell-quote.ts";
import type { State } from "./transaction/state.ts";

/** What somebody asked for on the command line, for one installation; no setting and no bundle can. */
export interface PolicyExceptions {
  /** A bundle that is older than one which the root has had. */
  downgrade?: boolean | undefined;
  /** A bundle that has expired, or of which the clock of this machine cannot tell. */
  expired?: boolean | undefined;
}

export interface PolicyContext {
  /** The clock of this machine. */
  now: Date;
  /** Time of the last line of the root's audit log, which tells of failures too; undefined if there is none. */
  lastAudit: Date | undefined;
  exceptions?: PolicyExceptions | undefined;
}

/** By the patterns that the root has and those that this installation pins in it: nothing in a bundle adds one. */
function evidencePolicy(
  before: Pick<State, "root" | "privatePatterns">,
  { logKey, allowPrivate }: { logKey: string; allowPrivate: readonly string[] },
): EvidencePolicy {
  return {
    logKey,
    privatePatterns: [...before.privatePatterns, ...allowPrivate],
    howToAllow: (patterns) =>
      [
        "goferry trust allow-private",
        ...patterns.map((each) => quoted(each, before.root)),
        "--root",
        shellQuote(before.root),
      ].join(" "),
  };
}

/**
 * The proofs of a bundle, looked at by what the root allows: once, and again only if that has changed, because those of 600
 * units take a tenth of a second. What it returns throws what `checkEvidence` throws.
 */
export function evidenceCheck(
  { contents }: Pick<OpenedBundle, "contents">,
  options: { logKey: string; allowPrivate: readonly string[] },
): (before: Pick<State, "root" | "privatePatterns">) => EvidenceReport {
  let proven: { patterns: readonly string[]; report: EvidenceReport } | undefined;
  return (before) => {
    const policy = evidencePolicy(before, options);
    const patterns = policy.privatePatterns;
    if (proven === undefined || !isDeepStrictEqual(patterns, proven.patterns)) {
      proven = { patterns, report: checkEvidence(contents, policy) };
    }
    return proven.report;
  };
}

/** Always in quotes, because the next one that is typed after its example may have a star in it. */
function quoted(pattern: string, root: string): string {
  if (isWindowsPath(root)) return `"${pattern}"`;
  const plain = shellQuote(pattern);
  return plain.startsWith("'") ? plain : `'${plain}'`;
}

/** How far ahead of the clock a bundle may be, in ms, before it is not the clock that is doubted. */
const MAX_AHEAD = 30 * 24 * 60 * 60 * 1000;

/**
 * @returns what was let through because the command line asked for it, for the report and the audit log
 * @throws CLOCK_BEHIND, SERIAL_AHEAD; BUNDLE_EXPIRED; BUNDLE_OLDER if this root has had a bundle of this name with a
 * higher serial; SERIAL_REUSED if it has had another bundle of this name and serial
 */
export function checkPolicy(
  { contents, indexDigest }: Pick<OpenedBundle, "contents" | "indexDigest">,
  before: Pick<State, "serials" | "bundles" | "change">,
  { now, lastAudit, exceptions = {} }: PolicyContext,
): Finding[] {
  const lastChange = latest(before.change === null ? undefined : new Date(before.change.at), lastAudit);
  const mark = before.serials.find(({ name }) => name === contents.name);
  refuseReused(contents, indexDigest, [...before.bundles, ...(mark === undefined ? [] : [mark])]);
  refuseFuture(contents, now, lastChange);
  return [
    ...exceptIf(exceptions.expired, "--allow-expired", clockBehind(contents, now, lastChange)),
    ...exceptIf(exceptions.expired, "--allow-expired", expired(contents, now)),
    ...exceptIf(exceptions.downgrade, "--allow-downgrade", older(contents, mark?.serial ?? 0)),
  ];
}

/** A refusal, or a remark if the command line has asked for this. */
function exceptIf(allowed: boolean | undefined, flag: string, refusal: GoferryError | undefined): Finding[] {
  if (refusal === undefined) return [];
  if (allowed !== true) throw refusal;
  const { code, subject, message, expected, found } = refusal;
  const detail = {
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  };
  return [{ code, level: "warn", subject, message: `${message}; ${flag} allows it this once`, ...detail }];
}

function refuseReused(
  contents: Contents,
  indexDigest: string,
  seen: readonly { name: string; serial: number; indexDigest: string }[],
): void {
  const { name, serial } = contents;
  const same = seen.find((each) => each.name === name && each.serial === serial);
  if (same === undefined || same.indexDigest === indexDigest) return;
  throw new GoferryError("SERIAL_REUSED", {
    subject: nameOf(contents),
    message: "two different bundles have this name and serial",
    expected: same.indexDigest,
    found: indexDigest,
    next: "Find out which one the signer means; a bundle that is built anew gets a serial of its own",
  });
}

/**
 * A serial is the time at which a bundle was created, and a host keeps the highest. So it must not be far ahead of the
 * clock, or one bad bundle would lock out all that come after it; nothing allows that. If it is not far, or the root
 * itself says that the clock is behind, the clock is the more likely reason.
 */
function refuseFuture(contents: Contents, now: Date, lastChange: Date | undefined): void {
  const created = Date.parse(contents.created);
  if (created <= now.getTime() + CLOCK_TOLERANCE) return;
  const isClock = created <= now.getTime() + MAX_AHEAD || isBehind(now, lastChange);
  throw new GoferryError(isClock ? "CLOCK_BEHIND" : "SERIAL_AHEAD", {
    subject: nameOf(contents),
    message: isClock
      ? "by the clock of this machine the bundle was made in the future"
      : "the bundle says that it was made in a distant future; once installed, it would make every later bundle an old one",
    expected: `a bundle that was made before ${now.toISOString()}, the clock of this machine`,
    found: contents.created,
    next: "Compare this machine's clock with a watch and set it. If it is right, do not change it: the clock where the bundle was built is wrong, or somebody else has the key.",
  });
}

/** Of a change, and of what was tried since: a refusal because of a clock that is behind must not be what next time is believed. */
function latest(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a > b ? a : b;
}

function isBehind(now: Date, lastChange: Date | undefined): lastChange is Date {
  return lastChange !== undefined && lastChange.getTime() > now.getTime() + CLOCK_TOLERANCE;
}

/** No expiry can be judged by a clock that shows a time which has passed already. */
function clockBehind(contents: Contents, now: Date, lastChange: Date | undefined): GoferryError | undefined {
  if (!isBehind(now, lastChange)) return undefined;
  return new GoferryError("CLOCK_BEHIND", {
    subject: nameOf(contents),
    message: "the clock of this machine is behind the last change of this root",
    expected: `a time after ${lastChange.toISOString()}, by the audit log of the root`,
    found: now.toISOString(),
    next: "Set the clock of this machine. If it is right now and was wrong when the root was last changed: add --allow-expired once",
  });
}

function expired(contents: Contents, now: Date): GoferryError | undefined {
  const { expires } = contents;
  if (expires === undefined || Date.parse(expires) > now.getTime()) return undefined;
  return new GoferryError("BUNDLE_EXPIRED", {
    subject: nameOf(contents),
    message: "the bundle is not to be used any more",
    expected: `an installation before ${expires}`,
    found: now.toISOString(),
    next: "Have a new bundle built; if the clock of this machine is wrong, set it. To install it all the same: --allow-expired, which the audit log will say",
  });
}

function older(contents: Contents, highest: number): GoferryError | undefined {
  if (contents.serial >= highest) return undefined;
  return new GoferryError("BUNDLE_OLDER", {
    subject: nameOf(contents),
    message: "this root has had a newer bundle of this name",
    expected: `serial ${highest} or higher`,
    found: `${contents.serial}`,
    next: "Install the newest bundle. If it must be this one: --allow-downgrade, which the audit log will say, or a root of its own with --root",
  });
}

function nameOf({ name, serial }: Contents): string {
  return `${name} serial ${serial}`;
}
