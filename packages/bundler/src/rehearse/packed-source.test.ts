import { createHash, randomBytes } from "node:crypto";
import { read as readFd } from "node:fs";
import { readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Digest } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import type { Piece } from "../pack/outer.ts";
import { openPacked } from "./packed-source.ts";

interface Made {
  pieces: Piece[];
  whole: Buffer;
}

/** Pieces of these sizes, every second one in a file. */
async function makePieces(folder: string, sizes: readonly number[]): Promise<Made> {
  const contents = sizes.map((size) => randomBytes(size));
  const pieces: Piece[] = [];
  for (const [i, bytes] of contents.entries()) {
    const file = join(folder, `piece-${i}`);
    const digest: Digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    if (i % 2 === 1) await writeFile(file, bytes);
    pieces.push(i % 2 === 1 ? { file, size: bytes.length, digest } : bytes);
  }
  return { pieces, whole: Buffer.concat(contents) };
}

async function openFiles(): Promise<number> {
  return (await readdir("/proc/self/fd")).length;
}

describe("openPacked", () => {
  it("reads, at any place, what the pieces hold one after the other", async () => {
    await using folder = await temporaryFolder();
    const { pieces, whole } = await makePieces(folder.path, [512, 9000, 0, 1, 700, 0, 3]);
    await using source = await openPacked("packed", pieces);
    expect(source).toMatchObject({ name: "packed", size: whole.length });
    const place = fc
      .nat(whole.length)
      .chain((from) => fc.tuple(fc.constant(from), fc.nat(whole.length - from)));
    await fc.assert(
      fc.asyncProperty(place, async ([from, length]) => {
        const bytes = await source.read(from, length);
        expect(Buffer.compare(bytes, whole.subarray(from, from + length))).toBe(0);
      }),
    );
  });

  it("refuses to read beyond its end, as a file that is cut off", async () => {
    await using folder = await temporaryFolder();
    const { pieces, whole } = await makePieces(folder.path, [10, 10]);
    await using source = await openPacked("packed", pieces);
    expect(await codeOf(source.read(whole.length, 1))).toBe("BUNDLE_MALFORMED");
    expect(await codeOf(source.read(5, whole.length))).toBe("BUNDLE_MALFORMED");
    // No memory is taken for what cannot be there.
    expect(await codeOf(source.read(0, Number.MAX_SAFE_INTEGER))).toBe("BUNDLE_MALFORMED");
  });

  it("names the open file behind a place, for workers, and none behind documents in memory", async () => {
    await using folder = await temporaryFolder();
    const { pieces, whole } = await makePieces(folder.path, [512, 900, 100]);
    await using source = await openPacked("packed", pieces);
    for (const offset of [512, 600, 1411]) {
      const place = source.file(offset);
      const { buffer } = await promisify(readFd)(place?.fd ?? -1, Buffer.alloc(1), 0, 1, place?.offset ?? -1);
      expect(buffer[0]).toBe(whole[offset]);
    }
    for (const offset of [0, 511, 1412, 1511, 5000]) expect(source.file(offset)).toBeUndefined();
  });

  it("says when a layer is gone or shorter, and leaves no file open", async () => {
    await using folder = await temporaryFolder();
    const before = await openFiles();
    const { pieces } = await makePieces(folder.path, [10, 100, 10, 100]);
    {
      await using source = await openPacked("packed", pieces);
      expect(await openFiles()).toBe(before + 2);
      await truncate(join(folder.path, "piece-3"), 50);
      expect(await codeOf(source.read(0, source.size))).toBe("IO_FAILED");
    }
    expect(await openFiles()).toBe(before);
    await rm(join(folder.path, "piece-3"));
    expect(await codeOf(openPacked("packed", pieces))).toBe("IO_FAILED");
    expect(await openFiles()).toBe(before);
  });
});
