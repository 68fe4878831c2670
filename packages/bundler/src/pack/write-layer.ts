// Writes one layer: tar, zstd, digests, in one pass. The parameters of zstd are part of the format (FORMAT.md
// section 5), because the same input must give the same bytes.

import { createHash, hash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import {
  CHUNK_BYTES,
  dirhash,
  encodeHeader,
  paddingAfter,
  paddingBytes,
  trailer,
  WINDOW_LOG,
  zipPrefix,
  type Digest,
  type LayerSums,
  type Layer,
} from "@goferry/core";
import { LARGE_ENTRY_BYTES } from "../go/zip.ts";
import { diskError } from "../net/disk-error.ts";
import type { FetchedUnit, PackedLayer } from "../stages.ts";
import type { PlannedFile, PlannedLayer } from "./planned-layer.ts";

/** What the packer saw of a unit in one layer. */
export interface UnitSums {
  /** Bytes and number of the files that its h1 covers. */
  size: number;
  count: number;
  /** Of a module, which is in one layer: what the bytes that were packed hash to. */
  h1?: string | undefined;
  /** Of a toolchain, which is in two. Names relative to the unit's prefix. */
  files?: LayerSums["files"] | undefined;
}

export interface WrittenLayer extends PackedLayer {
  units: FetchedUnit[];
  seen: Map<FetchedUnit, UnitSums>;
}

export interface WriteLayerOptions {
  layer: PlannedLayer;
  /** Must not exist. */
  file: string;
  /** Of zstd; USUAL_LEVEL if left out. */
  level?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Hears of unpacked bytes as they are packed. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/** Of zstd; why not another one is in docs/PERFORMANCE.md. */
export const USUAL_LEVEL = 12;

/** For media on which every megabyte counts. */
export const SMALLEST_LEVEL = 19;

/**
 * The window, as a power of two, of what all platforms share of a Go: with this one it takes 0.7 % less than with the widest,
 * and unpacks in 60 % of the time, because all of it stays in the processor's own memory.
 */
const COMMON_WINDOW_LOG = 23;

/** Whatever else decides about the bytes of a layer, so that a layer of before is only taken for one of the same form. */
export const LAYER_FORM = { windowLogs: [COMMON_WINDOW_LOG, WINDOW_LOG], chunk: CHUNK_BYTES, form: 2 };

/** Bytes of small files that are collected before they are handed to the compressor. */
const BATCH_BYTES = 1 << 20;

/** @throws DISK_FULL, IO_FAILED; MODULE_ZIP_INVALID if a zip changed since it was fetched */
export async function writeLayer(options: WriteLayerOptions): Promise<WrittenLayer> {
  const { layer, file, level = USUAL_LEVEL, signal } = options;
  await using opened = await layer.open();
  const tarSize = opened.files.reduce((sum, each) => sum + entryBytes(each), trailer().length);
  const zstd = createZstdCompress({
    chunkSize: BATCH_BYTES,
    pledgedSrcSize: tarSize,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: isCommon(layer) ? COMMON_WINDOW_LOG : WINDOW_LOG,
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
    seen: tar.sums(),
  };
}

function isCommon({ kind, platform }: PlannedLayer): boolean {
  return kind === "sdk" && platform === undefined;
}

function entryBytes({ path, mode, size }: PlannedFile): number {
  return encodeHeader({ path, mode, size }).length + size + paddingBytes(size);
}

/** The tar stream of a layer, its digest, and the hashes of its files. */
class TarStream {
  readonly #seen = new Map<FetchedUnit, SeenFiles>();
  readonly #files: readonly PlannedFile[];
  readonly #onBytes: ((bytes: number) => void) | undefined;
  readonly #hash = createHash("sha256");
  /** For batches in turn: the compressor is done with one before it asks for the next but one. */
  readonly #memory = [Buffer.allocUnsafeSlow(2 * BATCH_BYTES), Buffer.allocUnsafeSlow(2 * BATCH_BYTES)];
  #batches = 0;

  constructor(files: readonly PlannedFile[], onBytes: ((bytes: number) => void) | undefined) {
    this.#files = files;
    this.#onBytes = onBytes;
  }

  digest(): Digest {
    return `sha256:${this.#hash.digest("hex")}`;
  }

  /** Of modules only the h1 is left: the hashes of 70,000 files are not needed any more. */
  sums(): Map<FetchedUnit, UnitSums> {
    return new Map(Array.from(this.#seen, ([unit, seen]) => [unit, sumsOf(unit, seen)]));
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
    const bytes = this.#join(batch, size);
    this.#hash.update(bytes);
    this.#onBytes?.(size);
    return bytes;
  }

  #join(batch: readonly Uint8Array[], size: number): Uint8Array {
    const memory = this.#memory[this.#batches++ % 2];
    if (memory === undefined || size > memory.length) return Buffer.concat(batch, size);
    let at = 0;
    for (const piece of batch) {
      memory.set(piece, at);
      at += piece.length;
    }
    return memory.subarray(0, size);
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
    const seen = this.#seen.get(hashed.unit) ?? { files: [], size: 0 };
    this.#seen.set(hashed.unit, seen);
    seen.files.push({ name: hashed.name, sha256, size });
    seen.size += size;
  }
}

interface SeenFiles {
  files: LayerSums["files"];
  size: number;
}

function sumsOf(unit: FetchedUnit, { files, size }: SeenFiles): UnitSums {
  const count = files.length;
  if (unit.kind === "toolchain") return { size, count, files };
  const prefix = zipPrefix(unit);
  return { size, count, h1: dirhash(files.map(({ name, sha256 }) => ({ name: prefix + name, sha256 }))) };
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
