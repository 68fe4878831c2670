import { randomBytes } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { layerFacts, testTar, testZstd, type LayerFile } from "../../../../test/kit/changed-bundle.ts";
import { memorySource, smallBundle, type SmallBundle } from "../../../../test/kit/small-bundle.ts";
import { GoferryError } from "../errors.ts";
import type { Layer } from "../format/contents.ts";
import { CHUNK_BYTES } from "../format/consistency.ts";
import { unitsOfLayer } from "../format/units.ts";
import { checkChunks, readLayer, type LayerJob } from "./layer.ts";
import type { ByteSource } from "./source.ts";

const OFFSET = 77;
const SKIPPABLE = Uint8Array.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
const MODULES = 2;

let small: SmallBundle;

beforeAll(async () => {
  small = await smallBundle({ platforms: ["linux/amd64"] });
});

/** A layer of one Go version, whose files nothing else in this test proves. */
const bigFile = (bytes: number): LayerFile[] => [
  { path: "sdk/go1.27.1/big", mode: 0o644, content: randomBytes(bytes) },
];

/** The job of reading these bytes, which are announced as they are unless told otherwise. */
function jobOf(compressed: Uint8Array, tar: Uint8Array, announced: Partial<Layer> = {}): LayerJob {
  const source = memorySource(Buffer.concat([Buffer.alloc(OFFSET), compressed, Buffer.from("behind")]));
  const facts = layerFacts(compressed, tar, 1);
  return { source, offset: OFFSET, layer: { kind: "sdk", go: "1.27.1", ...facts, ...announced }, units: [] };
}

/** A layer of the bundle, with changed bytes in its place. */
function smallJob(index: number, change: (bytes: Buffer) => Uint8Array = (bytes) => bytes): LayerJob {
  const { contents } = small.packed;
  const layer = contents.layers[index];
  const bytes = Buffer.from(small.layers[index] ?? new Uint8Array());
  if (layer === undefined) throw new Error(`no layer ${index}`);
  const units = unitsOfLayer(contents, index);
  return { source: memorySource(change(bytes)), offset: 0, layer, units, log: contents.log };
}

async function expectRefused(job: LayerJob, code: string): Promise<void> {
  await expect(readLayer(job)).rejects.toMatchObject({ code });
}

describe("readLayer", () => {
  it("reads the layers that the packer writes", async () => {
    for (const [index] of small.layers.entries()) {
      const { files } = await readLayer(smallJob(index));
      expect(files).toHaveLength(index < MODULES ? (small.packed.contents.layers[index]?.entries ?? -1) : 0);
    }
  });

  it("reads each byte of the medium once, in order, and tells of the bytes it has checked", async () => {
    const tar = testTar(bigFile(3 * CHUNK_BYTES));
    const job = jobOf(zstdCompressSync(tar), tar);
    const asked: [number, number][] = [];
    const source: ByteSource = {
      ...job.source,
      read: async (offset, length) => {
        asked.push([offset, length]);
        return await job.source.read(offset, length);
      },
    };
    let told = 0;
    await readLayer({ ...job, source, onBytes: (bytes) => (told += bytes) });
    expect(told).toBe(job.layer.size);
    expect(asked.length).toBe(4);
    expect(asked.reduce((at, [offset, length]) => (offset === at ? at + length : -1), OFFSET)).toBe(
      OFFSET + job.layer.size,
    );
  });

  it("passes on what the sink and the medium have to say, and the reason of an interruption", async () => {
    const full = new GoferryError("DISK_FULL", { subject: "x", message: "full" });
    const sink = {
      begin: () => {
        throw full;
      },
      data: () => undefined,
      end: () => undefined,
    };
    await expect(readLayer({ ...smallJob(0), sink })).rejects.toBe(full);
    const broken = new GoferryError("IO_FAILED", { subject: "x", message: "EIO" });
    const source = { ...smallJob(0).source, read: async () => await Promise.reject(broken) };
    await expect(readLayer({ ...smallJob(0), source })).rejects.toBe(broken);
    const stopped = new GoferryError("INTERRUPTED", { subject: "x", message: "stopped" });
    await expect(readLayer({ ...smallJob(0), signal: AbortSignal.abort(stopped) })).rejects.toBe(stopped);
    const later = new AbortController();
    const job = { ...smallJob(0), signal: later.signal, onBytes: () => later.abort(stopped) };
    await expect(readLayer(job)).rejects.toBe(stopped);
  });
});

