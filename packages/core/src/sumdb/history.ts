// How tree heads of one log follow each other. A log that shows one history to the builder of bundles and another one to
// the rest of the world has to sign two heads that cannot be connected; so a host remembers the largest head that it has
// seen, and asks every bundle to connect its own head with that one (RFC 6962, section 2.1.2).

import { decodeProof, openTreeHead } from "./evidence.ts";
import { checkConsistency, logMismatch, type TreeHead } from "./tlog.ts";

/** A head that an earlier bundle used, as the contents of a bundle have it. */
export interface EarlierHead {
  /** Its signed note. */
  head: string;
  /** Consistency proof from it to the bundle's head: 32-byte hashes, joined, in base64. */
  proof: string;
}

/** The head of a bundle, and those that were shown to come before it. */
export interface LogHistory {
  /** Signed note. */
  head: string;
  /** Largest first. */
  earlier?: readonly EarlierHead[] | undefined;
}

/**
 * How the head of a bundle relates to what a host has seen: `first` if it has seen none, `same`, `continues` (the largest
 * known head comes before it), `behind` (it comes before the largest known one), or `unconnected`: neither proves nor
 * refutes it.
 */
export type HeadRelation = "first" | "same" | "continues" | "behind" | "unconnected";

/**
 * Checks every signature and consistency proof; returns the bundle's head and the earlier ones. `vkey` is the log's key.
 * Throws LOG_MISMATCH.
 */
export function openHistory(
  { head, earlier = [] }: LogHistory,
  vkey: string,
): [newest: TreeHead, ...earlier: TreeHead[]] {
  const newest = openTreeHead(head, vkey);
  return [newest, ...earlier.map((each) => openEarlier(newest, each, vkey))];
}

/** Checks signature and consistency proof of a head that came before the newest. Throws LOG_MISMATCH. */
export function openEarlier(newest: TreeHead, { head, proof }: EarlierHead, vkey: string): TreeHead {
  const older = openTreeHead(head, vkey);
  checkConsistency(decodeProof(proof, `tree of ${older.size} records`), newest, older);
  return older;
}

/**
 * Compares a bundle's history with the heads that a host has verified before, notes of one history, largest first.
 * Throws LOG_MISMATCH for two heads that cannot be of one log: the log has forked.
 */
export function relateHistory(history: LogHistory, known: readonly string[], vkey: string): HeadRelation {
  const brought = openHistory(history, vkey);
  const seen = known.map((note) => openTreeHead(note, vkey));
  for (const head of brought) {
    const other = seen.find(({ size }) => size === head.size);
    if (other !== undefined && !isSameHead(head, other)) throw forked(head, other);
  }
  const [newest] = brought;
  const [largest] = seen;
  if (largest === undefined) return "first";
  if (isSameHead(newest, largest)) return "same";
  if (brought.some((head) => isSameHead(head, largest))) return "continues";
  return seen.some((head) => isSameHead(head, newest)) ? "behind" : "unconnected";
}

export function isSameHead(a: TreeHead, b: TreeHead): boolean {
  return a.size === b.size && Buffer.compare(a.hash, b.hash) === 0;
}

function forked(found: TreeHead, expected: TreeHead): Error {
  const text = ({ hash }: TreeHead): string => `hash ${Buffer.from(hash).toString("base64")}`;
  return logMismatch(
    `tree of ${found.size} records`,
    "the checksum database has signed two different trees of one size: it, or its key, is in the wrong hands",
    { expected: text(expected), found: text(found) },
  );
}
