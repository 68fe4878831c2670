import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { CHUNK_BYTES, encodeHeader, paddingAfter, sha256Hex, trailer } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { canMount, smallDisk } from "../../../../test/kit/small-disk.ts";
import { LARGE_ENTRY_BYTES } from "../go/zip.ts";
import type { PlannedFile, PlannedLayer } from "./planned-layer.ts";
import { writeLayer, type WrittenLayer } from "./write-layer.ts";

const sh = promisify(execFile);

/** A layer of modules with these files. `disposed` counts how often its zips were closed. */
function layerOf(files: PlannedFile[]): PlannedLayer & { disposed: number } {
  const layer = {
    kind: "mod" as const,
    units: [],
    identity: "test",
    disposed: 0,
    open: async () => ({
      files,
      [Symbol.asyncDispose]: async () => {
        layer.disposed += 1;
      },
    }),
  };
  return layer;
}

function inMemory(path: string, content: Uint8Array): PlannedFile {
  return { path, mode: 0o644, size: content.length, content };
}

/** A file whose content comes out of a zip in pieces of these sizes, over and over, each in a turn of its own. */
function inPieces(path: string, content: Uint8Array, sizes: readonly number[]): PlannedFile {
  const entry = { name: path, path, size: content.length };
  const zip = {
    read: async () => {
      await nextTurn();
      return content;
    },
    async *chunks() {
      let at = 0;
      for (let i = 0; at < content.length; i++) {
        const size = sizes[i % sizes.length] ?? content.length;
        await nextTurn();
        yield content.subarray(at, at + size);
        at += size;
      }
    },
  };
  return { path, mode: 0o644, size: content.length, content: { zip, entry } };
}

async function write(folder: string, files: PlannedFile[]): Promise<WrittenLayer & { bytes: Uint8Array }> {
  const file = join(folder, sha256Hex(randomBytes(8)));
  const written = await writeLayer({ layer: layerOf(files), file });
  return { ...written, bytes: await readFile(file) };
}

/** Bytes that compress to about a tenth, without a period that a window could hide in. */
function text(size: number): Buffer {
  const words = Array.from({ length: 500 }, (_, i) => createHash("md5").update(`${i}`).digest("hex"));
  const line = (i: number): string => words[(i * i + (i >> 3)) % words.length] ?? "";
  return Buffer.from(Array.from({ length: Math.ceil(size / 32) }, (_, i) => line(i)).join("")).subarray(
    0,
    size,
  );
}

