// Writes the zip of a module from files that come one after the other, and says which `h1:` it has. The hash covers names
// and contents and no byte of the zip. Nothing is compressed: the zip lives for one build, in which it is read twice, and
// 12,000 compressions, each with memory of its own, would leave the process with 500 MB.

import { createHash, hash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import {
  dirhash,
  GoferryError,
  visibleName,
  ZIP_STORED,
  zipDirectoryHeader,
  zipEnd,
  zipLocalHeader,
  type HashedFile,
  type ZipRecord,
} from "@goferry/core";
import { diskError } from "../net/disk-error.ts";
import { LARGE_ENTRY_BYTES } from "./zip.ts";

export interface NewEntry {
  /** The whole name, `path@version/` and the name in the module. */
  name: string;
  /** Bytes of the content. */
  size: number;
  content(): AsyncIterable<Uint8Array>;
}

/** Bytes that are collected before they are written. */
const BUFFER_BYTES = 1 << 20;

/**
 * Writes `file`, which must not exist, and returns its `h1:`. After an error the file is not whole.
 * @throws what the entries throw; DISK_FULL, IO_FAILED; INTERNAL for a content of another size
 */
export async function writeModuleZip(file: string, entries: AsyncIterable<NewEntry>): Promise<string> {
  try {
    await using handle = await open(file, "wx");
    const zip = new ZipWriter(handle);
    for await (const entry of entries) await zip.add(entry);
    return await zip.finish();
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? diskError(error, file) : error;
  }
}

class ZipWriter {
  readonly #handle: FileHandle;
  readonly #records: ZipRecord[] = [];
  readonly #hashes: HashedFile[] = [];
  #waiting: Uint8Array[] = [];
  #buffered = 0;
  /** Bytes written, and those that wait. */
  #at = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async add(entry: NewEntry): Promise<void> {
    await (entry.size > LARGE_ENTRY_BYTES ? this.#addLarge(entry) : this.#addSmall(entry));
  }

  async finish(): Promise<string> {
    const start = this.#at;
    for (const record of this.#records) await this.#emit(zipDirectoryHeader(record));
    await this.#emit(zipEnd(this.#records.length, start, this.#at - start));
    await this.#flush();
    return dirhash(this.#hashes);
  }

  async #addSmall(entry: NewEntry): Promise<void> {
    const pieces: Uint8Array[] = [];
    let have = 0;
    for await (const piece of entry.content()) {
      pieces.push(piece);
      have += piece.length;
    }
    checkSize(entry, have);
    const content = Buffer.concat(pieces, have);
    const record = this.#recordOf(entry, crc32(content));
    this.#hashes.push({ name: entry.name, sha256: hash("sha256", content, "hex") });
    await this.#emit(zipLocalHeader(record));
    await this.#emit(content);
  }

  /** Written as it comes; the header is written again when the CRC is known. */
  async #addLarge(entry: NewEntry): Promise<void> {
    const record = this.#recordOf(entry, 0);
    const hasher = createHash("sha256");
    let have = 0;
    await this.#emit(zipLocalHeader(record));
    for await (const piece of entry.content()) {
      record.crc = crc32(piece, record.crc);
      hasher.update(piece);
      have += piece.length;
      // The piece is a view of memory that the reader may use again.
      await this.#emit(Buffer.from(piece));
    }
    checkSize(entry, have);
    this.#hashes.push({ name: entry.name, sha256: hasher.digest("hex") });
    await this.#flush();
    await this.#write(zipLocalHeader(record), record.offset);
  }

  #recordOf({ name, size }: NewEntry, crc: number): ZipRecord {
    const record = {
      name: Buffer.from(name),
      method: ZIP_STORED,
      crc,
      packed: size,
      size,
      offset: this.#at,
    };
    this.#records.push(record);
    return record;
  }

  async #emit(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes);
    this.#buffered += bytes.length;
    this.#at += bytes.length;
    if (this.#buffered >= BUFFER_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#write(Buffer.concat(this.#waiting, this.#buffered), this.#at - this.#buffered);
    this.#waiting = [];
    this.#buffered = 0;
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const left = bytes.length - done;
      done += (await this.#handle.write(bytes, done, left, position + done)).bytesWritten;
    }
  }
}

function checkSize({ name, size }: NewEntry, found: number): void {
  if (found === size) return;
  throw new GoferryError("INTERNAL", {
    subject: visibleName(name),
    message: "a content has another size than was said",
    expected: `${size} bytes`,
    found: `${found} bytes`,
  });
}
