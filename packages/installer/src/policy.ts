// What a host demands of a bundle beyond being genuine: that it is not meant to be out of use, and that it does not take
// the host back. A stolen stick holds a genuine bundle too, of last year.

import { GoferryError, type EvidencePolicy, type OpenedBundle } from "@goferry/core";
import { shellQuote } from "./shell-quote.ts";
import type { State } from "./transaction/state.ts";

/** By the patterns that the root has and those that this installation pins in it: nothing in a bundle adds one. */
export function evidencePolicy(
  before: Pick<State, "root" | "privatePatterns">,
  { logKey, allowPrivate }: { logKey: string; allowPrivate: readonly string[] },
): EvidencePolicy {
  return {
    logKey,
    privatePatterns: [...before.privatePatterns, ...allowPrivate],
    howToAllow: (patterns) =>
      ["goferry trust allow-private", ...patterns.map(quoted), "--root", shellQuote(before.root)].join(" "),
  };
}

/** Always in quotes, because the next one that is typed after its example may have a star in it. */
function quoted(pattern: string): string {
  const plain = shellQuote(pattern);
  return plain.startsWith("'") ? plain : `'${plain}'`;
}

/**
 * @throws BUNDLE_EXPIRED; BUNDLE_OLDER if this root has had a bundle of this name with a higher serial; SERIAL_REUSED
 * if it has had another bundle of this name and serial
 */
export function checkPolicy(
  { contents, indexDigest }: Pick<OpenedBundle, "contents" | "indexDigest">,
  before: State,
  now: Date,
): void {
  const { name, serial, expires } = contents;
  const subject = `${name} serial ${serial}`;
  if (expires !== undefined && Date.parse(expires) <= now.getTime()) {
    throw new GoferryError("BUNDLE_EXPIRED", {
      subject,
      message: "the bundle is not to be used any more",
      expected: `an installation before ${expires}`,
      found: now.toISOString(),
      next: "Have a new bundle built; if the clock of this machine is wrong, set it",
    });
  }
  const seen = before.bundles.filter((each) => each.name === name);
  const highest = Math.max(...seen.map((each) => each.serial));
  if (serial < highest) {
    throw new GoferryError("BUNDLE_OLDER", {
      subject,
      message: "this root has had a newer bundle of this name",
      expected: `serial ${highest} or higher`,
      found: `${serial}`,
      next: "Install the newest bundle; an older one can go to a root of its own with --root",
    });
  }
  const same = seen.find((each) => each.serial === serial);
  if (same !== undefined && same.indexDigest !== indexDigest) {
    throw new GoferryError("SERIAL_REUSED", {
      subject,
      message: "two different bundles have this name and serial",
      expected: same.indexDigest,
      found: indexDigest,
      next: "Find out which one the signer means; a bundle that is built anew gets a serial of its own",
    });
  }
}
