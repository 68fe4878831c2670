import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import {
  checkConsistency,
  checkInclusion,
  nodeHash,
  proveConsistency,
  proveInclusion,
  recordHash,
  subtrees,
  treeHash,
  type HashReader,
  type TreeHead,
} from "./tlog.ts";

const REFUSED = expect.objectContaining({ code: "LOG_MISMATCH" });
const LIMIT = 300;

const log = checksumLog();
for (let id = 0; id < LIMIT; id++) log.add({ path: "example.com/m", version: `v0.0.${id}` });
const read: HashReader = async (nodes) => nodes.map(({ level, n }) => log.node(level, n));
const headOf = (size: number): TreeHead => ({ size, hash: log.root(size) });
const leafOf = (id: number): Uint8Array => log.node(0, id);

/** Every number below `end` for small ones; above, both ends, the powers of two and some between. */
function sample(end: number): number[] {
  const all = Array.from({ length: end }, (_, i) => i);
  return end <= 40
    ? all
    : all.filter((i) => i < 2 || i > end - 3 || Number.isInteger(Math.log2(i)) || i % 37 === 5);
}

/** The bytes with one bit changed. */
function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}

function the<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the test has no such value");
  return value;
}

describe("brute force", () => {
  it(`gives the root of every size up to ${LIMIT}`, async () => {
    for (let size = 0; size <= LIMIT; size++) {
      expect({ size, root: await treeHash(size, read) }).toEqual({ size, root: log.root(size) });
    }
  });

  it("proves each record in each size, and no other", async () => {
    for (let size = 1; size <= LIMIT; size++) {
      for (const id of sample(size)) {
        const proof = await proveInclusion(size, id, read);
        checkInclusion(proof, headOf(size), id, leafOf(id));
        const other = (id + 1) % LIMIT;
        expect(() => checkInclusion(proof, headOf(size), id, leafOf(other))).toThrow(REFUSED);
      }
    }
  });

  it("proves each older size consistent with each newer one, and no other", async () => {
    for (let size = 1; size <= LIMIT; size++) {
      for (const old of sample(size).map((i) => i + 1)) {
        const proof = await proveConsistency(size, old, read);
        checkConsistency(proof, headOf(size), headOf(old));
        const forged = { size: old, hash: flip(log.root(old), size % 256) };
        expect(() => checkConsistency(proof, headOf(size), forged)).toThrow(REFUSED);
      }
    }
  });
});

describe("refusals", () => {
  const cases = fc
    .tuple(fc.integer({ min: 2, max: LIMIT }), fc.nat(), fc.nat(), fc.nat(255))
    .map(([size, id, at, bit]) => ({ size, id: id % size, at, bit }));

  it("refuses an inclusion proof with any bit changed, a hash dropped, added or moved, or another number", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ size, id, at, bit }) => {
        const proof = await proveInclusion(size, id, read);
        const i = at % proof.length;
        const hash = proof[i] ?? leafOf(id);
        const changed = [
          proof.with(i, flip(hash, bit)),
          proof.toSpliced(i, 1),
          proof.toSpliced(i, 0, hash),
          proof.with(i, hash.subarray(1)),
          ...(proof.length > 1 ? [[...proof.slice(1), ...proof.slice(0, 1)]] : []),
        ];
        for (const bad of changed) {
          expect(() => checkInclusion(bad, headOf(size), id, leafOf(id))).toThrow(REFUSED);
        }
        const root = { size, hash: flip(log.root(size), bit) };
        expect(() => checkInclusion(proof, root, id, leafOf(id))).toThrow(REFUSED);
        expect(() =>
          checkInclusion(proof, headOf(size), (id + 1 + (at % (size - 1))) % size, leafOf(id)),
        ).toThrow(REFUSED);
        expect(() => checkInclusion(proof, headOf(size), id, flip(leafOf(id), bit))).toThrow(REFUSED);
      }),
    );
  });

  it("refuses a consistency proof with any bit changed, a hash dropped or added", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ size, id, at, bit }) => {
        const old = Math.max(1, id);
        const proof = await proveConsistency(size, old, read);
        const i = at % proof.length;
        const hash = proof[i] ?? leafOf(id);
        for (const bad of [
          proof.with(i, flip(hash, bit)),
          proof.toSpliced(i, 1),
          proof.toSpliced(i, 0, hash),
        ]) {
          expect(() => checkConsistency(bad, headOf(size), headOf(old))).toThrow(REFUSED);
        }
        const root = { size, hash: flip(log.root(size), bit) };
        expect(() => checkConsistency(proof, root, headOf(old))).toThrow(REFUSED);
      }),
    );
  });

  it("takes two heads of one size only if they are the same", () => {
    checkConsistency([], headOf(7), headOf(7));
    const fork = { size: 7, hash: log.root(8) };
    expect(() => checkConsistency([], headOf(7), fork)).toThrow(REFUSED);
  });

  it.each([[-1], [7], [1.5], [Number.NaN], [2 ** 53]])("has no record %d in a tree of 7", async (id) => {
    expect(() => checkInclusion([], headOf(7), id, leafOf(0))).toThrow(REFUSED);
    await expect(proveInclusion(7, id, read)).rejects.toThrow(REFUSED);
  });

  it.each([[0], [-1], [8], [1.5], [Number.NaN]])("has no tree of %d before a tree of 7", async (old) => {
    expect(() => checkConsistency([], headOf(7), { size: old, hash: log.root(0) })).toThrow(REFUSED);
    await expect(proveConsistency(7, old, read)).rejects.toThrow(REFUSED);
  });
});

