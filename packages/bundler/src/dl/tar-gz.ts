// Reads a tar.gz of Go, strictly: what cmd/distpack writes (regular files, the folders they are in, a pax record for a
// name that ustar cannot hold) and nothing else. A link, a device, a second record for one name, a size in another
// notation have no place in an archive of Go, so each is a reason to stop and none to repair.

import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { checkEntryName, EntryNames, GoferryError, visibleName } from "@goferry/core";
import { Header } from "tar";
import { diskError } from "../net/disk-error.ts";
import { ARCHIVE_CONTENT_MAX_BYTES, ARCHIVE_MAX_ENTRIES } from "../net/limits.ts";
import { ARCHIVE_PREFIX, archiveInvalid, type ArchiveFile } from "./archive-file.ts";
import { ByteQueue } from "./byte-queue.ts";

const BLOCK = 512;
/** Bytes that are unpacked at a time. */
const PIECE_BYTES = 256 * 1024;
/** Bytes of a pax record: the longest name that passes, and its length before it. */
const PAX_MAX_BYTES = 1024;
/** Bytes of zeros that may end an archive; tar programs fill up to a record of 20 blocks. */
const END_MAX_BYTES = 20 * BLOCK;

/** Where mode, owner, group, size, time and device numbers stand in a header. */
const NUMBERS = [100, 108, 116, 124, 136, 329, 337];

const FILE = "0";
const FOLDER = "5";
const PAX = "x";

/** Other types by their flags (POSIX.1-2017, pax, "ustar Interchange Format"), for messages. */
const TYPES: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a device",
  "4": "a device",
  "6": "a pipe",
  g: "a pax header for all entries",
  L: "a name in GNU's notation",
  S: "a sparse file",
};

/**
 * The files of the archive at `file`, in its order; `subject` is what errors call it.
 * @throws ARCHIVE_INVALID, ENTRY_REFUSED (a name that climbs, is there twice or could not be unpacked everywhere),
 * IO_FAILED
 */
export async function* readTarGz(
  file: string,
  subject: string,
): AsyncGenerator<ArchiveFile, void, undefined> {
  const unpacked = createGunzip({ chunkSize: PIECE_BYTES });
  const source = pipeline(createReadStream(file), unpacked, () => undefined);
  try {
    yield* readTar(new ByteQueue(source), subject);
  } catch (error) {
    throw unreadable(error, { file, subject });
  } finally {
    unpacked.destroy();
  }
}

function unreadable(error: unknown, { file, subject }: { file: string; subject: string }): unknown {
  if (error instanceof GoferryError || !(error instanceof Error) || !("code" in error)) return error;
  if ("syscall" in error) return diskError(error, file);
  return archiveInvalid(subject, {
    message: "the archive is not whole",
    expected: "a tar.gz",
    found: error.message,
    cause: error,
  });
}

async function* readTar(bytes: ByteQueue, subject: string): AsyncGenerator<ArchiveFile, void, undefined> {
  const names = new EntryNames();
  let total = 0;
  for (let entries = 1; ; entries++) {
    const entry = await readEntry(bytes, subject);
    if (entry === undefined) return;
    const path = pathOf(entry, subject);
    total += entry.size;
    if (entries > ARCHIVE_MAX_ENTRIES || total > ARCHIVE_CONTENT_MAX_BYTES) {
      throw archiveInvalid(subject, {
        message: "the archive unpacks to more than any of Go",
        expected: `at most ${ARCHIVE_MAX_ENTRIES} entries and ${ARCHIVE_CONTENT_MAX_BYTES} bytes`,
        found: `more, at ${visibleName(entry.name)}`,
      });
    }
    if (path === undefined) continue;
    names.add(path);
    let left = entry.size;
    yield {
      path,
      size: entry.size,
      async *content() {
        for await (const piece of bytes.pieces(left)) {
          left -= piece.length;
          yield piece;
        }
        if (left > 0) throw damaged(subject, "the end of the file");
      },
    };
    await skip(bytes, left, { subject, padding: -entry.size & (BLOCK - 1) });
  }
}

interface Entry {
  name: string;
  type: string;
  size: number;
}

/** The path below the prefix; undefined for a folder. */
function pathOf({ name, type, size }: Entry, subject: string): string | undefined {
  const isFolder = type === FOLDER;
  checkEntryName(isFolder ? name.replace(/\/$/u, "") : name);
  if (!name.startsWith(ARCHIVE_PREFIX)) {
    throw archiveInvalid(subject, {
      message: "the archive holds what is no part of Go",
      expected: `names that begin with ${ARCHIVE_PREFIX}`,
      found: visibleName(name),
    });
  }
  if (!isFolder) return name.slice(ARCHIVE_PREFIX.length);
  if (name.endsWith("/") && size === 0) return undefined;
  throw archiveInvalid(visibleName(name), {
    message: "a folder in the archive is none",
    expected: "a name that ends in /, and no content",
    found: `${size} bytes`,
  });
}