describe("writeLayer", () => {
  it("describes its file as stock tools see it", async () => {
    await using folder = await temporaryFolder();
    const files = [
      inMemory("mod/a@v1/empty", new Uint8Array()),
      { ...inMemory("mod/a@v1/random", randomBytes(2.5 * CHUNK_BYTES)), mode: 0o755 as const },
      inMemory(`mod/a@v1/${"long/".repeat(30)}name`, text(1000)),
      inPieces("mod/b@v1/large", text(LARGE_ENTRY_BYTES + 1), [300_000]),
    ];
    const { file, layer } = await write(folder.path, files);
    const unpacked = join(folder.path, "layer.tar");
    await sh("sh", ["-c", 'zstd -q -dc "$1" > "$2"', "sh", file, unpacked]);
    const sum = async (path: string): Promise<string> => (await sh("sha256sum", [path])).stdout.slice(0, 64);
    expect(layer.digest).toBe(`sha256:${await sum(file)}`);
    expect(layer.diffId).toBe(`sha256:${await sum(unpacked)}`);
    expect(layer.size).toBe((await stat(file)).size);
    expect(layer.tarSize).toBe((await stat(unpacked)).size);

    const pieces = join(folder.path, "piece-");
    await sh("split", ["-b", String(CHUNK_BYTES), file, pieces]);
    const sums = await sh("sh", ["-c", 'sha256sum "$1"*', "sh", pieces]);
    expect(layer.chunks).toEqual([...sums.stdout.matchAll(/^[0-9a-f]{64}/gmu)].map(([hex]) => hex));
    expect(layer.chunks.length).toBeGreaterThan(2);

    const { stdout } = await sh("tar", ["-tvf", unpacked]);
    const listed = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/\s+/u));
    expect(listed.map((fields) => [fields[0], fields[2], fields.at(-1)])).toEqual(
      files.map(({ path, mode, size }) => [mode === 0o755 ? "-rwxr-xr-x" : "-rw-r--r--", String(size), path]),
    );
    expect(layer).toMatchObject({ kind: "mod", entries: files.length });
  });

  it("makes the tar that the headers, contents and padding make", async () => {
    await using folder = await temporaryFolder();
    const [a, b] = [text(700), text(512)];
    const { layer } = await write(folder.path, [inMemory("a", a), inPieces("b", b, [100])]);
    const parts = [a, b].flatMap((content, i) => [
      encodeHeader({ path: "ab"[i] ?? "", mode: 0o644, size: content.length }),
      content,
      paddingAfter(content.length),
    ]);
    expect(layer.diffId).toBe(`sha256:${sha256Hex(Buffer.concat([...parts, trailer()]))}`);
  });

  // zstd writes another header when it gets a small input whole and at once than when the end comes later.
  it("gives the same bytes whatever pieces the contents come in", async () => {
    await using folder = await temporaryFolder();
    const large = text(LARGE_ENTRY_BYTES + 1);
    const expected = await write(folder.path, [inPieces("large", large, [large.length])]);
    for (const sizes of [[4096], [1, 131_071, 1_048_576, 77], [(1 << 20) - 512, 512]]) {
      const { layer, bytes } = await write(folder.path, [inPieces("large", large, sizes)]);
      expect(layer).toEqual(expected.layer);
      expect(Buffer.compare(bytes, expected.bytes)).toBe(0);
    }
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1_200_000 }), async (size) => {
        const content = text(size);
        const whole = await write(folder.path, [inMemory("small", content)]);
        const pieces = await write(folder.path, [inPieces("small", content, [999])]);
        expect(pieces.layer).toEqual(whole.layer);
      }),
      { numRuns: 10 },
    );
  });

  it("tells of every byte that it packs", async () => {
    await using folder = await temporaryFolder();
    let heard = 0;
    const { layer } = await writeLayer({
      layer: layerOf([inMemory("a", text(3_000_000)), inMemory("b", text(10))]),
      file: join(folder.path, "layer"),
      onBytes: (bytes) => {
        heard += bytes;
      },
    });
    expect(heard).toBe(layer.tarSize);
  });

  it("ends at once when it is interrupted, and closes what it opened", async () => {
    await using folder = await temporaryFolder();
    const abort = new AbortController();
    const endless = inPieces("large", text(LARGE_ENTRY_BYTES * 2), [1 << 16]);
    const layer = layerOf([endless]);
    const file = join(folder.path, "layer");
    const { signal } = abort;
    const onBytes = (): void => abort.abort(new Error("Ctrl-C"));
    const error: unknown = await writeLayer({ layer, file, signal, onBytes }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: "AbortError", cause: { message: "Ctrl-C" } });
    expect(layer.disposed).toBe(1);
  });

  it("refuses to write over a file, and a content that is not as long as announced", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "layer");
    await writeFile(file, "kept");
    expect(await codeOf(writeLayer({ layer: layerOf([inMemory("a", text(9))]), file }))).toBe("IO_FAILED");
    expect(await readFile(file, "utf8")).toBe("kept");
    const short = { ...inPieces("a", text(500), [500]), size: 1500 };
    await expect(write(folder.path, [short])).rejects.toThrow("Src size");
  });
});

describe.skipIf(!(await canMount()))("writeLayer on a full disk", () => {
  it("says so", async () => {
    await using disk = await smallDisk({ size: "1m" });
    const layer = layerOf([inMemory("a", randomBytes(3 << 20))]);
    expect(await codeOf(writeLayer({ layer, file: join(disk.path, "layer") }))).toBe("DISK_FULL");
    expect(layer.disposed).toBe(1);
  });
});