describe("chunks", () => {
  it("are refused with any byte changed, before a byte of them is unpacked", async () => {
    const { length } = small.layers[MODULES] ?? new Uint8Array();
    let begun = 0;
    const sink = { begin: () => void (begun += 1), data: () => undefined, end: () => undefined };
    for (let i = 0; i < length; i++) {
      const flip = (bytes: Buffer): Buffer => bytes.fill((bytes[i] ?? 0) ^ (1 << (i & 7)), i, i + 1);
      await expectRefused({ ...smallJob(MODULES, flip), sink }, "CHUNK_MISMATCH");
      await expect(checkChunks(smallJob(MODULES, flip))).rejects.toMatchObject({ code: "CHUNK_MISMATCH" });
    }
    expect(begun).toBe(0);
  });

  it("name the damaged MiB of the file, and stop there", async () => {
    const tar = testTar(bigFile(3 * CHUNK_BYTES));
    const job = jobOf(zstdCompressSync(tar), tar);
    const chunks = job.layer.chunks.with(2, "0".repeat(64));
    let told = 0;
    const checks = checkChunks({
      ...job,
      layer: { ...job.layer, chunks },
      onBytes: (bytes) => (told += bytes),
    });
    const from = OFFSET + 2 * CHUNK_BYTES;
    await expect(checks).rejects.toMatchObject({
      code: "CHUNK_MISMATCH",
      subject: `small.tar, bytes ${from} to ${from + CHUNK_BYTES - 1}`,
    });
    expect(told).toBe(2 * CHUNK_BYTES);
  });

  it("are all there: a file that ends before is refused", async () => {
    const cutOff = smallJob(MODULES, (bytes) => bytes.subarray(0, -1));
    await expectRefused(cutOff, "BUNDLE_MALFORMED");
    await expect(checkChunks(cutOff)).rejects.toMatchObject({ code: "BUNDLE_MALFORMED" });
  });

  it("are enough for --quick: what is inside of them is not looked at", async () => {
    const tar = Buffer.from("no tar");
    await expect(checkChunks(jobOf(Buffer.from("no zstd"), tar))).resolves.toBeUndefined();
  });
});

// All of these are layers whose chunks and sizes are signed as they are.
describe("a layer is one zstd frame and nothing else", () => {
  const tar = testTar(bigFile(100));
  const frame = testZstd(tar);
  const half = tar.length / 2;

  it.each<[string, Uint8Array]>([
    ["two frames", Buffer.concat([testZstd(tar.subarray(0, half)), testZstd(tar.subarray(half))])],
    ["a second layer behind", Buffer.concat([frame, frame])],
    ["an empty frame behind", Buffer.concat([frame, testZstd(new Uint8Array())])],
    ["a skippable frame before", Buffer.concat([SKIPPABLE, frame])],
    ["a skippable frame behind", Buffer.concat([frame, SKIPPABLE])],
    ["a byte behind", Buffer.concat([frame, Uint8Array.of(0)])],
    ["a frame cut off", frame.subarray(0, -1)],
    ["a tar without zstd", tar],
    ["a checksum", testZstd(tar, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
    ["no content size", testZstd(tar, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } })],
    ["a dictionary", testZstd(tar, { dictionary: tar.subarray(0, 1000) })],
  ])("not %s", async (_, compressed) => {
    await expectRefused(jobOf(compressed, tar), "BUNDLE_MALFORMED");
  });

  it("not a window of more than 32 MiB", async () => {
    const large = Buffer.alloc(34 << 20);
    const params = { [constants.ZSTD_c_windowLog]: 26, [constants.ZSTD_c_compressionLevel]: 1 };
    await expectRefused(jobOf(testZstd(large, { params }), large), "BUNDLE_MALFORMED");
  });

  it("not a frame that ends with a chunk and something behind it, which Node's decompressor does not mention", async () => {
    const { whole, content } = frameOfOneChunk();
    expect(whole.length).toBe(CHUNK_BYTES);
    await expect(readLayer(jobOf(whole, content))).resolves.toMatchObject({ files: [{ name: "big" }] });
    for (const behind of [SKIPPABLE, testZstd(new Uint8Array()), Uint8Array.of(0)]) {
      await expectRefused(jobOf(Buffer.concat([whole, behind]), content), "BUNDLE_MALFORMED");
    }
  });
});

