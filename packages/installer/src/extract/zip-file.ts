// Rebuilds the zip of a module from its files. The h1 of a module covers names and contents and no byte of the zip, so
// this is as good as the one the author's proxy made; it is deflated as fast as possible, because it never travels.

import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import {
  ZIP_DEFLATED,
  ZIP_LOCAL_BYTES,
  ZIP_STORED,
  zipDirectoryHeader,
  zipEnd,
  zipLocalHeader,
  type ZipRecord,
} from "@goferry/core";
import { ioError } from "../node-fs.ts";
import { deflate } from "./deflate.ts";

/** Bytes up to which a file is kept in memory and deflated; a larger one is stored as it comes. */
const DEFLATE_LIMIT = 8 << 20;
/** Bytes that are collected before they are written. */
const BUFFER_BYTES = 1 << 18;

/**
 * The content of one file that waits to be deflated, over all zips of a thread. Pieces of 70,000 different sizes, each in
 * memory of its own, would leave the allocator with 500 MB that it cannot give back.
 */
let waiting = Buffer.allocUnsafeSlow(1 << 20);

export interface ZipSums {
  /** Of the file, 64 hexadecimal digits. */
  sha256: string;
  /** Bytes. */
  size: number;
}

/** One zip that is being written. What its methods throw: DISK_FULL, PERMISSION_DENIED, READ_ONLY, IO_FAILED. */
export class ZipFile {
  readonly #file: string;
  readonly #fd: number;
  readonly #prefix: string;
  readonly #entries: ZipRecord[] = [];
  #entry: ZipRecord | undefined;
  /** Bytes in `waiting`. */
  #waiting = 0;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #buffered = 0;
  /** Bytes written and buffered. */
  #at = 0;
  /** Of what was written; undefined once bytes before the end were written again. */
  #sum: Hash | undefined = createHash("sha256");
  /** Of a write: a later one may succeed, and the zip is no whole one all the same. */
  #failure: unknown;

  /** Makes the file, which must not exist. Every name in it begins with `prefix`. */
  constructor(file: string, prefix: string) {
    this.#file = file;
    this.#fd = this.#try(() => openSync(file, "wx+", 0o644));
    this.#prefix = prefix;
  }

  /** @param size of the content, bytes */
  begin(name: string, size: number): void {
    const method = size > DEFLATE_LIMIT || size === 0 ? ZIP_STORED : ZIP_DEFLATED;
    const offset = this.#at;
    this.#entry = { name: Buffer.from(this.#prefix + name), method, crc: 0, packed: 0, size, offset };
    this.#waiting = 0;
    // The CRC of a stored file is known after its content; the header is written again then.
    if (method === ZIP_STORED) this.#emit(zipLocalHeader(this.#entry));
  }

  data(bytes: Uint8Array): void {
    const entry = this.#entry;
    if (entry === undefined) return;
    entry.crc = crc32(bytes, entry.crc);
    if (entry.method === ZIP_STORED) this.#emit(bytes);
    else if (bytes.length === entry.size) this.#deflate(entry, bytes);
    else this.#await(bytes, entry.size);
  }

  end(): void {
    const entry = this.#entry;
    this.#entry = undefined;
    if (entry === undefined) return;
    if (entry.method === ZIP_STORED) {
      entry.packed = entry.size;
      if (entry.size > 0) this.#rewrite(entry);
    } else if (this.#waiting > 0) {
      this.#deflate(entry, waiting.subarray(0, this.#waiting));
    }
    this.#entries.push(entry);
  }

  /** Writes the directory and closes the file, which also happens when it cannot be written. */
  finish(): ZipSums {
    try {
      const start = this.#at;
      for (const entry of this.#entries) this.#emit(zipDirectoryHeader(entry));
      this.#emit(zipEnd(this.#entries.length, start, this.#at - start));
      this.#flush();
      if (this.#failure !== undefined) throw this.#failure;
      return { sha256: this.#sum?.digest("hex") ?? this.#readSum(), size: this.#at };
    } finally {
      this.#try(() => closeSync(this.#fd));
    }
  }

  #await(bytes: Uint8Array, size: number): void {
    if (waiting.length < size) waiting = Buffer.allocUnsafeSlow(size);
    waiting.set(bytes, this.#waiting);
    this.#waiting += bytes.length;
  }

  #deflate(entry: ZipRecord, content: Uint8Array): void {
    const packed = deflate(content);
    this.#waiting = 0;
    entry.packed = packed.length;
    this.#emit(zipLocalHeader(entry));
    this.#emit(packed);
  }

  #rewrite(entry: ZipRecord): void {
    this.#flush();
    this.#sum = undefined;
    this.#write(zipLocalHeader(entry).subarray(0, ZIP_LOCAL_BYTES), entry.offset);
  }

  /** The few zips with large files are in the page cache still. */
  #readSum(): string {
    const sum = createHash("sha256");
    for (let at = 0; at < this.#at;) {
      const count = this.#try(() => readSync(this.#fd, this.#buffer, 0, BUFFER_BYTES, at));
      if (count === 0) break;
      sum.update(this.#buffer.subarray(0, count));
      at += count;
    }
    return sum.digest("hex");
  }

  /** What it is given is written or copied before it returns. */
  #emit(bytes: Uint8Array): void {
    if (this.#buffered + bytes.length > BUFFER_BYTES) this.#flush();
    if (bytes.length > BUFFER_BYTES) this.#write(bytes, this.#at);
    else this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length > BUFFER_BYTES ? 0 : bytes.length;
    this.#at += bytes.length;
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#buffered), this.#at - this.#buffered);
    this.#buffered = 0;
  }

  #write(bytes: Uint8Array, position: number): void {
    this.#sum?.update(bytes);
    for (let done = 0; done < bytes.length;) {
      done += this.#try(() => writeSync(this.#fd, bytes, done, bytes.length - done, position + done));
    }
  }

  #try<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      this.#failure = ioError(error, "write", this.#file);
      throw this.#failure;
    }
  }
}
