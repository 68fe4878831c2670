// Changes to a small bundle (small-bundle.ts) that leave it well-formed in everything but what was changed: the documents
// follow from the changed contents, and it can be signed again. So a test meets the one check that it is about.

import { constants, zstdCompressSync, zstdDecompressSync, type ZstdOptions } from "node:zlib";
import { EntryNames } from "../../packages/core/src/archive/names.ts";
import { TarReader } from "../../packages/core/src/archive/tar-reader.ts";
import { decodeHeader, headerLength } from "../../packages/core/src/archive/ustar.ts";
import {
  CHUNK_BYTES,
  digestOf,
  encodeHeader,
  paddingAfter,
  paddingBytes,
  sha256Hex,
  signedDocuments,
  trailer,
  WINDOW_LOG,
  type Contents,
  type Layer,
  type TarMode,
} from "../../packages/core/src/index.ts";
import type { SmallBundle } from "./small-bundle.ts";

/** The same bundle with other contents, and every document that follows from them. */
export function withContents(small: SmallBundle, change: (contents: Contents) => Contents): SmallBundle {
  const contents = change(small.packed.contents);
  const documents = signedDocuments(contents, small.packed.readme);
  const layers = contents.layers.map((layer, i) => ({ file: `layer-${i}`, layer }));
  return { ...small, packed: { ...small.packed, contents, documents, layers } };
}

export interface LayerFile {
  path: string;
  mode: TarMode;
  content: Uint8Array;
}

/** The files of a layer. */
export function readTestLayer(compressed: Uint8Array): LayerFile[] {
  const files: LayerFile[] = [];
  const parts: Uint8Array[] = [];
  const reader = new TarReader(
    {
      begin: ({ path, mode }) => void files.push({ path, mode, content: new Uint8Array() }),
      data: (bytes) => void parts.push(Buffer.from(bytes)),
      end() {
        const last = files.at(-1);
        if (last !== undefined) last.content = Buffer.concat(parts.splice(0));
      },
    },
    { subject: "layer", maxEntries: Infinity, maxBytes: Infinity, names: new EntryNames() },
  );
  reader.write(zstdDecompressSync(compressed));
  reader.finish();
  return files;
}

/** A layer's bytes as a tar stream. */
export function testTar(files: readonly LayerFile[]): Uint8Array {
  return Buffer.concat([
    ...files.flatMap(({ path, mode, content }) => [
      encodeHeader({ path, mode, size: content.length }),
      content,
      paddingAfter(content.length),
    ]),
    trailer(),
  ]);
}

/** Compresses as the packer does, unless told otherwise. */
export function testZstd(tar: Uint8Array, { params = {}, ...options }: ZstdOptions = {}): Uint8Array {
  return zstdCompressSync(tar, {
    pledgedSrcSize: tar.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: 12,
      [constants.ZSTD_c_windowLog]: WINDOW_LOG,
      [constants.ZSTD_c_contentSizeFlag]: 1,
      [constants.ZSTD_c_checksumFlag]: 0,
      ...params,
    },
    ...options,
  });
}

type LayerFacts = Pick<Layer, "digest" | "size" | "diffId" | "tarSize" | "entries" | "chunks">;

/** What the contents say of a layer of these bytes. */
export function layerFacts(compressed: Uint8Array, tar: Uint8Array, entries: number): LayerFacts {
  const chunks: string[] = [];
  for (let at = 0; at < compressed.length; at += CHUNK_BYTES) {
    chunks.push(sha256Hex(compressed.subarray(at, at + CHUNK_BYTES)));
  }
  return {
    digest: digestOf(compressed),
    size: compressed.length,
    diffId: digestOf(tar),
    tarSize: tar.length,
    entries,
    chunks,
  };
}

/** The same bundle with other files in a layer, and contents that agree with them as far as the layer goes. */
export function withFiles(
  small: SmallBundle,
  index: number,
  change: (files: LayerFile[]) => LayerFile[],
): SmallBundle {
  const files = change(readTestLayer(small.layers[index] ?? new Uint8Array()));
  const tar = testTar(files);
  return withLayer(small, index, testZstd(tar), layerFacts(testZstd(tar), tar, files.length));
}

/** The same bundle with other bytes in place of a layer, of which the contents say what they are told to. */
export function withLayer(
  small: SmallBundle,
  index: number,
  compressed: Uint8Array,
  facts: Partial<LayerFacts>,
): SmallBundle {
  const layers = small.layers.map((bytes, i) => (i === index ? compressed : bytes));
  return withContents({ ...small, layers }, (contents) => ({
    ...contents,
    layers: contents.layers.map((layer, i) => (i === index ? { ...layer, ...facts } : layer)),
  }));
}

/** An entry of the outer tar: the bytes of its header, and its content. */
export interface OuterEntry {
  path: string;
  header: Uint8Array;
  content: Uint8Array;
}

/** The entries of a bundle's file. */
export function outerEntries(file: Uint8Array): OuterEntry[] {
  const entries: OuterEntry[] = [];
  for (let at = 0; at < file.length - trailer().length;) {
    const { path, size } = decodeHeader(file, at);
    const start = at + headerLength(file, at);
    entries.push({ path, header: file.subarray(at, start), content: file.subarray(start, start + size) });
    at = start + size + paddingBytes(size);
  }
  return entries;
}

/** The entry of these bytes. */
export function outerEntry(path: string, content: Uint8Array, mode: TarMode = 0o644): OuterEntry {
  return { path, header: encodeHeader({ path, size: content.length, mode }), content };
}

/** The bundle's file of these entries. */
export function joinOuter(entries: readonly OuterEntry[]): Uint8Array {
  return Buffer.concat([
    ...entries.flatMap(({ header, content }) => [header, content, paddingAfter(content.length)]),
    trailer(),
  ]);
}
