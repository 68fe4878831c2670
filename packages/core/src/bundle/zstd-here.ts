// zstd in the thread that asks for it, always into the same memory. Node's stream does the same in a thread of its pool, into
// new memory each time: where other threads have work anyway, handing over and collecting that memory takes as long as
// half of the decompressing.

import { constants, createZstdDecompress } from "node:zlib";
import { WINDOW_LOG } from "../limits.ts";
import { zlibHere } from "../zlib-here.ts";

export interface ZstdHere {
  /**
   * Decompresses what comes next of a frame.
   * @param take gets what comes of it, piece by piece; a view that is valid only during the call
   * @throws an Error with a code that begins with ZSTD_error_
   */
  write(bytes: Uint8Array, take: (bytes: Uint8Array) => void): void;
  close(): void;
}

/** Bytes of output at a time: nearly every file fits in one piece. */
const OUTPUT_BYTES = 1 << 20;

/** Undefined where node has no such thing inside: then its stream is to be used. */
export function zstdHere(): ZstdHere | undefined {
  const zstd = zlibHere(createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } }));
  if (zstd === undefined) return undefined;
  const output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  const write: ZstdHere["write"] = (bytes, take) => {
    for (let left = bytes.length, isFull = true; left > 0 || isFull;) {
      zstd.step(constants.ZSTD_e_continue, bytes, bytes.length - left, output);
      const outputLeft = zstd.outputLeft();
      isFull = outputLeft === 0;
      // Nothing taken and nothing given: what is left belongs to no frame.
      if (zstd.inputLeft() === left && outputLeft === OUTPUT_BYTES) return;
      left = zstd.inputLeft();
      if (outputLeft < OUTPUT_BYTES) take(output.subarray(0, OUTPUT_BYTES - outputLeft));
    }
  };
  return { write, close: zstd.close };
}
