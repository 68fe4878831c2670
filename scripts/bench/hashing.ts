// What verifying costs of an installation: the time that it takes to hash what is read, chunk by chunk, and what it
// unpacks to, as goferry does while it installs. Signatures and proofs of the checksum database are milliseconds.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { constants, createZstdDecompress } from "node:zlib";

/**
 * Seconds of one thread, of nothing but SHA-256.
 * @param layers compressed, each in a file
 */
export async function hashingSeconds(layers: readonly string[]): Promise<number> {
  let milliseconds = 0;
  const timed = (bytes: Uint8Array): void => {
    const began = performance.now();
    createHash("sha256").update(bytes).digest();
    milliseconds += performance.now() - began;
  };
  for (const layer of layers) {
    await pipeline(
      createReadStream(layer, { highWaterMark: 1 << 20 }),
      async function* (packed) {
        for await (const bytes of packed as AsyncIterable<Uint8Array>) {
          timed(bytes);
          yield bytes;
        }
      },
      createZstdDecompress({ chunkSize: 1 << 18, params: { [constants.ZSTD_d_windowLogMax]: 27 } }),
      async (output) => {
        for await (const bytes of output as AsyncIterable<Uint8Array>) timed(bytes);
      },
    );
  }
  return milliseconds / 1000;
}
