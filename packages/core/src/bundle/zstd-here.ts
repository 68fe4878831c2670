// zstd in the thread that asks for it, always into the same memory. Node's stream does the same in a thread of its pool, into
// new memory each time: where other threads have work anyway, handing over and collecting that memory takes as long as
// half of the decompressing. Node has no public function for this, so what is used is looked for first.

import { constants, createZstdDecompress } from "node:zlib";
import { WINDOW_LOG } from "../limits.ts";

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

/** What node's zlib streams are made of (lib/zlib.js, processChunkSync). */
interface Inside {
  _handle: {
    writeSync(
      flush: number,
      input: Uint8Array,
      inputAt: number,
      inputLeft: number,
      output: Uint8Array,
      outputAt: number,
      outputLeft: number,
    ): void;
    onerror(message: string, errno: number, code: string): void;
  };
  /** After a call: bytes left of the output, bytes left of the input. */
  _writeState: Uint32Array;
}

/** Undefined where node has no such thing inside: then its stream is to be used. */
export function zstdHere(): ZstdHere | undefined {
  const stream = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } });
  const close = (): void => stream.close();
  if (!isKnown(stream)) {
    close();
    return undefined;
  }
  const { _handle: handle, _writeState: state } = stream;
  const output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  let failure: Error | undefined;
  // The handle is no emitter: it has this one place for whoever is to hear of failures.
  Object.assign(handle, {
    onerror(message: string, errno: number, code: string) {
      failure = Object.assign(new Error(message), { errno, code });
    },
  } satisfies Pick<Inside["_handle"], "onerror">);
  const write: ZstdHere["write"] = (bytes, take) => {
    for (let left = bytes.length, isFull = true; left > 0 || isFull;) {
      const at = bytes.length - left;
      handle.writeSync(constants.ZSTD_e_continue, bytes, at, left, output, 0, OUTPUT_BYTES);
      if (failure !== undefined) throw failure;
      const [outputLeft = 0, inputLeft = 0] = state;
      isFull = outputLeft === 0;
      // Nothing taken and nothing given: what is left belongs to no frame.
      if (inputLeft === left && outputLeft === OUTPUT_BYTES) return;
      left = inputLeft;
      if (outputLeft < OUTPUT_BYTES) take(output.subarray(0, OUTPUT_BYTES - outputLeft));
    }
  };
  return { write, close };
}

function isKnown(stream: unknown): stream is Inside {
  const { _handle: handle, _writeState: state } = stream as Partial<Inside>;
  return (
    state instanceof Uint32Array &&
    state.length === 2 &&
    typeof handle?.writeSync === "function" &&
    typeof handle.onerror === "function"
  );
}
