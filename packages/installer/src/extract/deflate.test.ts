import { randomBytes } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { deflate } from "./deflate.ts";

/** Bytes that deflate.ts has for what comes out. */
const MEMORY = 1 << 19;

const text = (length: number): Buffer => Buffer.alloc(length, "func f(value int) int { return value }\n");

it("deflates one content after the other, and nothing of one is in the next", () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 100_000 }),
    fc.nat({ max: 2_000_000 }).map(text),
    // Its output is longer than the memory for it.
    fc.integer({ min: 500_000, max: 1_200_000 }).map((length) => randomBytes(length)),
  );
  fc.assert(
    fc.property(fc.array(content, { minLength: 1, maxLength: 6 }), (contents) => {
      for (const each of contents) expect(inflateRawSync(deflate(each)).equals(Buffer.from(each))).toBe(true);
    }),
    { numRuns: 40 },
  );
});

it("deflates what becomes as long as the memory for it, a byte less and a byte more", () => {
  const content = randomBytes(MEMORY);
  // zlib stores what is random, and adds a few bytes for each block.
  const lengths = Array.from({ length: 60 }, (_, i) => MEMORY - 190 + i);
  const packed = lengths.map((length) => {
    const bytes = deflate(content.subarray(0, length));
    expect(inflateRawSync(bytes).equals(content.subarray(0, length))).toBe(true);
    return bytes.length;
  });
  expect(packed).toEqual(expect.arrayContaining([MEMORY - 1, MEMORY, MEMORY + 1]));
});
