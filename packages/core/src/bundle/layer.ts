// Reads one layer: chunks from the medium, each checked before the decompressor sees it, then zstd, tar and hashes, all
// in one pass and constant memory (DESIGN 2, Chunks).

import { pipeline } from "node:stream/promises";
import { constants, createZstdDecompress } from "node:zlib";
import { TarReader } from "../archive/tar-reader.ts";
import { sha256Hex } from "../digest.ts";
import { GoferryError } from "../errors.ts";
import { CHUNK_BYTES, type Layer, type Unit } from "../format/contents.ts";
import { WINDOW_LOG } from "../limits.ts";
import { LayerFiles, type LayerSink, type LayerSums } from "./layer-files.ts";
import type { ByteSource } from "./source.ts";

export interface LayerJob {
  source: ByteSource;
  /** Of the layer's first byte in the source. */
  offset: number;
  layer: Layer;
  /** The units of this layer. */
  units: readonly Unit[];
  sink?: LayerSink | undefined;
  signal?: AbortSignal | undefined;
  /** Hears of compressed bytes as they are checked. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/** Bytes that the decompressor gives at a time: most files of a module fit in one piece. */
const OUTPUT_BYTES = 1 << 20;

/**
 * Reads and checks a whole layer, handing its files to the sink.
 * @throws CHUNK_MISMATCH for bytes that are not those that were signed; ENTRY_REFUSED, HASH_MISMATCH and
 * BUNDLE_MALFORMED for a layer that was signed but is not as FORMAT.md says; IO_FAILED; what the sink throws
 */
export async function readLayer(job: LayerJob): Promise<LayerSums> {
  const { layer, units, sink, signal } = job;
  const files = new LayerFiles(layer, units, sink);
  const tar = new TarReader(files, {
    subject: layer.digest,
    maxEntries: layer.entries,
    maxBytes: layer.tarSize,
  });
  const zstd = createZstdDecompress({
    chunkSize: OUTPUT_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
  });
  let tarBytes = 0;
  await pipeline(
    readChunks(job),
    zstd,
    async (output) => {
      for await (const bytes of output as AsyncIterable<Uint8Array>) {
        tarBytes += bytes.length;
        if (tarBytes > layer.tarSize) throw wrongSize(layer, `more than ${layer.tarSize} bytes`);
        tar.write(bytes);
      }
    },
    { signal },
  ).catch((error: unknown) => {
    throw isZstdError(error) ? wrongSize(layer, `zstd: ${error.message}`, error) : error;
  });
  tar.finish();
  if (tarBytes !== layer.tarSize) throw wrongSize(layer, `${tarBytes} bytes`);
  return files.finish();
}

/** Checks the chunks of a layer and nothing else: what `verify --quick` does. Throws CHUNK_MISMATCH, IO_FAILED. */
export async function checkChunks(
  job: Pick<LayerJob, "source" | "offset" | "layer" | "onBytes">,
): Promise<void> {
  for await (const bytes of readChunks(job)) void bytes;
}

/** The compressed bytes of a layer in checked chunks. The next one is read while this one is used. */
async function* readChunks({
  source,
  offset,
  layer,
  onBytes,
}: Pick<LayerJob, "source" | "offset" | "layer" | "onBytes">): AsyncGenerator<Uint8Array> {
  const read = (i: number): Promise<Uint8Array> =>
    source.read(offset + i * CHUNK_BYTES, Math.min(CHUNK_BYTES, layer.size - i * CHUNK_BYTES));
  let ahead = read(0);
  for (const [i, expected] of layer.chunks.entries()) {
    const bytes = await ahead;
    if (i + 1 < layer.chunks.length) {
      ahead = read(i + 1);
      // Its failure is met when its turn comes; if this chunk fails first, nobody waits for it.
      ahead.catch(() => undefined);
    }
    const found = sha256Hex(bytes);
    if (found !== expected) {
      const at = offset + i * CHUNK_BYTES;
      throw new GoferryError("CHUNK_MISMATCH", {
        subject: `${source.name}, bytes ${at} to ${at + bytes.length - 1}`,
        message: "the bundle is damaged or was changed here",
        expected,
        found,
        next: "Copy the bundle again; if the same bytes are wrong, the original is",
      });
    }
    onBytes?.(bytes.length);
    yield bytes;
  }
}

function isZstdError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ZSTD_");
}

function wrongSize(layer: Layer, found: string, cause?: unknown): GoferryError {
  return new GoferryError("BUNDLE_MALFORMED", {
    subject: layer.digest,
    message: "a layer does not unpack as announced",
    expected: `one zstd frame of ${layer.tarSize} bytes`,
    found,
    next: "Do not use this bundle; tell who signed it, and have it built again",
    cause,
  });
}
