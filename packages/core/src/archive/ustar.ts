// The headers of the one tar dialect that goferry writes and reads. There is exactly one encoding of an
// entry: the decoder reads path, size and mode, encodes them again and compares every byte, so links,
// devices, owners, times, checksum variants and pax surprises need no list of their own to be refused.
//
// An entry has one ustar header of 512 bytes (POSIX.1-1988): octal numbers with leading zeros and a NUL,
// no owner, no group, MTIME. A path of up to 100 ASCII bytes stands in `name`. A longer one is split at the
// last slash that leaves at most 155 bytes for `prefix`, if then 1 to 100 remain for `name`: the bytes
// are those of GNU tar --format=ustar and of Go's archive/tar. Any other path (longer, or not ASCII) takes
// 1536 bytes: a header of type x named PAX_NAME, one block with the single pax record `path`
// (POSIX.1-2001), and a ustar header whose name is STAND_IN, the file that a tar without pax would make.

import { GoferryError } from "../errors.ts";
import { explainHeader } from "./header-diff.ts";
import { MAX_NAME_BYTES, visibleName } from "./names.ts";

/** Bytes of a block; the headers and the content of every entry fill whole blocks. */
export const BLOCK = 512;

/** Modification time of every entry, in seconds: 1980-01-01, the earliest that a zip can hold. */
export const MTIME = 315532800;

/** Bytes of the largest file: what 11 octal digits can say. */
export const MAX_FILE_BYTES = 8 * 1024 ** 3 - 1;

export type TarMode = 0o644 | 0o755;

export interface TarEntry {
  /** Parts joined by `/`. Which paths may stand in a tree is the business of names.ts. */
  path: string;
  /** Bytes of the content, at most MAX_FILE_BYTES. */
  size: number;
  mode: TarMode;
}

const LONG_FORM = 3 * BLOCK;
const PAX_NAME = "PaxHeader";
const STAND_IN = "this-tar-does-not-read-pax-headers";

// Offsets and lengths of the fields, in bytes.
const NAME_BYTES = 100;
const MODE = 100;
const SIZE = 124;
const CHECKSUM = 148;
const TYPE = 156;
const PREFIX = 345;
const PREFIX_BYTES = 155;

const ZERO = 0x30;
const TYPE_FILE = 0x30;
const TYPE_PAX = 0x78;

/** A header with empty name and prefix, no checksum yet, size 0, mode 0644 and the type of a regular file. */
const TEMPLATE = makeTemplate();
/** The sum of its bytes, with the spaces that stand for the checksum while it is taken: one is there already. */
const TEMPLATE_SUM = TEMPLATE.reduce((sum, byte) => sum + byte, 7 * 0x20);

/** What decodeHeader encodes into, to compare. */
const scratch = Buffer.alloc(LONG_FORM);

/**
 * The header of an entry: 512 bytes, or 1536 where the path needs a pax record.
 * @throws ENTRY_REFUSED for an entry that has no canonical header: a path that is empty, holds NUL or half a
 * surrogate pair, or has more than MAX_NAME_BYTES; a size or a mode that TarEntry does not allow
 */
export function encodeHeader(entry: TarEntry): Uint8Array {
  const { path, size, mode } = entry;
  if (!Number.isInteger(size) || size < 0 || size > MAX_FILE_BYTES) {
    refuse(path, `a size of 0 to ${MAX_FILE_BYTES} bytes`, `${size} bytes`);
  }
  if (mode !== 0o644 && mode !== 0o755)
    refuse(path, "mode 0644 or 0755", `mode 0${Number(mode).toString(8)}`);
  const target = Buffer.allocUnsafe(LONG_FORM);
  const length = writeHeader(target, path, size, mode);
  if (length === 0) refuse(path, `a path of 1 to ${MAX_NAME_BYTES} bytes of UTF-8 without NUL`, undefined);
  return target.subarray(0, length);
}

/** Bytes of the header whose first block stands at the offset `at`: 512 or 1536. */
export function headerLength(bytes: Uint8Array, at = 0): number {
  return bytes[at + TYPE] === TYPE_PAX ? LONG_FORM : BLOCK;
}

/**
 * Reads the header at the offset `at`.
 * @throws ENTRY_REFUSED if it is not byte for byte what encodeHeader writes, with the field that differs;
 * BUNDLE_MALFORMED if it is no ustar header, is cut off, or does not match its own checksum
 */
export function decodeHeader(bytes: Uint8Array, at = 0): TarEntry {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = headerLength(buffer, at);
  const path = length === BLOCK ? readPath(buffer, at) : readPaxPath(buffer, at + BLOCK);
  const last = at + length - BLOCK;
  const size = readSize(buffer, last + SIZE);
  const mode = buffer[last + MODE + 4] === ZERO + 7 ? 0o755 : 0o644;
  const canonical = last + BLOCK <= buffer.length && writeHeader(scratch, path, size, mode) === length;
  if (!canonical || scratch.compare(buffer, at, at + length, 0, length) !== 0) {
    explainHeader(
      buffer.subarray(at, at + length),
      path,
      canonical ? scratch.subarray(0, length) : undefined,
    );
  }
  return { path, size, mode };
}

