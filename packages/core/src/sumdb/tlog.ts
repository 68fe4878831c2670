// The arithmetic of Go's checksum database: a Merkle tree of records, its inclusion and consistency proofs
// (RFC 6962, section 2.1). A signed tree head commits to every record; a proof of some 27 hashes shows, without
// a network, that one record is among them, or that one head continues another.
//
// Every proof is a list of ranges of records, found by one walk from the root. Who makes a proof reads the hash
// of each range; who checks it folds the given hashes along the same ranges, so the two cannot drift apart.
//
// Sizes are safe integers, up to 2^53 - 1: here is no bit operator, since those cut to 32 bits. For the same
// reason a hash of the tree is named by level and number, not by one index in order of storage as in
// golang.org/x/mod/sumdb/tlog, which grows to twice the number of records.

import { hash } from "node:crypto";
import { GoferryError } from "../errors.ts";

/** A tree: how many records it has and the hash of its root (32 bytes). */
export interface TreeHead {
  size: number;
  hash: Uint8Array;
}

/** The complete subtree over the 2^level records from number n * 2^level on; at level 0, a record's own hash. */
export interface TreeNode {
  level: number;
  n: number;
}

/** Gives the hash of each node, in the same order. */
export type HashReader = (nodes: readonly TreeNode[]) => Promise<Uint8Array[]>;

/** The records from lo up to, not including, hi. */
interface Range {
  lo: number;
  hi: number;
}

/** Bytes of a hash. */
export const HASH_SIZE = 32;

/** Hash of a record, from its text: SHA-256 of 0x00 and the text. */
export function recordHash(text: string): Uint8Array {
  return sha256(Uint8Array.of(0), Buffer.from(text));
}

/** Hash of an inner node: SHA-256 of 0x01 and the hashes below it. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(1), left, right);
}

/** 0x01, and room for the two hashes of writePairHash. */
const PAIR = Buffer.alloc(1 + 2 * HASH_SIZE, 1);

/**
 * nodeHash of the two hashes at `from` of `hashes`, which lie one after the other. A tile has 255 of them:
 * each is written where it belongs.
 */
export function writePairHash(hashes: Uint8Array, from: number, target: Buffer, to: number): void {
  PAIR.set(hashes.subarray(from, from + 2 * HASH_SIZE), 1);
  target.write(hash("sha256", PAIR, "hex"), to, HASH_SIZE, "hex");
}

/**
 * Checks that record number `id` of the tree has the given hash. `proof` runs from the leaf up to the root;
 * `subject` names the record in the error. Throws LOG_MISMATCH. RFC 6962 section 2.1.1.
 */
export function checkInclusion(
  proof: readonly Uint8Array[],
  head: TreeHead,
  id: number,
  leaf: Uint8Array,
  subject = `record ${id}`,
): void {
  const { path } = inclusionWalk(head.size, id, subject);
  checkLength(proof, path.length, subject);
  const root = path.reduce((below, side, i) => {
    return side.lo > id ? nodeHash(below, at(proof, i)) : nodeHash(at(proof, i), below);
  }, leaf);
  checkRoot(root, head, subject);
}

/**
 * Checks that the tree `newer` begins with all records of the tree `older`. Throws LOG_MISMATCH.
 * RFC 6962 section 2.1.2; like Go's, it has no proof for the empty tree.
 */
export function checkConsistency(proof: readonly Uint8Array[], newer: TreeHead, older: TreeHead): void {
  const subject = headName(older);
  const { start, path } = consistencyWalk(newer.size, older.size);
  // A walk that ends at record 0 ends at the older tree itself, whose hash is known and so in no proof.
  const known = start.lo === 0 ? [older.hash] : [];
  checkLength(proof, 1 + path.length - known.length, subject);
  const hashes = [...known, ...proof];
  let oldRoot = at(hashes, 0);
  let newRoot = oldRoot;
  for (const [i, side] of path.entries()) {
    const sibling = at(hashes, i + 1);
    if (side.lo < older.size) {
      oldRoot = nodeHash(sibling, oldRoot);
      newRoot = nodeHash(sibling, newRoot);
    } else {
      newRoot = nodeHash(newRoot, sibling);
    }
  }
  checkRoot(oldRoot, older, subject);
  checkRoot(newRoot, newer, headName(newer));
}

/** Makes the proof that the tree of `size` records holds record `id`. Throws LOG_MISMATCH if there is none. */
export async function proveInclusion(size: number, id: number, read: HashReader): Promise<Uint8Array[]> {
  return await rangeHashes(inclusionWalk(size, id, `record ${id}`).path, read);
}

/** Makes the proof that the tree of `size` records begins with that of `oldSize`. Throws LOG_MISMATCH. */
export async function proveConsistency(
  size: number,
  oldSize: number,
  read: HashReader,
): Promise<Uint8Array[]> {
  const { start, path } = consistencyWalk(size, oldSize);
  return await rangeHashes(start.lo === 0 ? path : [start, ...path], read);
}

