import { randomBytes } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { zstdHere } from "./zstd-here.ts";

function unpacked(packed: Uint8Array, piece: number): Buffer {
  const zstd = zstdHere();
  if (zstd === undefined)
    throw new Error("this node has nothing of the kind inside: lib/zlib.js has changed");
  const parts: Buffer[] = [];
  try {
    for (let at = 0; at < packed.length; at += piece) {
      zstd.write(packed.subarray(at, at + piece), (bytes) => parts.push(Buffer.from(bytes)));
    }
  } finally {
    zstd.close();
  }
  return Buffer.concat(parts);
}

const params = { [constants.ZSTD_c_checksumFlag]: 1 };
const text = Buffer.concat([Buffer.alloc(5 << 20, "a line of text\n"), randomBytes(3 << 20)]);
const packed = zstdCompressSync(text, { params });

it.each([1 << 20, 4096, 7, packed.length])("gives what was compressed, given %i bytes at a time", (piece) => {
  const short = piece === 7;
  const content = short ? text.subarray(0, 1000) : text;
  expect(unpacked(short ? zstdCompressSync(content) : packed, piece).equals(content)).toBe(true);
});

it("gives what is exactly as long as its memory, and nothing", () => {
  for (const length of [0, 1 << 20, 2 << 20]) {
    expect(unpacked(zstdCompressSync(Buffer.alloc(length)), 1 << 20)).toHaveLength(length);
  }
});

it.each([
  ["no zstd", Buffer.from("this is not zstd at all"), "ZSTD_error_prefix_unknown"],
  ["a frame that was changed", changed(packed, packed.length - 1), "ZSTD_error_checksum_wrong"],
])("refuses %s", (_, bytes, code) => {
  expect(() => unpacked(bytes, 1 << 20)).toThrow(expect.objectContaining({ code }) as Error);
});

it("refuses a window that would take more memory than a layer may", () => {
  const wide = zstdCompressSync(randomBytes(1000), { params: { [constants.ZSTD_c_windowLog]: 27 } });
  // The size of the content is not in this header, so its window counts.
  const header = Buffer.concat([
    wide.subarray(0, 4),
    Buffer.from([0x00, (27 - 10) << 3]),
    Buffer.from([1, 0, 0]),
  ]);
  expect(() => unpacked(header, 1 << 20)).toThrow(/memory|window/iu);
});

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
