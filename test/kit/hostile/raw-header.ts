// A tar header written by hand, any byte of it: what goferry's own encoder refuses to write, and what other tars write.

import type { Step } from "./case.ts";

/** Offset and length of each field (POSIX.1-1988), in bytes. */
const FIELDS: Readonly<Record<string, readonly [at: number, bytes: number]>> = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  device: [329, 16],
  prefix: [345, 155],
  rest: [500, 12],
};

/** A header of 512 bytes: as goferry writes one for a file of `size` bytes, but for the fields that the step names. */
export function rawHeader(step: Step, size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write("0000644", 100);
  header.write("0000000", 108);
  header.write("0000000", 116);
  header.write(size.toString(8).padStart(11, "0"), 124);
  header.write("02263523000", 136);
  header.write("0", 156);
  header.write("ustar\x0000", 257);
  header.write("0000000", 329);
  header.write("0000000", 337);
  return withFields(header, step);
}

/** The header with the fields that the step names in place of its own, and a checksum that fits unless it names one. */
export function withFields(old: Uint8Array, { values }: Step): Buffer {
  const header = Buffer.from(old);
  const block = header.subarray(header.length - 512);
  for (const [key, value] of values) {
    const field = FIELDS[key];
    if (field === undefined || key === "checksum") continue;
    const [at, bytes] = field;
    if (value.length > bytes) throw new Error(`${key} has ${bytes} bytes`);
    block.fill(0, at, at + bytes);
    value.copy(block, at);
  }
  writeChecksum(block, values.get("checksum"));
  return header;
}

/** `signed` sums the bytes as signed ones, as old tars did; any other value is written as it is. */
function writeChecksum(block: Buffer, wanted: Buffer | undefined): void {
  block.fill(0x20, 148, 156);
  const signed = wanted?.toString() === "signed";
  const sum = block.reduce((total, byte) => total + (signed && byte > 127 ? byte - 256 : byte), 0);
  if (wanted !== undefined && !signed) block.fill(0, 148, 156).set(wanted, 148);
  else block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
}