/** A tar in raw blocks, and empty ones until it fills a chunk to the last byte. */
function frameOfOneChunk(): { whole: Uint8Array; content: Uint8Array } {
  const size = CHUNK_BYTES - 3 * 512;
  const content = testTar(bigFile(size - 3 * 512));
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  header.writeUInt32LE(content.length, 5);
  const blocks: Uint8Array[] = [];
  const add = (bytes: Uint8Array, isLast = 0): void => {
    const blockHeader = Buffer.alloc(3);
    blockHeader.writeUIntLE((bytes.length << 3) | isLast, 0, 3);
    blocks.push(blockHeader, bytes);
  };
  for (let at = 0; at < content.length; at += 1 << 17) add(content.subarray(at, at + (1 << 17)));
  const used = header.length + blocks.reduce((sum, { length }) => sum + length, 0);
  for (let left = (CHUNK_BYTES - used) / 3; left > 0; left--) add(new Uint8Array(), left === 1 ? 1 : 0);
  return { whole: Buffer.concat([header, ...blocks]), content };
}

describe("a layer unpacks to as much as announced", () => {
  const tar = testTar(bigFile(5000));
  const compressed = testZstd(tar);

  it.each([tar.length - 512, tar.length + 512, 0, 1, 2 ** 40])("not %i bytes", async (tarSize) => {
    await expectRefused(jobOf(compressed, tar, { tarSize }), "BUNDLE_MALFORMED");
  });

  it("not more, whatever the frame says: a bomb does not go off", async () => {
    const bomb = Buffer.from(testZstd(Buffer.alloc(16 << 20)));
    const announced = 1 << 20;
    // The content size of four bytes behind magic number and descriptor.
    bomb.writeUInt32LE(announced, 5);
    let bytes = 0;
    const sink = {
      begin: () => undefined,
      data: (part: Uint8Array) => void (bytes += part.length),
      end: () => undefined,
    };
    await expectRefused({ ...jobOf(bomb, Buffer.alloc(announced)), sink }, "BUNDLE_MALFORMED");
    expect(bytes).toBeLessThanOrEqual(announced);
  });

  it("not less, whatever the frame says", async () => {
    const short = Buffer.from(compressed);
    short.writeUInt16LE(tar.length + 512 - 256, 5);
    await expectRefused(jobOf(short, tar, { tarSize: tar.length + 512 }), "BUNDLE_MALFORMED");
  });

  it("not another number of files", async () => {
    await expectRefused(jobOf(compressed, tar, { entries: 0 }), "ENTRY_REFUSED");
    await expectRefused(jobOf(compressed, tar, { entries: 2 }), "HASH_MISMATCH");
  });
});

describe("a layer's tar stream", () => {
  const file = (name: string): LayerFile => ({
    path: `sdk/go1.27.1/${name}`,
    mode: 0o644,
    content: Buffer.from("x"),
  });

  it.each<[string, LayerFile[]]>([
    ["out of order", [file("b"), file("a")]],
    ["twice", [file("a"), file("a")]],
    ["twice on systems where case does not count", [file("A"), file("a")]],
    ["both file and folder", [file("a"), file("a/b")]],
    ["climbing", [file("../../../etc/passwd")]],
    ["a device of Windows", [file("nul.txt")]],
  ])("has no names %s", async (_, files) => {
    const tar = testTar(files);
    await expectRefused(jobOf(testZstd(tar), tar, { entries: files.length }), "ENTRY_REFUSED");
  });

  it("has nothing behind its end, and an end", async () => {
    const tar = testTar([file("a")]);
    for (const bytes of [Buffer.concat([tar, Buffer.alloc(512)]), tar.subarray(0, -512), Buffer.alloc(0)]) {
      await expectRefused(jobOf(testZstd(bytes), bytes), "BUNDLE_MALFORMED");
    }
  });
});
