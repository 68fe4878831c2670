// A real bundle that somebody has changed, or that a medium has damaged: a bit anywhere, its entries, its end.
// Verification refuses each by a code that says what is wrong and a subject that says where.

import { copyFile, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import {
  blob,
  blobPath,
  encodeHeader,
  readTrustedKey,
  type GoferryError,
  type TrustedKey,
} from "../packages/core/src/index.ts";
import { entryOf, readOuterTar, wholeEntry, type OuterEntry, type OuterTar } from "./kit/outer-tar.ts";
import { runGoferry } from "./kit/run-goferry.ts";
import { refusal, tarEntry, tarOf, verify } from "./kit/tampered.ts";

const demo = inject("demo");
const BLOCK = 512;

let outer: OuterTar;
let keys: TrustedKey[];
let folder: string;
/** A copy of the bundle that tests damage, and mend again. */
let copy: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "goferry-tamper-"));
  copy = join(folder, "copy.tar");
  await copyFile(demo.bundle, copy);
  outer = await readOuterTar(demo.bundle);
  keys = [await readTrustedKey(await readFile(demo.publicKey))];
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

interface Place {
  entry: OuterEntry;
  part: "header" | "content" | "padding";
  offset: number;
  bit: number;
}

/** The same places in every run: a linear congruential generator (Numerical Recipes). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Places in every kind of byte of every entry. */
function places(): Place[] {
  const random = randomFrom(20_261_121);
  return outer.entries.flatMap((entry) => {
    const isLayer = entry.role.startsWith("layer");
    const parts = [
      { part: "header", from: entry.header, length: BLOCK, count: 4 },
      { part: "content", from: entry.content, length: entry.size, count: isLayer ? 14 : 7 },
      { part: "padding", from: entry.content + entry.size, length: entry.padding, count: 2 },
    ] as const;
    return parts.flatMap(({ part, from, length, count }) =>
      Array.from({ length: length === 0 ? 0 : count }, () => ({
        entry,
        part,
        offset: from + random(length),
        bit: random(8),
      })),
    );
  });
}

async function flipped(
  bytes: Buffer,
  { offset, bit }: { offset: number; bit: number },
  action: () => Promise<void>,
): Promise<void> {
  const flip = (): number => bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << bit), offset);
  flip();
  await action().finally(flip);
}

/** Whether a refusal leads to the place that was changed. */
function pointsTo({ subject }: GoferryError, { entry, offset }: Place): boolean {
  const [, first, last] = /, bytes (\d+) to (\d+)$/.exec(subject) ?? [];
  if (first !== undefined) return Number(first) <= offset && offset <= Number(last);
  const [, at] = /, byte (\d+)$/.exec(subject) ?? [];
  // A digest that was changed is missed where its blob should be, a page further on at most.
  if (at !== undefined) return entry.header <= Number(at) && Number(at) <= offset + 4096;
  return subject.includes(entry.path);
}

describe("a bit that was flipped", () => {
  it("is refused at 200 places of every kind, by name or by offset", async () => {
    const all = places();
    expect(all.length).toBeGreaterThanOrEqual(200);
    const missed: unknown[] = [];
    for (const place of all) {
      await flipped(outer.bytes, place, async () => {
        const found = await refusal(verify(outer.bytes, { keys, quick: true }));
        if (found?.exitCode === 3 && pointsTo(found, place)) return;
        missed.push({ ...place, code: found?.code, subject: found?.subject });
      });
    }
    expect(missed).toEqual([]);
    // And nothing was wrong but what was flipped.
    expect(await refusal(verify(outer.bytes, { keys }))).toBeUndefined();
  });

  it("is refused by the whole verification too, before what it damages is unpacked", async () => {
    const layers = places().filter(({ entry, part }) => entry.role.startsWith("layer") && part === "content");
    for (const place of layers.filter((_, i) => i % 7 === 0)) {
      await flipped(outer.bytes, place, async () => {
        const found = await refusal(verify(outer.bytes, { keys }));
        expect(found).toMatchObject({ code: "CHUNK_MISMATCH" });
        expect(found !== undefined && pointsTo(found, place)).toBe(true);
      });
    }
  });

  it("is refused in the trailer", async () => {
    for (const offset of [outer.trailer, outer.trailer + 700, outer.bytes.length - 1]) {
      await flipped(outer.bytes, { offset, bit: 3 }, async () => {
        expect(await refusal(verify(outer.bytes, { keys, quick: true }))).toMatchObject({
          code: "BUNDLE_MALFORMED",
          subject: `demo.tar, byte ${outer.trailer}`,
        });
      });
    }
  });

  it.each([
    ["README.txt", 100, "DOCUMENT_INVALID"],
    ["index.json", 200, "DOCUMENT_INVALID"],
    ["bundle index", 30, "HASH_MISMATCH"],
    ["signature", 120, "HASH_MISMATCH"],
    ["contents", 9000, "HASH_MISMATCH"],
    ["image manifest 1", -100, "BUNDLE_MALFORMED"],
    ["image config 0", 1000, "BUNDLE_MALFORMED"],
    ["layer 0", 0, "CHUNK_MISMATCH"],
    ["layer 3", 5_000_000, "CHUNK_MISMATCH"],
    ["layer 1", 11_000_000, "CHUNK_MISMATCH"],
  ])("is refused by the command line: %s, byte %i", async (role, at, code) => {
    const place = { offset: entryOf(outer, role).content + at, bit: 5 };
    await inCopy(place, async () => {
      const result = await runGoferry(["verify", copy, "--key", demo.publicKey, "--json"]);
      expect(result).toMatchObject({ code: 3, stderr: "", json: { error: { code } } });
      expect(result.json).not.toHaveProperty("verified", true);
      expect(result.json.error?.next).toBeTypeOf("string");
    });
  });
});