/** Writes the header to the start of target and returns its length, or 0 for a path that can have none. */
function writeHeader(target: Buffer, path: string, size: number, mode: TarMode): number {
  const cut = path.length <= NAME_BYTES ? -1 : splitPath(path);
  if (cut === 0 || path === "") return writeLongForm(target, path, size, mode);
  target.set(TEMPLATE);
  const nameSum = putAscii(target, 0, path, cut + 1, path.length);
  const prefixSum = putAscii(target, PREFIX, path, 0, cut);
  if (nameSum === -1 || prefixSum === -1) return writeLongForm(target, path, size, mode);
  finishBlock(target, 0, nameSum + prefixSum, size, mode);
  return BLOCK;
}

/** The offset of the slash between prefix and name, or 0 if there is none that fits. */
function splitPath(path: string): number {
  const slash = path.lastIndexOf("/", PREFIX_BYTES);
  const rest = path.length - slash - 1;
  return slash > 0 && rest >= 1 && rest <= NAME_BYTES ? slash : 0;
}

/** Writes a piece of text and returns the sum of its bytes, or -1 if it is not ASCII or holds NUL. */
function putAscii(target: Buffer, at: number, text: string, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    if (c === 0 || c > 0x7f) return -1;
    target[at + i - from] = c;
    sum += c;
  }
  return sum;
}

/** Writes size, mode and checksum into a block that is TEMPLATE but for bytes whose sum is given. */
function finishBlock(target: Buffer, at: number, extraSum: number, size: number, mode: TarMode): void {
  let sum = TEMPLATE_SUM + extraSum;
  const high = size >= 0x40000000 ? Math.floor(size / 0x40000000) : 0;
  target[at + SIZE] = ZERO + high;
  sum += high;
  for (let i = at + SIZE + 10, rest = size - high * 0x40000000; rest > 0; i--, rest >>= 3) {
    target[i] = ZERO + (rest & 7);
    sum += rest & 7;
  }
  if (mode === 0o755) {
    target[at + MODE + 4] = ZERO + 7;
    target[at + MODE + 5] = ZERO + 5;
    target[at + MODE + 6] = ZERO + 5;
    sum += 3;
  }
  for (let i = at + CHECKSUM + 5, rest = sum; i >= at + CHECKSUM; i--, rest >>= 3)
    target[i] = ZERO + (rest & 7);
}

function writeLongForm(target: Buffer, path: string, size: number, mode: TarMode): number {
  const pathBytes = Buffer.byteLength(path);
  if (pathBytes === 0 || pathBytes > MAX_NAME_BYTES || path.includes("\0") || !path.isWellFormed()) return 0;
  // The length of a record counts its own digits: "12 path=abc\n".
  const rest = pathBytes + " path=\n".length;
  const recordBytes = rest + (rest + 2 < 100 ? 2 : 3);
  target.set(TEMPLATE, 0);
  target[TYPE] = TYPE_PAX;
  const paxSum = putAscii(target, 0, PAX_NAME, 0, PAX_NAME.length) + TYPE_PAX - TYPE_FILE;
  finishBlock(target, 0, paxSum, recordBytes, 0o644);
  target.fill(0, BLOCK, 2 * BLOCK);
  target.write(`${recordBytes} path=${path}\n`, BLOCK);
  target.set(TEMPLATE, 2 * BLOCK);
  finishBlock(target, 2 * BLOCK, putAscii(target, 2 * BLOCK, STAND_IN, 0, STAND_IN.length), size, mode);
  return LONG_FORM;
}

function readPath(buffer: Buffer, at: number): string {
  const name = readText(buffer, at, NAME_BYTES);
  return buffer[at + PREFIX] === 0 ? name : `${readText(buffer, at + PREFIX, PREFIX_BYTES)}/${name}`;
}

function readText(buffer: Buffer, at: number, limit: number): string {
  let end = at;
  while (end < at + limit && buffer[end] !== 0) end++;
  return buffer.toString("latin1", at, end);
}

/** The path of a pax record, or "", which no canonical header has. What is not UTF-8 changes here, and shows. */
function readPaxPath(buffer: Buffer, at: number): string {
  const space = buffer.indexOf(0x20, at);
  const recordBytes = Number(buffer.toString("latin1", at, space));
  return recordBytes > 0 && recordBytes <= BLOCK
    ? buffer.toString("utf8", space + " path=".length, at + recordBytes - 1)
    : "";
}

/** The octal number, without a look at whether it is written as one: the comparison finds that. */
function readSize(buffer: Buffer, at: number): number {
  let low = 0;
  for (let i = at + 1; i < at + 11; i++) low = low * 8 + ((buffer[i] ?? 0) & 7);
  return ((buffer[at] ?? 0) & 7) * 0x40000000 + low;
}

function makeTemplate(): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  block.write("0000644", MODE);
  block.write("0000000", 108); // owner
  block.write("0000000", 116); // group
  block.write("00000000000", SIZE);
  block.write(MTIME.toString(8).padStart(11, "0"), 136);
  block.write(" ", CHECKSUM + 7);
  block.fill(TYPE_FILE, TYPE, TYPE + 1);
  block.write("ustar\x0000", 257);
  block.write("0000000", 329); // device, major
  block.write("0000000", 337); // and minor
  return block;
}

function refuse(path: string, expected: string, found: string | undefined): never {
  throw new GoferryError("ENTRY_REFUSED", {
    subject: visibleName(path),
    message: "This entry cannot stand in an archive of goferry",
    expected,
    found,
    next: "Leave the file out, or change it where it comes from",
  });
}
