// Packed -> Sealed: signs the bundle index and writes the finished file to a draft, which gets its name when the lock is
// on disk too.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { list } from "tar";
import { GoferryError } from "@goferry/core";
import { diskError } from "../net/disk-error.ts";
import type { Draft } from "../output.ts";
import type { Signer } from "../signer.ts";
import type { Packed, Sealed } from "../stages.ts";
import { outerPieces, pieceSize, type Piece } from "./outer.ts";

export interface SealOptions {
  /** Of the finished bundle. Written, but not placed. */
  draft: Draft;
  /** The name that the draft will get. */
  out: string;
  signers: readonly Signer[];
  /** When the signatures say they were made. */
  now: Date;
  signal?: AbortSignal | undefined;
}

/** Bytes that are copied at a time. */
const COPY_BYTES = 1 << 20;

/** @throws KEY_INVALID, HASH_MISMATCH, DISK_FULL, IO_FAILED, INTERRUPTED */
export async function seal(packed: Packed, options: SealOptions): Promise<Sealed> {
  const { draft, out, signers, now, signal } = options;
  const signatures: string[] = [];
  for (const signer of signers) signatures.push(await signer.sign(packed.documents.index.bytes, now));
  const pieces = outerPieces(packed, signatures);
  try {
    await draft.write(chunksOf(pieces, signal));
    await checkWithOtherReader(draft.path, pieces);
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? diskError(error, out) : error;
  }
  signal?.throwIfAborted();
  return {
    packed,
    file: out,
    size: totalSize(pieces),
    signers: signers.map(({ fingerprint }) => fingerprint),
  };
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

/** What is handed out must still be what was signed: a disk may have changed it since it was packed. */
async function* layerChunks(
  { file, size, digest }: Exclude<Piece, Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const sum = createHash("sha256");
  const chunks: AsyncIterable<Uint8Array> = createReadStream(file, { highWaterMark: COPY_BYTES });
  for await (const bytes of chunks) {
    signal?.throwIfAborted();
    sum.update(bytes);
    yield bytes;
  }
  const found = `sha256:${sum.digest("hex")}`;
  if (found === digest) return;
  throw new GoferryError("HASH_MISMATCH", {
    subject: `layer of ${size} bytes`,
    message: "the layer has changed on this disk since it was packed",
    expected: digest,
    found,
    next: "Build again, with --cache on another disk if it happens again",
  });
}

/**
 * Our own reader has seen these bytes in the rehearsal. This one, of another make, shows that other people's tools find
 * the same entries in the file that is handed out.
 */
async function checkWithOtherReader(file: string, pieces: readonly Piece[]): Promise<void> {
  let entries = 0;
  let content = 0;
  await list({
    file,
    strict: true,
    onReadEntry: (entry) => {
      entries += 1;
      content += entry.size;
    },
  });
  // Three pieces an entry, the trailer last; the second of the three is the content.
  const expected = pieces.filter((_, i) => i % 3 === 1);
  if (entries === expected.length && content === totalSize(expected)) return;
  throw new GoferryError("INTERNAL", {
    subject: file,
    message: "another tar reader does not find in the bundle what was written",
    expected: `${expected.length} entries, ${totalSize(expected)} bytes`,
    found: `${entries} entries, ${content} bytes`,
    next: "Report this as a bug of goferry",
  });
}

function totalSize(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + pieceSize(piece), 0);
}
