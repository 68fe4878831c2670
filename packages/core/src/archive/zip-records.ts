// The records of a zip, for whoever writes the zip of a module. Format: APPNOTE.TXT of PKWARE, the part of it that Go's
// archive/zip reads. Of Zip64 only the number of entries is needed: modules end at 500 MB, but not at 65,535 files.

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const VERSION = 20;
const VERSION64 = 45;
const UTF8_NAMES = 0x800;
/** 1980-01-01, the first day of DOS. */
const DATE = 0x21;

/** Methods of compression. */
export const ZIP_STORED = 0;
export const ZIP_DEFLATED = 8;

/** Bytes of a local header before the name. */
export const ZIP_LOCAL_BYTES = 30;

/** One file of a zip. */
export interface ZipRecord {
  /** UTF-8. */
  name: Buffer;
  method: number;
  /** CRC-32 of the content. */
  crc: number;
  /** Bytes in the zip. */
  packed: number;
  /** Bytes of the content. */
  size: number;
  /** Where the local header begins. */
  offset: number;
}

/** In front of the content of a file. */
export function zipLocalHeader({ name, method, crc, packed, size }: ZipRecord): Buffer {
  const header = Buffer.alloc(ZIP_LOCAL_BYTES + name.length);
  header.writeUInt32LE(LOCAL, 0);
  header.writeUInt16LE(VERSION, 4);
  writeCommon(header, 6, { method, crc, packed, size, name });
  name.copy(header, ZIP_LOCAL_BYTES);
  return header;
}

/** In the directory at the end. */
export function zipDirectoryHeader(entry: ZipRecord): Buffer {
  const fixed = 46;
  const header = Buffer.alloc(fixed + entry.name.length);
  header.writeUInt32LE(CENTRAL, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(VERSION, 6);
  writeCommon(header, 8, entry);
  header.writeUInt32LE(entry.offset, 42);
  entry.name.copy(header, fixed);
  return header;
}

/** The 24 bytes that both headers share: flags, method, time, date, CRC, sizes, length of the name, no extra field. */
function writeCommon(
  header: Buffer,
  at: number,
  { method, crc, packed, size, name }: Omit<ZipRecord, "offset">,
): void {
  header.writeUInt16LE(UTF8_NAMES, at);
  header.writeUInt16LE(method, at + 2);
  header.writeUInt16LE(DATE, at + 6);
  header.writeUInt32LE(crc, at + 8);
  header.writeUInt32LE(packed, at + 12);
  header.writeUInt32LE(size, at + 16);
  header.writeUInt16LE(name.length, at + 20);
}

/** @param start where the directory of `count` files begins @param size bytes of it */
export function zipEnd(count: number, start: number, size: number): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(END, 0);
  record.writeUInt16LE(Math.min(count, 0xffff), 8);
  record.writeUInt16LE(Math.min(count, 0xffff), 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(start, 16);
  return count < 0xffff ? record : Buffer.concat([endRecords64(count, start, size), record]);
}

/** APPNOTE 4.3.14 and 4.3.15: what holds the number that the short record has no room for, and where that is. */
function endRecords64(count: number, start: number, size: number): Buffer {
  const records = Buffer.alloc(76);
  records.writeUInt32LE(END64, 0);
  records.writeUInt32LE(44, 4);
  records.writeUInt16LE(VERSION64, 12);
  records.writeUInt16LE(VERSION64, 14);
  records.writeUInt32LE(count, 24);
  records.writeUInt32LE(count, 32);
  records.writeUInt32LE(size, 40);
  records.writeUInt32LE(start, 48);
  records.writeUInt32LE(LOCATOR64, 56);
  records.writeUInt32LE(start + size, 64);
  records.writeUInt32LE(1, 72);
  return records;
}
