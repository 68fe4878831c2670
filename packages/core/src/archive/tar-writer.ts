// The pieces of a tar stream beside the headers. An archive is, for each entry, encodeHeader, the content
// and paddingAfter its size, and then one trailer; nothing pads it to records of 10,240 bytes.

import { BLOCK } from "./ustar.ts";

/** How many zeros follow a file's content to fill its last block: 0 to 511. */
export function paddingBytes(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** The zeros that follow a file's content. */
export function paddingAfter(size: number): Uint8Array {
  return new Uint8Array(paddingBytes(size));
}

/** The two zero blocks that end an archive. */
export function trailer(): Uint8Array {
  return new Uint8Array(2 * BLOCK);
}
