// Reads one layer: chunks from the medium, each checked before the decompressor sees it, then zstd, tar and hashes, all
// in one pass and constant memory (DESIGN 2, Chunks).

import { pipeline } from "node:stream/promises";
import { constants, createZstdDecompress } from "node:zlib";
import { TarReader } from "../archive/tar-reader.ts";
import { sha256Hex } from "../digest.ts";
import { GoferryError } from "../errors.ts";
import type { Contents, Layer, Unit } from "../format/contents.ts";
import { CHUNK_BYTES } from "../format/consistency.ts";
import { WINDOW_LOG } from "../limits.ts";
import { LayerFiles, type LayerSink, type LayerSums } from "./layer-files.ts";
import { LogFiles } from "./log-files.ts";
import type { ByteSource } from "./source.ts";
import { malformedLayer, ZstdFrame } from "./zstd-frame.ts";
import { zstdHere } from "./zstd-here.ts";

export interface LayerJob {
  source: ByteSource;
  /** Of the layer's first byte in the source. */
  offset: number;
  layer: Layer;
  /** The units of this layer. */
  units: readonly Unit[];
  /** What the contents say of the checksum database: needed for a layer of kind log. */
  log?: Contents["log"];
  sink?: LayerSink | undefined;
  signal?: AbortSignal | undefined;
  /** Hears of compressed bytes as they are checked. */
  onBytes?: ((bytes: number) => void) | undefined;
  /**
   * Hears of each module that is not what was announced; then the others are compared too. Without it the first one throws.
   * Not for a sink, which must not hear of a layer that is refused as if it were whole.
   */
  report?: ((finding: GoferryError) => void) | undefined;
  /** The thread has nothing else to do, so that zstd may work in it instead of in one of node's. */
  hasOwnThread?: boolean;
  /** Gets the tar stream, piece by piece; each is valid only during the call. */
  onTar?: ((bytes: Uint8Array) => void) | undefined;
}

/** Bytes that the decompressor gives at a time: most files of a module fit in one piece. */
const OUTPUT_BYTES = 1 << 18;

/**
 * Reads and checks a whole layer, handing its files to the sink.
 * @throws CHUNK_MISMATCH for bytes that are not those that were signed; ENTRY_REFUSED, HASH_MISMATCH and
 * BUNDLE_MALFORMED for a layer that was signed but is not as FORMAT.md says; IO_FAILED; what the sink throws
 */
export async function readLayer(job: LayerJob): Promise<LayerSums> {
  const { layer, signal } = job;
  const files = handlerOf(job);
  const tar = new TarReader(files, {
    subject: layer.digest,
    maxEntries: layer.entries,
    maxBytes: layer.tarSize,
  });
  let tarBytes = 0;
  const take = (bytes: Uint8Array): void => {
    tarBytes += bytes.length;
    job.onTar?.(bytes);
    tar.write(bytes);
  };
  try {
    await unpack(job, take);
  } catch (error) {
    // The stream's AbortError says less than the reason it was given.
    signal?.throwIfAborted();
    throw isZstdError(error) ? malformedLayer(layer, `zstd: ${error.message}`, error) : error;
  }
  tar.finish();
  if (tarBytes !== layer.tarSize) throw malformedLayer(layer, `${tarBytes} bytes`);
  return await files.finish();
}

/** The tar stream of a layer, piece by piece, each valid only during the call. */
async function unpack(job: LayerJob, take: (bytes: Uint8Array) => void): Promise<void> {
  const here = job.hasOwnThread === true ? zstdHere() : undefined;
  if (here !== undefined) {
    try {
      for await (const bytes of readFrame(job)) {
        job.signal?.throwIfAborted();
        here.write(bytes, take);
      }
    } finally {
      here.close();
    }
    return;
  }
  const zstd = createZstdDecompress({
    chunkSize: OUTPUT_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG },
  });
  await pipeline(
    readFrame(job),
    zstd,
    async (output) => {
      for await (const bytes of output as AsyncIterable<Uint8Array>) take(bytes);
    },
    { signal: job.signal },
  );
}

function handlerOf({ layer, units, log, sink, report }: LayerJob): LayerFiles | LogFiles {
  return layer.kind === "log" && log !== undefined
    ? new LogFiles(layer, log, units, sink)
    : new LayerFiles(layer, units, { sink, report });
}

type ChunkJob = Pick<LayerJob, "source" | "offset" | "layer" | "onBytes" | "report"> & {
  /** Number of the chunk to begin with, from 0. */
  first?: number;
};

/**
 * Compares the chunks of a layer with what was signed, and does nothing else: what `verify --quick` does. Throws IO_FAILED,
 * and without `report` CHUNK_MISMATCH.
 */
export async function checkChunks(job: ChunkJob): Promise<void> {
  for await (const bytes of readChunks(job)) void bytes;
}

/** The checked chunks of a layer, as long as they are one zstd frame that ends with the layer. */
async function* readFrame(job: LayerJob): AsyncGenerator<Uint8Array> {
  const frame = new ZstdFrame(job.layer);
  // What was not signed must not be passed over here: the rest of the frame would be unpacked without it.
  for await (const bytes of readChunks({ ...job, report: undefined })) {
    frame.write(bytes);
    // Whoever takes it is done with it before asking for the next: zstd here at once, node's stream before it says so.
    yield bytes;
  }
  frame.finish();
}

/**
 * The compressed bytes of a layer in checked chunks. The next one is read while this one is used, which is valid until the next
 * one is asked for: a new buffer for each would have V8 collect garbage all the time, and grow meanwhile. One that is not what was
 * signed is told to `report`, and passed over; without that, it ends the reading.
 */
async function* readChunks({
  source,
  offset,
  layer,
  onBytes,
  report,
  first = 0,
}: ChunkJob): AsyncGenerator<Uint8Array> {
  if (first >= layer.chunks.length) return;
  const length = Math.min(CHUNK_BYTES, layer.size);
  const memory = [Buffer.allocUnsafeSlow(length), Buffer.allocUnsafeSlow(length)];
  const read = (i: number): Promise<Uint8Array> => {
    const at = i * CHUNK_BYTES;
    return source.read(offset + at, Math.min(CHUNK_BYTES, layer.size - at), memory[i % 2]);
  };
  let ahead = read(first);
  for (const [i, expected] of layer.chunks.entries()) {
    if (i < first) continue;
    const bytes = await ahead;
    if (i + 1 < layer.chunks.length) {
      ahead = read(i + 1);
      // Its failure is met when its turn comes; if this chunk fails first, nobody waits for it.
      ahead.catch(() => undefined);
    }
    const found = sha256Hex(bytes);
    if (found === expected) {
      onBytes?.(bytes.length);
      yield bytes;
      continue;
    }
    const at = offset + i * CHUNK_BYTES;
    const mismatch = new GoferryError("CHUNK_MISMATCH", {
      subject: `${source.name}, bytes ${at} to ${at + bytes.length - 1}`,
      message: "the bundle is damaged or was changed here",
      expected,
      found,
      next: "Copy the bundle again; if the same bytes are wrong, the original is",
    });
    if (report === undefined) throw mismatch;
    onBytes?.(bytes.length);
    report(mismatch);
  }
}

/** `ZSTD_error_…` of the library, `Z_BUF_ERROR` of the stream around it. */
function isZstdError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^Z(?:STD)?_/.test(String(error.code));
}
