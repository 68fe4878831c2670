import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GoferryError } from "../errors.ts";
import { WINDOW_LOG } from "../limits.ts";
import { ZstdFrame } from "./zstd-frame.ts";

const DIGEST = `sha256:${"0".repeat(64)}` as const;
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/** "fine", or what the refusal found. */
function judge(pieces: readonly Uint8Array[], tarSize: number): string {
  const frame = new ZstdFrame({ digest: DIGEST, tarSize });
  try {
    for (const piece of pieces) frame.write(piece);
    frame.finish();
    return "fine";
  } catch (error) {
    if (error instanceof GoferryError && error.code === "BUNDLE_MALFORMED") return error.found ?? "";
    throw error;
  }
}

function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = at + (lengths[i % lengths.length] ?? 1);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

const compressed = (content: Uint8Array, params: Record<number, number> = {}): Uint8Array =>
  zstdCompressSync(content, { params });

/** A skippable frame of four bytes (RFC 8878 section 3.1.2). */
const SKIPPABLE = Uint8Array.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

describe("a zstd frame", () => {
  it("is taken whatever it holds, however it was compressed, in whatever pieces it comes", () => {
    const levels = fc.integer({ min: 1, max: 19 });
    const contents = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc.integer({ min: 0, max: 400_000 }).map((length) => Buffer.alloc(length, "tar")),
      fc.integer({ min: 65_000, max: 66_500 }).map((length) => Buffer.alloc(length, 1)),
    );
    const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 500 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(contents, levels, lengths, (content, level, cuts) => {
        const bytes = compressed(content, { [constants.ZSTD_c_compressionLevel]: level });
        expect(judge(cut(bytes, cuts), content.length)).toBe("fine");
      }),
    );
  });

  it("may be one of several blocks and a window of its own", () => {
    const content = Buffer.alloc(40 << 20, "window");
    const bytes = compressed(content, { [constants.ZSTD_c_windowLog]: WINDOW_LOG });
    expect(bytes.subarray(0, 6)).toEqual(Buffer.from([...MAGIC, 0x80, 0x78]));
    expect(judge([bytes], content.length)).toBe("fine");
  });

  it("may have raw, run-length and empty blocks", () => {
    const blocks = [0b000, 0, 0, /* raw, empty */ 0b11_010, 0, 0, 7 /* three sevens */, 0b10_001, 0, 0, 8, 9];
    const frame = Uint8Array.from([...MAGIC, 0x20, 5, ...blocks]);
    expect([...zstdDecompressSync(frame)]).toEqual([7, 7, 7, 8, 9]);
    expect(judge([frame], 5)).toBe("fine");
    expect(judge(cut(frame, [1]), 5)).toBe("fine");
  });

  it("says how much it holds, in 1, 2, 4 or 8 bytes", () => {
    const last = [1, 0, 0];
    expect(judge([Uint8Array.from([...MAGIC, 0x20, 200, ...last])], 200)).toBe("fine");
    expect(judge([Uint8Array.from([...MAGIC, 0x60, 1, 1, ...last])], 257 + 256)).toBe("fine");
    expect(judge([Uint8Array.from([...MAGIC, 0xa0, 1, 2, 3, 0, ...last])], 0x030201)).toBe("fine");
    expect(judge([Uint8Array.from([...MAGIC, 0xe0, 1, 0, 0, 0, 0, 0, 0, 0, ...last])], 1)).toBe("fine");
    expect(judge([Uint8Array.from([...MAGIC, 0xc0, 0, 1, 0, 0, 0, 1, 0, 0, 0, ...last])], 2 ** 32 + 1)).toBe(
      "fine",
    );
  });
});

describe("what is refused", () => {
  const content = Buffer.from("a tar stream ".repeat(30));
  const good = compressed(content);
  const size = content.length;

  it.each([
    ["two frames", [good, good]],
    ["two frames in one piece", [Buffer.concat([good, good])]],
    ["an empty frame behind", [good, compressed(Buffer.alloc(0))]],
    ["an empty frame before", [compressed(Buffer.alloc(0)), good]],
    ["a skippable frame before", [SKIPPABLE, good]],
    ["a skippable frame behind", [good, SKIPPABLE]],
    ["a skippable frame behind, in one piece", [Buffer.concat([good, SKIPPABLE])]],
    ["only a skippable frame", [SKIPPABLE]],
    ["a zero behind", [good, Uint8Array.of(0)]],
    ["a byte behind, in one piece", [Buffer.concat([good, Uint8Array.of(1)])]],
    ["nothing", []],
    ["another format", [Buffer.from("\u001f\u008b\b\0\0\0\0\0", "latin1")]],
  ])("%s", (_, pieces) => expect(judge(pieces, size)).not.toBe("fine"));

  it("every truncation", () => {
    for (let length = 0; length < good.length; length++) {
      expect(judge([good.subarray(0, length)], size), `${length} bytes`).toMatch(
        /^the end of the data in the /,
      );
    }
  });

  it.each([
    ["a checksum", compressed(content, { [constants.ZSTD_c_checksumFlag]: 1 }), "a frame with a checksum"],
    [
      "no content size",
      compressed(content, { [constants.ZSTD_c_contentSizeFlag]: 0 }),
      "a frame that does not say",
    ],
    [
      "a dictionary's number",
      Uint8Array.from([...MAGIC, 0x21, 9, 1, 1, 0, 0]),
      "a frame that needs a dictionary",
    ],
    ["the reserved bit", Uint8Array.from([...MAGIC, 0x28, 1, 1, 0, 0]), "a frame of a later version of zstd"],
    ["the unused bit", Uint8Array.from([...MAGIC, 0x30, 1, 1, 0, 0]), "a frame of a later version of zstd"],
    [
      "a block of the reserved type",
      Uint8Array.from([...MAGIC, 0x60, 134, 0, 0b111, 0, 0]),
      "a block of a reserved",
    ],
    ["another size", compressed(Buffer.concat([content, content])), "a frame of 780 bytes"],
  ])("a frame with %s", (_, bytes, found) => expect(judge([bytes], size)).toContain(found));

  it.each([26, 27])("a window of 2^%i", (windowLog) => {
    const params = { [constants.ZSTD_c_windowLog]: windowLog };
    const large = Buffer.alloc((64 << 20) + 1);
    expect(judge([compressed(large, params)], large.length)).toMatch(/^a window of /);
  });

  it("a window of a single segment and one of eighths beyond the limit", () => {
    const bytes = 2 ** WINDOW_LOG + 1;
    const single = Buffer.from([...MAGIC, 0xa0, 0, 0, 0, 0, 1, 0, 0]);
    single.writeUInt32LE(bytes, 5);
    expect(judge([single], bytes)).toBe(`a window of ${bytes} bytes`);
    const eighth = Buffer.from([...MAGIC, 0x80, 0x79, 0, 0, 0, 8, 1, 0, 0]);
    expect(judge([eighth], 2 ** 27)).toBe(`a window of ${2 ** 25 + 2 ** 22} bytes`);
  });

  it("any change of the frame's and the first block's header, here or by the decompressor", () => {
    for (let bit = 0; bit < 10 * 8; bit++) {
      const changed = Buffer.from(good);
      changed.writeUInt8((good[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      // Where the frame ends does not show what its blocks hold.
      if (judge([changed], size) !== "fine") continue;
      expect(() => zstdDecompressSync(changed), `bit ${bit}`).toThrow(/ZSTD|corrupt|unexpected/i);
    }
  });
});
