// Writes one layer: tar, zstd, digests, in one pass. The parameters of zstd are part of the format (FORMAT.md
// section 5), because the same input must give the same bytes.

import { createHash, hash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import {
  CHUNK_BYTES,
  encodeHeader,
  paddingAfter,
  paddingBytes,
  trailer,
  WINDOW_LOG,
  type Digest,
  type LayerSums,
  type Layer,
} from "@goferry/core";
import { LARGE_ENTRY_BYTES } from "../go/zip.ts";
import { diskError } from "../net/disk-error.ts";
import type { FetchedUnit, PackedLayer } from "../stages.ts";
import type { PlannedFile, PlannedLayer } from "./layer-plan.ts";

/** What the packer saw of a unit in one layer. */
export interface UnitFiles {
  /** Names relative to the unit's prefix. */
  files: LayerSums["files"];
  /** Bytes and number of all its files, those outside its h1 too. */
  size: number;
  count: number;
}

export interface WrittenLayer extends PackedLayer {
  units: FetchedUnit[];
  seen: Map<FetchedUnit, UnitFiles>;
}

export interface WriteLayerOptions {
  layer: PlannedLayer;
  /** Must not exist. */
  file: string;
  signal?: AbortSignal | undefined;
  /** Hears of unpacked bytes as they are packed. */
  onBytes?: ((bytes: number) => void) | undefined;
}

const ZSTD_LEVEL = 12;

/** Bytes of small files that are collected before they are handed to the compressor. */
const BATCH_BYTES = 1 << 20;

/** @throws DISK_FULL, IO_FAILED; MODULE_ZIP_INVALID if a zip changed since it was fetched */
export async function writeLayer(options: WriteLayerOptions): Promise<WrittenLayer> {
  const { layer, file, signal } = options;
  await using opened = await layer.open();
  const tarSize = opened.files.reduce((sum, each) => sum + entryBytes(each), trailer().length);
  const zstd = createZstdCompress({
    chunkSize: BATCH_BYTES,
    pledgedSrcSize: tarSize,
    params: {
      [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL,
      [constants.ZSTD_c_windowLog]: WINDOW_LOG,
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
      [constants.ZSTD_c_contentSizeFlag]: 1,
      [constants.ZSTD_c_checksumFlag]: 0,
    },
  });
  const tar = new TarStream(opened.files, options.onBytes);
  const blob = new BlobFile();
  try {
    await using handle = await open(file, "wx");
    await pipeline(tar.bytes(), zstd, (output) => blob.write(handle, output as AsyncIterable<Uint8Array>), {
      signal,
    });
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? diskError(error, file) : error;
  }
  return {
    file,
    layer: {
      kind: layer.kind,
      ...(layer.go === undefined ? {} : { go: layer.go }),
      ...(layer.platform === undefined ? {} : { platform: layer.platform }),
      ...blob.result(),
      diffId: tar.digest(),
      tarSize,
      entries: opened.files.length,
    },
    units: layer.units,
    seen: tar.seen,
  };
}

function entryBytes({ path, mode, size }: PlannedFile): number {
  return encodeHeader({ path, mode, size }).length + size + paddingBytes(size);
}

/** The tar stream of a layer, its digest, and the hashes of its files. */
class TarStream {
  readonly seen = new Map<FetchedUnit, UnitFiles>();
  readonly #files: readonly PlannedFile[];
  readonly #onBytes: ((bytes: number) => void) | undefined;
  readonly #hash = createHash("sha256");

  constructor(files: readonly PlannedFile[], onBytes: ((bytes: number) => void) | undefined) {
    this.#files = files;
    this.#onBytes = onBytes;
  }

  digest(): Digest {
    return `sha256:${this.#hash.digest("hex")}`;
  }

  /** In pieces of about BATCH_BYTES: one trip through the stream for each small file would cost more than zstd. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    let batch: Uint8Array[] = [];
    let size = 0;
    for await (const piece of this.#pieces()) {
      batch.push(piece);
      size += piece.length;
      if (size < BATCH_BYTES) continue;
      yield this.#emit(batch, size);
      batch = [];
      size = 0;
    }
    if (size > 0) yield this.#emit(batch, size);
  }

  #emit(batch: Uint8Array[], size: number): Uint8Array {
    const bytes = Buffer.concat(batch, size);
    this.#hash.update(bytes);
    this.#onBytes?.(size);
    return bytes;
  }

  async *#pieces(): AsyncGenerator<Uint8Array> {
    for (const file of this.#files) {
      const { path, mode, size, content } = file;
      yield encodeHeader({ path, mode, size });
      if (content instanceof Uint8Array) {
        this.#saw(file, content);
        yield content;
      } else if (size <= LARGE_ENTRY_BYTES) {
        const bytes = await content.zip.read(content.entry);
        this.#saw(file, bytes);
        yield bytes;
      } else {
        const sum = createHash("sha256");
        for await (const bytes of content.zip.chunks(content.entry)) {
          sum.update(bytes);
          yield bytes;
        }
        this.#count(file, sum.digest("hex"));
      }
      yield paddingAfter(size);
    }
    yield trailer();
  }

  #saw(file: PlannedFile, bytes: Uint8Array): void {
    if (file.hashed !== undefined) this.#count(file, hash("sha256", bytes, "hex"));
  }

  #count({ hashed, size }: PlannedFile, sha256: string): void {
    if (hashed === undefined) return;
    const seen = this.seen.get(hashed.unit) ?? { files: [], size: 0, count: 0 };
    this.seen.set(hashed.unit, seen);
    seen.files.push({ name: hashed.name, sha256, size });
    seen.size += size;
    seen.count += 1;
  }
}

/** The compressed side: digests of the whole and of each chunk while the file is written. */
class BlobFile {
  readonly #whole = createHash("sha256");
  readonly #chunks: string[] = [];
  #chunk = createHash("sha256");
  #left = CHUNK_BYTES;
  #size = 0;

  async write(handle: FileHandle, output: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const bytes of output) {
      this.#whole.update(bytes);
      this.#size += bytes.length;
      for (let at = 0; at < bytes.length;) {
        const part = bytes.subarray(at, at + this.#left);
        this.#chunk.update(part);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#endChunk();
      }
      await handle.writeFile(bytes);
    }
    if (this.#left < CHUNK_BYTES) this.#endChunk();
  }

  result(): Pick<Layer, "digest" | "size" | "chunks"> {
    return { digest: `sha256:${this.#whole.digest("hex")}`, size: this.#size, chunks: this.#chunks };
  }

  #endChunk(): void {
    this.#chunks.push(this.#chunk.digest("hex"));
    this.#chunk = createHash("sha256");
    this.#left = CHUNK_BYTES;
  }
}
