// Deflating one file after the other as fast as zlib can: level 1, and one compressor that begins anew instead of a new one
// for each, whose memory takes as long to make as a small file to deflate.

import { constants, createDeflateRaw, deflateRawSync } from "node:zlib";
import { zlibHere, type ZlibHere } from "@goferry/core";

/** Bytes of what one compressor gives, always into the same memory; nearly every file of a module becomes less. */
const OUTPUT_BYTES = 1 << 19;
/** Where it takes a compressor for each file, new memory for its output. */
const SMALL_OUTPUT_BYTES = 1 << 14;

const level = constants.Z_BEST_SPEED;

/** Of this thread, which keeps it; undefined where node has no such thing inside. */
let here: ZlibHere | undefined;
let output: Uint8Array | undefined;

/** A raw deflate stream (RFC 1951) of the whole content: a view that is valid until the next call. */
export function deflate(content: Uint8Array): Uint8Array {
  if (output === undefined) {
    output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
    here = zlibHere(createDeflateRaw({ level }));
  }
  if (here !== undefined) {
    here.reset();
    here.step(constants.Z_FINISH, content, 0, output);
    // A full output says that there is more; what is as long by chance is done once more.
    if (here.outputLeft() > 0) return output.subarray(0, OUTPUT_BYTES - here.outputLeft());
  }
  const chunkSize = content.length < OUTPUT_BYTES ? SMALL_OUTPUT_BYTES : OUTPUT_BYTES;
  return deflateRawSync(content, { level, chunkSize });
}
