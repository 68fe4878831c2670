import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { openBundle } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { SMALL_NOW, smallFetched, testKey } from "../../../../test/kit/small-bundle.ts";
import { openPacked } from "../rehearse/packed-source.ts";
import { outerPieces, pieceSize, type Piece } from "./outer.ts";
import { layerPress } from "./layer-press.ts";
import { pack } from "./pack.ts";

const run = promisify(execFile);

async function bytesOf(pieces: readonly Piece[]): Promise<Uint8Array> {
  const parts = pieces.map(async (piece) =>
    piece instanceof Uint8Array ? piece : await readFile(piece.file),
  );
  return Buffer.concat(await Promise.all(parts));
}

describe("outerPieces", () => {
  it("make a tar that other tools list and that our reader believes, with any number of signatures", async () => {
    await using folder = await temporaryFolder();
    const { fetched } = await smallFetched(folder.path);
    const packed = await pack(fetched, layerPress({ workDir: join(folder.path, "layers") }));
    const keys = [await testKey("One"), await testKey("Two")];
    const { index } = packed.documents;
    const signatures = await Promise.all(keys.map(({ signer }) => signer.sign(index.bytes, SMALL_NOW)));
    const pieces = outerPieces(packed, signatures);
    const bytes = await bytesOf(pieces);
    expect(pieces.reduce((sum, piece) => sum + pieceSize(piece), 0)).toBe(bytes.length);

    const file = join(folder.path, "small.tar");
    await writeFile(file, bytes);
    const { stdout } = await run("tar", ["-tf", file]);
    const names = stdout.trimEnd().split("\n");
    expect(names.slice(0, 4)).toEqual([
      "README.txt",
      "oci-layout",
      "index.json",
      `blobs/sha256/${index.digest.slice("sha256:".length)}`,
    ]);
    expect(names.slice(-5)).toEqual(
      packed.layers.map(({ layer }) => `blobs/sha256/${layer.digest.slice("sha256:".length)}`),
    );
    // Index, empty config, manifest and signature of two keys, contents with its manifest, two platforms with two each.
    expect(names).toHaveLength(3 + 2 + 4 + 2 + 4 + 5);

    await using source = await openPacked("small", pieces);
    const trust = { keys: keys.map(({ trusted }) => trusted), minSignatures: 2, now: SMALL_NOW };
    const opened = await openBundle(source, trust);
    expect(opened.contents).toEqual(packed.contents);
    expect(opened.indexDigest).toBe(index.digest);
  });
});
