// A finished bundle as a file: the pieces of the outer tar, in one pass, to a draft. What is handed out must still be what
// was signed, and other people's tools must find the same in it.

import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { list } from "tar";
import { GoferryError } from "@goferry/core";
import { filePieces } from "../cache/file-sha256.ts";
import { diskError } from "../net/disk-error.ts";
import type { Draft } from "../output.ts";
import { pieceSize, type Piece } from "./outer.ts";

export interface WriteOptions {
  draft: Draft;
  /** The name that the draft will get, for messages. */
  out: string;
  signal?: AbortSignal | undefined;
}

/** @returns the size in bytes. @throws HASH_MISMATCH, DISK_FULL, IO_FAILED, INTERRUPTED */
export async function writeOuter(
  pieces: readonly Piece[],
  { draft, out, signal }: WriteOptions,
): Promise<number> {
  try {
    const other = otherReader(out);
    await draft.write(other.watch(chunksOf(pieces, signal)));
    other.check(pieces);
    await checkSize(draft.path, totalSize(pieces));
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? diskError(error, out) : error;
  }
  signal?.throwIfAborted();
  return totalSize(pieces);
}

async function* chunksOf(
  pieces: readonly Piece[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    signal?.throwIfAborted();
    if (piece instanceof Uint8Array) yield piece;
    else yield* layerChunks(piece, signal);
  }
}

/** A disk, or a medium, may have changed it since it was looked at. */
async function* layerChunks(
  { file, size, digest, offset }: Exclude<Piece, Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const sum = createHash("sha256");
  // Without an offset the whole file is the layer, and more of it than there should be is found by its digest.
  const range = offset === undefined ? {} : { offset, size };
  for await (const bytes of filePieces(file, range)) {
    signal?.throwIfAborted();
    sum.update(bytes);
    yield bytes;
  }
  const found = `sha256:${sum.digest("hex")}`;
  if (found === digest) return;
  throw new GoferryError("HASH_MISMATCH", {
    subject: `layer of ${size} bytes`,
    message: "the layer has changed on this disk since it was packed or verified",
    expected: digest,
    found,
    next: "Do it again; if it happens again, on another disk (of a build: --cache)",
  });
}

/** @throws INTERNAL */
async function checkSize(file: string, expected: number): Promise<void> {
  const { size } = await stat(file);
  if (size === expected) return;
  throw new GoferryError("INTERNAL", {
    subject: file,
    message: "the file has not the size of what was written",
    expected: `${expected} bytes`,
    found: `${size} bytes`,
    next: "Report this as a bug of goferry, or look at the disk",
  });
}

interface OtherReader {
  /** Reads along. */
  watch(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** When all is written. @throws INTERNAL */
  check(pieces: readonly Piece[]): void;
}

/**
 * Our own reader has seen these bytes already. This one, of another make, shows that other people's tools find the same
 * entries in what is handed out. It counts and keeps nothing: the memory of a chunk is used again.
 */
function otherReader(file: string): OtherReader {
  let entries = 0;
  let content = 0;
  let failure: Error | undefined;
  const reader = list({
    strict: true,
    onReadEntry: (entry) => {
      entries += 1;
      content += entry.size;
    },
  }).on("error", (error: Error) => (failure ??= error));
  return {
    async *watch(chunks) {
      for await (const bytes of chunks) {
        reader.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
        yield bytes;
      }
      reader.end();
    },
    check(pieces) {
      // Three pieces an entry, the trailer last; the second of the three is the content.
      const expected = pieces.filter((_, i) => i % 3 === 1);
      if (failure === undefined && entries === expected.length && content === totalSize(expected)) return;
      throw new GoferryError("INTERNAL", {
        subject: file,
        message: "another tar reader does not find in the bundle what was written",
        expected: `${expected.length} entries, ${totalSize(expected)} bytes`,
        found: failure === undefined ? `${entries} entries, ${content} bytes` : failure.message,
        next: "Report this as a bug of goferry",
        cause: failure,
      });
    },
  };
}

function totalSize(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + pieceSize(piece), 0);
}