/** Flips a bit of the copy while `action` runs. */
async function inCopy(
  { offset, bit }: { offset: number; bit: number },
  action: () => Promise<void>,
): Promise<void> {
  await using handle = await open(copy, "r+");
  const byte = outer.bytes.subarray(offset, offset + 1);
  await handle.write(Buffer.of((byte[0] ?? 0) ^ (1 << bit)), 0, 1, offset);
  try {
    await action();
  } finally {
    await handle.write(byte, 0, 1, offset);
  }
}

describe("a bundle that ends too early or too late", () => {
  it("is refused at every length that somebody might copy", async () => {
    const { bytes, entries, trailer: end } = outer;
    const lengths = [
      0,
      1,
      511,
      512,
      513,
      10_240,
      end,
      end + 1,
      end + BLOCK,
      bytes.length - 1,
      ...entries.flatMap(({ header, content, size, padding }) => [
        header,
        header + 100,
        content,
        content + Math.floor(size / 2),
        content + size,
        content + size + padding,
      ]),
    ];
    const accepted: number[] = [];
    for (const length of new Set(lengths)) {
      const found = await refusal(verify(bytes.subarray(0, length), { keys, quick: true }));
      if (found?.code !== "BUNDLE_MALFORMED" || !found.subject.includes("demo.tar")) accepted.push(length);
    }
    expect(accepted).toEqual([]);
  });

  it.each([
    ["a byte", Buffer.of(0)],
    ["a block of zeros, as other tars have", Buffer.alloc(BLOCK)],
    ["zeros up to a record of 10,240 bytes", Buffer.alloc(8192)],
    [
      "another file",
      Buffer.concat([encodeHeader({ path: "evil.sh", size: 0, mode: 0o755 }), Buffer.alloc(1024)]),
    ],
  ])("is refused with %s behind its end", async (_, more) => {
    const found = await refusal(verify(Buffer.concat([outer.bytes, more]), { keys, quick: true }));
    expect(found).toMatchObject({
      code: "BUNDLE_MALFORMED",
      expected: expect.stringContaining(String(outer.bytes.length)),
    });
  });
});

describe("a bundle whose entries were changed", () => {
  const rebuilt = (change: (entries: Buffer[]) => Uint8Array[]): Buffer =>
    tarOf(change(outer.entries.map((each) => wholeEntry(outer, each))));

  it("is the bundle that it was when nothing was changed", async () => {
    expect(rebuilt((all) => all).equals(outer.bytes)).toBe(true);
    expect(
      await refusal(
        verify(
          rebuilt((all) => all),
          { keys, quick: true },
        ),
      ),
    ).toBeUndefined();
  });

  const changes: [string, (all: Buffer[], i: number) => Uint8Array[]][] = [
    ["removed", (all, i) => all.toSpliced(i, 1)],
    ["repeated", (all, i) => all.toSpliced(i, 0, all[i] ?? Buffer.alloc(0))],
    ["swapped with the next", (all, i) => all.toSpliced(i, 2, ...all.slice(i, i + 2).toReversed())],
    ["emptied", (all, i) => all.toSpliced(i, 1, tarEntry(outer.entries[i]?.path ?? "", Buffer.alloc(0)))],
    ["renamed", (all, i) => all.toSpliced(i, 1, renamed(i, `${outer.entries[i]?.path ?? ""}x`))],
    ["moved out of the folder", (all, i) => all.toSpliced(i, 1, renamed(i, "../../evil"))],
    ["given an absolute name", (all, i) => all.toSpliced(i, 1, renamed(i, "/etc/profile"))],
    ["preceded by a file", (all, i) => all.toSpliced(i, 0, tarEntry("evil.sh", Buffer.from("#!/bin/sh\n")))],
    [
      "preceded by a blob that is what its name says",
      (all, i) => all.toSpliced(i, 0, blobEntry(Buffer.from("evil"))),
    ],
    ["preceded by a link", (all, i) => all.toSpliced(i, 0, link())],
  ];
  it.each(changes)("is refused when any one of them was %s", async (what, change) => {
    const accepted: string[] = [];
    for (const [i, { role }] of outer.entries.entries()) {
      // The last one has no next.
      if (what.startsWith("swapped") && i === outer.entries.length - 1) continue;
      const found = await refusal(
        verify(
          rebuilt((all) => change(all, i)),
          { keys, quick: true },
        ),
      );
      if (found?.exitCode !== 3) accepted.push(role);
    }
    expect(accepted).toEqual([]);
  });

  function renamed(i: number, path: string): Buffer {
    const each = outer.entries[i];
    if (each === undefined) throw new Error("no such entry");
    // Written by hand: encodeHeader refuses what no bundle may hold.
    const bytes = Buffer.from(wholeEntry(outer, each));
    bytes.fill(0, 0, 100).write(path, 0);
    return withChecksum(bytes);
  }

  function link(): Buffer {
    const bytes = Buffer.from(encodeHeader({ path: "blobs/sha256/link", size: 0, mode: 0o644 }));
    bytes.write("2", 156);
    bytes.write("/etc/passwd", 157);
    return withChecksum(bytes);
  }

  function withChecksum(bytes: Buffer): Buffer {
    bytes.fill(0x20, 148, 156);
    const sum = bytes.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return bytes;
  }

  function blobEntry(content: Uint8Array): Buffer {
    const { digest } = blob(content);
    return tarEntry(blobPath(digest), content);
  }
});