/** Hash of the root of the tree with the first `size` records; for none, the SHA-256 of nothing. */
export async function treeHash(size: number, read: HashReader): Promise<Uint8Array> {
  if (size === 0) return sha256();
  return join(await read(subtrees(size)));
}

/** The complete subtrees that make up the tree with the first `size` records, the largest first. */
export function subtrees(size: number): TreeNode[] {
  return subtreesOf({ lo: 0, hi: size });
}

/** The refusal of everything that does not agree with the log: one code, and the same advice. */
export function logMismatch(
  subject: string,
  message: string,
  { expected, found, cause }: { expected?: string; found?: string; cause?: unknown },
): GoferryError {
  const next =
    "Do not use it; fetch it again through another module proxy, or ask the maker of the bundle for a new one";
  return new GoferryError("LOG_MISMATCH", { subject, message, expected, found, next, cause });
}

function inclusionWalk(size: number, id: number, subject: string): Walk {
  if (!isCount(size) || !isCount(id) || id >= size) {
    throw logMismatch(subject, "the tree has no record of this number", {
      expected: `a record number below ${size}`,
      found: String(id),
    });
  }
  return walk(size, id, ({ lo, hi }) => hi - lo === 1);
}

function consistencyWalk(size: number, oldSize: number): Walk {
  if (!isCount(size) || !isCount(oldSize) || oldSize < 1 || oldSize > size) {
    throw logMismatch(`tree of ${oldSize} records`, "no tree of this size can come before the other", {
      expected: `1 to ${size} records`,
      found: String(oldSize),
    });
  }
  return walk(size, oldSize - 1, ({ hi }) => hi === oldSize);
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

interface Walk {
  /** Where the walk ended. */
  start: Range;
  /** The halves not taken, from there back up to the root. */
  path: Range[];
}

/** Goes from the root of the tree towards record `id`, until `isStart` is content. */
function walk(size: number, id: number, isStart: (range: Range) => boolean): Walk {
  let here: Range = { lo: 0, hi: size };
  let path: Range[] = [];
  while (!isStart(here)) {
    const { lo, hi } = here;
    // RFC 6962: the left half is the largest power of two smaller than the whole.
    const middle = lo + 2 ** heightWithin(hi - lo - 1);
    const left = { lo, hi: middle };
    const right = { lo: middle, hi };
    [here, path] = id < middle ? [left, [right, ...path]] : [right, [left, ...path]];
  }
  return { start: here, path };
}

/** The hash of each range, which must be one that `walk` gives; one call of the reader for all. */
async function rangeHashes(ranges: readonly Range[], read: HashReader): Promise<Uint8Array[]> {
  const parts = ranges.map(subtreesOf);
  const hashes = await read(parts.flat());
  let next = 0;
  return parts.map(({ length }) => {
    next += length;
    return join(hashes.slice(next - length, next));
  });
}

/** The hash above the hashes of the subtrees that make up a range. */
function join(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** The complete subtrees that make up a range, the largest first. */
function subtreesOf({ lo, hi }: Range): TreeNode[] {
  const nodes: TreeNode[] = [];
  while (lo < hi) {
    const level = heightWithin(hi - lo);
    nodes.push({ level, n: lo / 2 ** level });
    lo += 2 ** level;
  }
  return nodes;
}

/** The level of the largest complete subtree with no more than `records` records (at least 1). */
function heightWithin(records: number): number {
  let level = 0;
  while (2 ** (level + 1) <= records) level++;
  return level;
}

function checkLength(proof: readonly Uint8Array[], length: number, subject: string): void {
  if (proof.length === length) return;
  throw logMismatch(subject, "the proof has the wrong length", {
    expected: `${length} hashes`,
    found: `${proof.length} hashes`,
  });
}

function checkRoot(root: Uint8Array, head: TreeHead, subject: string): void {
  if (Buffer.compare(root, head.hash) === 0) return;
  throw logMismatch(subject, "the proof does not lead to the signed tree head of the checksum database", {
    expected: `${headName(head)}, hash ${Buffer.from(head.hash).toString("base64")}`,
    found: `hash ${Buffer.from(root).toString("base64")}`,
  });
}

function headName({ size }: TreeHead): string {
  return `tree of ${size} records`;
}

function at(hashes: readonly Uint8Array[], i: number): Uint8Array {
  const found = hashes[i];
  if (found !== undefined) return found;
  throw new GoferryError("INTERNAL", {
    subject: "checksum database",
    message: `no hash ${i} of ${hashes.length}`,
  });
}

function sha256(...parts: Uint8Array[]): Uint8Array {
  // Node takes less for a digest as text, and for reading it, than for a buffer.
  return Buffer.from(hash("sha256", Buffer.concat(parts), "hex"), "hex");
}
