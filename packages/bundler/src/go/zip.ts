// Reads the zip of a module, entries in the order of their names, as a bundle's layers hold them. Contents are read
// here and not by yauzl, because a stream for each of 12,000 files costs more than inflating them: small ones are
// inflated at once out of a window that runs along with the file, large ones in pieces. Size and CRC of every
// content are checked.
import { hash, createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import {
  GoferryError,
  checkModuleFile,
  dirhash,
  visibleName,
  zipPrefix,
  type ModuleVersion,
} from "@goferry/core";
import { diskError } from "../net/disk-error.ts";
import { FileWindow } from "./file-window.ts";
import { invalid, readDirectory } from "./zip-directory.ts";
import type { OpenedFile, StoredEntry } from "./zip-directory.ts";

/** A file in a module zip. */
export interface ZipEntry {
  /** The whole name, `path@version/` and the name in the module. */
  readonly name: string;
  /** The name in the module. */
  readonly path: string;
  /** Bytes of the content. */
  readonly size: number;
}

/** An open module zip. Read one content at a time; close it in the end. */
export interface ModuleZip {
  /** Sorted by the UTF-8 bytes of their names. */
  readonly entries: readonly ZipEntry[];
  /**
   * The content in one piece: for entries of up to LARGE_ENTRY_BYTES, and where the memory for more is there.
   * @throws MODULE_ZIP_INVALID
   */
  read(entry: ZipEntry): Promise<Uint8Array>;
  /** The content in pieces, for entries of any size. @throws MODULE_ZIP_INVALID, at the latest after the last piece */
  chunks(entry: ZipEntry): AsyncGenerator<Uint8Array, void, undefined>;
  close(): Promise<void>;
}

/** Bytes from which on an entry should be read in pieces. */
export const LARGE_ENTRY_BYTES = 8 * 1024 * 1024;

/** Bytes of the local header's extra field that are read along with it; Go's writer has 0 to 9. */
const EXTRA_GUESS = 64;
const LOCAL_HEADER = 30;

/** Bytes of a piece of a large entry. */
const PIECE_BYTES = 256 * 1024;

/**
 * Opens the zip `file` of a module and checks its directory. `prefix` is what every name must begin with (zipPrefix).
 * @throws MODULE_ZIP_INVALID (no zip, a name without the prefix, a folder, a link, encryption, larger than Go
 * accepts), ENTRY_REFUSED (a name that no bundle can hold), IO_FAILED
 */
export async function openModuleZip(file: string, prefix: string): Promise<ModuleZip> {
  return await openZip(file, { prefix, checkFile: checkModuleFile });
}

/** Opens an official archive of Go, which is as strict a zip and has several go.mod files. @throws as openModuleZip */
export async function openArchiveZip(file: string, prefix: string): Promise<ModuleZip> {
  return await openZip(file, { prefix });
}

async function openZip(file: string, rules: Pick<OpenedFile, "prefix" | "checkFile">): Promise<ModuleZip> {
  const handle = await open(file).catch((error: unknown) => {
    throw diskError(error, file);
  });
  try {
    const { size } = await handle.stat();
    const window = new FileWindow(handle, size);
    const entries = await readDirectory({ window, ...rules });
    return new OpenZip(handle, window, entries);
  } catch (error) {
    await handle.close();
    throw error instanceof Error && "syscall" in error ? diskError(error, file) : error;
  }
}

/** Bytes of all contents of the zip `file` of a module. @throws as openModuleZip */
export async function unpackedBytes(file: string, module: ModuleVersion): Promise<number> {
  const zip = await openModuleZip(file, zipPrefix(module));
  await zip.close();
  return zip.entries.reduce((sum, { size }) => sum + size, 0);
}

/** The `h1:` of the zip `file` of a module (dirhash.HashZip). @throws as openModuleZip and ModuleZip.read do */
export async function hashModuleZip(file: string, prefix: string): Promise<string> {
  const zip = await openModuleZip(file, prefix);
  try {
    const files: { name: string; sha256: string }[] = [];
    for (const entry of zip.entries) {
      files.push({ name: entry.name, sha256: await hashEntry(zip, entry) });
    }
    return dirhash(files);
  } finally {
    await zip.close();
  }
}

async function hashEntry(zip: ModuleZip, entry: ZipEntry): Promise<string> {
  if (entry.size <= LARGE_ENTRY_BYTES) return hash("sha256", await zip.read(entry), "hex");
  const hasher = createHash("sha256");
  for await (const chunk of zip.chunks(entry)) hasher.update(chunk);
  return hasher.digest("hex");
}

class OpenZip implements ModuleZip {
  readonly entries: readonly StoredEntry[];
  readonly #handle: FileHandle;
  readonly #window: FileWindow;
  readonly #byName: ReadonlyMap<string, StoredEntry>;

  constructor(handle: FileHandle, window: FileWindow, entries: readonly StoredEntry[]) {
    this.entries = entries;
    this.#handle = handle;
    this.#window = window;
    this.#byName = new Map(entries.map((entry) => [entry.name, entry]));
  }

  async read({ name }: ZipEntry): Promise<Uint8Array> {
    const entry = this.#stored(name);
    const header = LOCAL_HEADER + entry.nameBytes + EXTRA_GUESS;
    const bytes = await this.#window.at(entry.offset, header + entry.compressedSize);
    const start = contentStart(entry, bytes);
    const whole = start + entry.compressedSize <= bytes.length;
    const packed = whole
      ? bytes.subarray(start, start + entry.compressedSize)
      : await this.#window.at(entry.offset + start, entry.compressedSize);
    if (packed.length < entry.compressedSize) throw damaged(entry, "the zip ends in its middle");
    const content = entry.method === 0 ? Buffer.from(packed) : inflate(entry, packed);
    if (content.length !== entry.size) throw damaged(entry, `${content.length} bytes`);
    if (crc32(content) !== entry.crc32) throw damaged(entry, "another CRC-32");
    return content;
  }

  async *chunks({ name }: ZipEntry): AsyncGenerator<Uint8Array, void, undefined> {
    const entry = this.#stored(name);
    const header = await this.#window.at(entry.offset, LOCAL_HEADER);
    const start = entry.offset + contentStart(entry, header);
    let size = 0;
    let crc = 0;
    for await (const chunk of this.#unpacked(entry, start)) {
      size += chunk.length;
      if (size > entry.size) throw damaged(entry, `more than ${entry.size} bytes`);
      crc = crc32(chunk, crc);
      yield chunk;
    }
    if (size !== entry.size) throw damaged(entry, `${size} bytes`);
    if (crc !== entry.crc32) throw damaged(entry, "another CRC-32");
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async *#unpacked(entry: StoredEntry, start: number): AsyncGenerator<Uint8Array> {
    if (entry.method === 0) {
      yield* this.#pieces(start, entry.compressedSize);
      return;
    }
    const packed = Readable.from(this.#pieces(start, entry.compressedSize), { objectMode: false });
    const inflated = createInflateRaw({ chunkSize: PIECE_BYTES });
    packed.once("error", (error) => inflated.destroy(error));
    try {
      yield* packed.pipe(inflated);
    } catch (error) {
      throw error instanceof Error && "syscall" in error ? error : damaged(entry, "no deflated data");
    } finally {
      packed.destroy();
      inflated.destroy();
    }
  }

  async *#pieces(start: number, size: number): AsyncGenerator<Buffer> {
    let position = start;
    const end = start + size;
    while (position < end) {
      const length = Math.min(PIECE_BYTES, end - position);
      const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  #stored(name: string): StoredEntry {
    const entry = this.#byName.get(name);
    if (entry !== undefined) return entry;
    throw new GoferryError("INTERNAL", { subject: visibleName(name), message: "no entry of this zip" });
  }
}

/** Where the content begins after the local header, whose extra field differs from that in the directory. */
function contentStart(entry: StoredEntry, bytes: Buffer): number {
  if (bytes.length < LOCAL_HEADER || bytes.readUInt32LE(0) !== 0x04034b50) throw damaged(entry, "no header");
  return LOCAL_HEADER + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
}

function inflate(entry: StoredEntry, packed: Buffer): Buffer {
  try {
    // One allocation of the right size; with the default of 16 KiB pieces a toolchain takes a quarter longer.
    const chunkSize = Math.max(64, entry.size);
    return inflateRawSync(packed, { chunkSize, maxOutputLength: Math.max(1, entry.size) });
  } catch {
    throw damaged(entry, "data that does not inflate to that size");
  }
}

function damaged(entry: StoredEntry, found: string): GoferryError {
  return invalid(
    entry.name,
    "a file in the zip is damaged",
    `${entry.size} bytes with the recorded CRC-32`,
    found,
  );
}
