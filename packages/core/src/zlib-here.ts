// What node's zlib streams are made of, for who wants to do that work in his own thread and in memory of his own. Node has no
// public function for this, so what is used is looked for first.

import type { Zlib } from "node:zlib";

/** One compressor or decompressor. */
export interface ZlibHere {
  /**
   * Takes bytes and fills `output` from its beginning.
   * @param flush a constant of node:zlib
   * @throws an Error with the code of the library
   */
  step(flush: number, input: Uint8Array, inputAt: number, output: Uint8Array): void;
  /** Bytes of the input that the last step did not take. */
  inputLeft(): number;
  /** Bytes of the output that the last step did not fill. */
  outputLeft(): number;
  /** Forgets everything, as if it were new. */
  reset(): void;
  close(): void;
}

/** lib/zlib.js, processChunkSync. */
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
    reset(): void;
    onerror(message: string, errno: number, code: string): void;
  };
  /** After a call: bytes left of the output, bytes left of the input. */
  _writeState: Uint32Array;
}

/** @param stream which is used by nobody else; undefined where node has no such thing inside, and then it is closed */
export function zlibHere(stream: Zlib & { close(): void }): ZlibHere | undefined {
  const close = (): void => stream.close();
  if (!isKnown(stream)) {
    close();
    return undefined;
  }
  const { _handle: handle, _writeState: state } = stream;
  let failure: Error | undefined;
  // The handle is no emitter: it has this one place for whoever is to hear of failures.
  Object.assign(handle, {
    onerror(message: string, errno: number, code: string) {
      failure = Object.assign(new Error(message), { errno, code });
    },
  } satisfies Pick<Inside["_handle"], "onerror">);
  return {
    step(flush, input, inputAt, output) {
      handle.writeSync(flush, input, inputAt, input.length - inputAt, output, 0, output.length);
      if (failure !== undefined) throw failure;
    },
    inputLeft: () => state[1] ?? 0,
    outputLeft: () => state[0] ?? 0,
    reset() {
      failure = undefined;
      handle.reset();
    },
    close,
  };
}

function isKnown(stream: unknown): stream is Inside {
  const { _handle: handle, _writeState: state } = stream as Partial<Inside>;
  return (
    state instanceof Uint32Array &&
    state.length === 2 &&
    typeof handle?.writeSync === "function" &&
    typeof handle.reset === "function" &&
    typeof handle.onerror === "function"
  );
}