describe("sizes up to 2^53 - 1", () => {
  // A tree whose records are all the same: a subtree's hash depends on its level only.
  const levels = [recordHash("same")];
  for (let level = 0; level < 53; level++) {
    const below = the(levels[level]);
    levels.push(nodeHash(below, below));
  }
  const same: HashReader = async (nodes) => nodes.map(({ level }) => the(levels[level]));

  /** MTH of RFC 6962 over `size` equal records: the half on the left is a complete subtree. */
  function rootOf(size: bigint): Uint8Array {
    const level = (size - 1n).toString(2).length;
    if (size === 1n) return the(levels[0]);
    if (size === 1n << BigInt(level)) return the(levels[level]);
    return nodeHash(the(levels[level - 1]), rootOf(size - (1n << BigInt(level - 1))));
  }

  it("counts without a bit lost", async () => {
    const size = fc.oneof(
      fc.maxSafeNat(),
      fc.integer({ min: 0, max: 52 }).map((e) => 2 ** e),
      fc.constant(2 ** 53 - 1),
    );
    await fc.assert(
      fc.asyncProperty(size, fc.double({ min: 0, max: 1, noNaN: true }), async (n, part) => {
        const head = { size: Math.max(n, 1), hash: rootOf(BigInt(Math.max(n, 1))) };
        const id = Math.min(head.size - 1, Math.floor(head.size * part));
        expect(Buffer.compare(await treeHash(head.size, same), head.hash)).toBe(0);
        checkInclusion(await proveInclusion(head.size, id, same), head, id, the(levels[0]));
        const older = { size: id + 1, hash: rootOf(BigInt(id + 1)) };
        checkConsistency(await proveConsistency(head.size, older.size, same), head, older);
        const records = subtrees(head.size).reduce((sum, { level }) => sum + 2n ** BigInt(level), 0n);
        expect(records).toBe(BigInt(head.size));
      }),
    );
  });
});

it("hashes as Certificate Transparency does", async () => {
  // The eight records and the roots of their trees that RFC 6962 implementations test themselves with.
  const hex = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
  ];
  const leaves = hex.map((record) => recordHash(Buffer.from(record, "hex").toString("latin1")));
  const nodes: HashReader = async (asked) => asked.map(({ level, n }) => subtree(level, n));
  function subtree(level: number, n: number): Uint8Array {
    if (level === 0) return the(leaves[n]);
    return nodeHash(subtree(level - 1, 2 * n), subtree(level - 1, 2 * n + 1));
  }
  const roots = await Promise.all([0, 1, 8].map((size) => treeHash(size, nodes)));
  expect(roots.map((root) => Buffer.from(root).toString("hex"))).toEqual([
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]);
});