/** The next file or folder; undefined at the end of the archive, after which there must be nothing. */
async function readEntry(bytes: ByteQueue, subject: string): Promise<Entry | undefined> {
  const block = await bytes.take(BLOCK);
  if (isZero(block)) {
    await checkEnd(block, bytes, subject);
    return undefined;
  }
  const entry = readHeader(block, subject);
  if (entry.type !== PAX) return entry;
  if (entry.size === 0 || entry.size > PAX_MAX_BYTES) throw badRecord(entry, `${entry.size} bytes`);
  const record = await bytes.take(entry.size);
  await skip(bytes, 0, { subject, padding: -entry.size & (BLOCK - 1) });
  const name = paxPath(record);
  if (name === undefined) throw badRecord(entry, JSON.stringify(record.toString("latin1")));
  const named = readHeader(await bytes.take(BLOCK), subject);
  if (named.type === PAX) throw badRecord(named, "two of them");
  return { ...named, name };
}

function readHeader(block: Buffer, subject: string): Entry {
  const header = block.length === BLOCK ? decodeHeader(block) : undefined;
  const type = block.toString("latin1", 156, 157);
  if (header === undefined) {
    throw archiveInvalid(subject, {
      message: "the archive is damaged",
      expected: "a ustar header with its checksum, and numbers in octal digits",
      found: block.length < BLOCK ? "the end of the file" : "something else",
    });
  }
  const name = header.path ?? "";
  const size = header.size ?? -1;
  if (type !== FILE && type !== FOLDER && type !== PAX) {
    throw archiveInvalid(visibleName(name), {
      message: "the archive holds what is no file",
      expected: "regular files and folders",
      found: TYPES[type] ?? `an entry of type ${JSON.stringify(type)}`,
    });
  }
  if (!Number.isSafeInteger(size) || size < 0 || (header.linkpath ?? "") !== "") {
    throw archiveInvalid(visibleName(name), {
      message: "a header in the archive is not as Go writes it",
      expected: "a size in octal digits, and no name of a link",
    });
  }
  return { name, type, size };
}

/** undefined for what is no ustar header; a first byte above 127 is GNU's notation for large numbers. */
function decodeHeader(block: Buffer): Header | undefined {
  const isUstar = block.toString("latin1", 257, 265) === "ustar\x0000";
  if (!isUstar || NUMBERS.some((at) => (block[at] ?? 0) > 127)) return undefined;
  const header = new Header(block);
  return header.cksumValid ? header : undefined;
}

/** The name in pax records that consist of this one: "LENGTH path=NAME\n". */
function paxPath(record: Buffer): string | undefined {
  const text = record.toString("utf8");
  const [, length, name] = /^([1-9][0-9]{0,3}) path=([^\n\0]+)\n$/u.exec(text) ?? [];
  return Number(length) === record.length && Buffer.from(text).equals(record) ? name : undefined;
}

function badRecord({ name }: Entry, found: string): GoferryError {
  return archiveInvalid(visibleName(name), {
    message: "a pax header in the archive is not as Go writes it",
    expected: "one record, with the path of the file that follows",
    found,
  });
}

/** Leaves out what is left of a content, and the zeros after it. */
async function skip(
  bytes: ByteQueue,
  left: number,
  { subject, padding }: { subject: string; padding: number },
): Promise<void> {
  let missing = left;
  for await (const piece of bytes.pieces(left)) missing -= piece.length;
  const zeros = await bytes.take(padding);
  if (missing === 0 && zeros.length === padding && zeros.every((byte) => byte === 0)) return;
  const isCut = missing > 0 || zeros.length < padding;
  throw damaged(subject, isCut ? "the end of the file" : "something else after a file");
}

function damaged(subject: string, found: string): GoferryError {
  return archiveInvalid(subject, {
    message: "the archive is damaged",
    expected: "whole files, each filled up with zeros",
    found,
  });
}

async function checkEnd(first: Buffer, bytes: ByteQueue, subject: string): Promise<void> {
  const rest = await bytes.take(END_MAX_BYTES);
  if (first.length === BLOCK && rest.length >= BLOCK && rest.length < END_MAX_BYTES && isZero(rest)) return;
  throw archiveInvalid(subject, {
    message: "the archive does not end as it should",
    expected: "two blocks of zeros, and nothing after them",
    found: first.length + rest.length < 2 * BLOCK ? "the end of the file" : "more",
  });
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
