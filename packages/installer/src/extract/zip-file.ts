// Rebuilds the zip of a module from its files. The h1 of a module covers names and contents and no byte of the zip, so
// this is as good as the one the author's proxy made; it is deflated as fast as possible, because it never travels.
// Format: APPNOTE.TXT of PKWARE, the part of it that Go's archive/zip reads; no Zip64, as modules end at 500 MB.

import { closeSync, openSync, writeSync } from "node:fs";
import { crc32, deflateRawSync } from "node:zlib";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const UTF8_NAMES = 0x800;
const STORED = 0;
const DEFLATED = 8;
/** 1980-01-01, the first day of DOS. */
const DATE = 0x21;
const LOCAL_BYTES = 30;

/** Bytes up to which a file is kept in memory and deflated; a larger one is stored as it comes. */
const DEFLATE_LIMIT = 8 << 20;
/** Bytes that are collected before they are written. */
const BUFFER_BYTES = 1 << 18;

interface Entry {
  name: Buffer;
  method: number;
  crc: number;
  packed: number;
  size: number;
  offset: number;
}

export class ZipFile {
  readonly #fd: number;
  readonly #prefix: string;
  readonly #entries: Entry[] = [];
  #entry: Entry | undefined;
  /** What has come of a file that will be deflated. */
  #parts: Uint8Array[] = [];
  #buffer: Buffer[] = [];
  #buffered = 0;
  /** Bytes written and buffered. */
  #at = 0;

  /** Makes the file, which must not exist. Every name in it begins with `prefix`. */
  constructor(file: string, prefix: string) {
    this.#fd = openSync(file, "wx", 0o644);
    this.#prefix = prefix;
  }

  /** @param size of the content, bytes */
  begin(name: string, size: number): void {
    const method = size > DEFLATE_LIMIT || size === 0 ? STORED : DEFLATED;
    const offset = this.#at;
    this.#entry = { name: Buffer.from(this.#prefix + name), method, crc: 0, packed: 0, size, offset };
    this.#parts = [];
    // The CRC of a stored file is known after its content; the header is written again then.
    if (method === STORED) this.#emit(localHeader(this.#entry));
  }

  data(bytes: Uint8Array): void {
    const entry = this.#entry;
    if (entry === undefined) return;
    entry.crc = crc32(bytes, entry.crc);
    // The caller's view is valid only during the call.
    if (entry.method === DEFLATED) this.#parts.push(bytes.length === entry.size ? bytes : Buffer.from(bytes));
    else this.#emit(Buffer.from(bytes));
    if (entry.method === DEFLATED && bytes.length === entry.size) this.#deflate(entry);
  }

  end(): void {
    const entry = this.#entry;
    this.#entry = undefined;
    if (entry === undefined) return;
    if (entry.method === STORED) {
      entry.packed = entry.size;
      if (entry.size > 0) this.#rewrite(entry);
    } else if (this.#parts.length > 0) {
      this.#deflate(entry);
    }
    this.#entries.push(entry);
  }

  /** Writes the directory and closes the file. */
  finish(): void {
    const start = this.#at;
    for (const entry of this.#entries) this.#emit(centralHeader(entry));
    this.#emit(endRecord(this.#entries.length, start, this.#at - start));
    this.#flush();
    closeSync(this.#fd);
  }

  #deflate(entry: Entry): void {
    const packed = deflateRawSync(
      this.#parts.length === 1 ? (this.#parts[0] ?? "") : Buffer.concat(this.#parts),
      {
        level: 1,
      },
    );
    this.#parts = [];
    entry.packed = packed.length;
    this.#emit(localHeader(entry));
    this.#emit(packed);
  }

  #rewrite(entry: Entry): void {
    this.#flush();
    writeSync(this.#fd, localHeader(entry), 0, LOCAL_BYTES, entry.offset);
  }

  #emit(bytes: Buffer): void {
    this.#buffer.push(bytes);
    this.#buffered += bytes.length;
    this.#at += bytes.length;
    if (this.#buffered >= BUFFER_BYTES) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#buffer, this.#buffered);
    const start = this.#at - this.#buffered;
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, start + done);
    }
    this.#buffer = [];
    this.#buffered = 0;
  }
}

function localHeader({ name, method, crc, packed, size }: Entry): Buffer {
  const header = Buffer.alloc(LOCAL_BYTES + name.length);
  header.writeUInt32LE(LOCAL, 0);
  header.writeUInt16LE(VERSION, 4);
  writeCommon(header, 6, { method, crc, packed, size, name });
  name.copy(header, LOCAL_BYTES);
  return header;
}

function centralHeader(entry: Entry): Buffer {
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
  { method, crc, packed, size, name }: Omit<Entry, "offset">,
): void {
  header.writeUInt16LE(UTF8_NAMES, at);
  header.writeUInt16LE(method, at + 2);
  header.writeUInt16LE(DATE, at + 6);
  header.writeUInt32LE(crc, at + 8);
  header.writeUInt32LE(packed, at + 12);
  header.writeUInt32LE(size, at + 16);
  header.writeUInt16LE(name.length, at + 20);
}

function endRecord(count: number, start: number, size: number): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(END, 0);
  record.writeUInt16LE(Math.min(count, 0xffff), 8);
  record.writeUInt16LE(Math.min(count, 0xffff), 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(start, 16);
  return record;
}
