// The outer tar, read entry by entry in the one order that FORMAT.md section 2 allows. Nearly every name and size is
// known before its header is read, so the header is not interpreted but compared.

import { visibleName } from "../archive/names.ts";
import { decodeHeader, encodeHeader, headerLength, BLOCK, type TarEntry } from "../archive/ustar.ts";
import { paddingBytes } from "../archive/tar-writer.ts";
import { digestHex, digestOf, type Digest } from "../digest.ts";
import { GoferryError } from "../errors.ts";
import type { ByteSource } from "./source.ts";

/** Bytes of the two zero blocks at the end. */
const TRAILER_BYTES = 2 * BLOCK;

/** The name of a blob in the outer tar (OCI image-spec, image-layout.md). */
export function blobPath(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

export class FrameReader {
  readonly source: ByteSource;
  readonly #seen = new Set<string>();
  #at = 0;

  constructor(source: ByteSource) {
    this.source = source;
  }

  /** The next entry, which must have this path, mode 0644, and at most `limit` bytes of content. */
  async file(path: string, limit: number): Promise<Uint8Array> {
    const header = await this.source.read(this.#at, BLOCK);
    if (headerLength(header) !== BLOCK) this.#unexpected(path, "an entry with a long name");
    const entry = this.#decode(header, path);
    if (entry.path !== path) this.#unexpected(path, visibleName(entry.path));
    if (entry.mode !== 0o644) this.#unexpected(`${path} with mode 0644`, "mode 0755");
    if (entry.size > limit) this.#unexpected(`${path} of at most ${limit} bytes`, `${entry.size} bytes`);
    this.#at += BLOCK;
    return await this.#content(entry.size);
  }

  /** The next entry, which must be the blob of this digest and size. Its bytes are hashed. */
  async blob(digest: Digest, size: number, limit: number): Promise<Uint8Array> {
    if (size > limit) this.#unexpected(`a document of at most ${limit} bytes`, `${size} bytes`);
    await this.#expect({ path: blobPath(digest), size, mode: 0o644 });
    const bytes = await this.#content(size);
    const found = digestOf(bytes);
    if (found === digest) return bytes;
    throw new GoferryError("HASH_MISMATCH", {
      subject: `${blobPath(digest)} in ${this.source.name}`,
      message: "a document of the bundle was changed",
      expected: digest,
      found,
      next: "Copy the bundle again; if it stays so, do not use it",
    });
  }

  /** Passes over the next entry, which must be the blob of this digest and size; returns the offset of its content. */
  async skipBlob(digest: Digest, size: number): Promise<number> {
    await this.#expect({ path: blobPath(digest), size, mode: 0o644 });
    const start = this.#at;
    this.#at += size;
    await this.#padding(size);
    return start;
  }

  /** After the last entry: two zero blocks and the end of the file. */
  async end(): Promise<void> {
    const { source } = this;
    const expected = this.#at + TRAILER_BYTES;
    const bytes = await source.read(this.#at, TRAILER_BYTES);
    if (bytes.some((byte) => byte !== 0)) this.#unexpected("the end of the archive", "more entries");
    if (source.size !== expected) this.#unexpected(`${expected} bytes in all`, `${source.size} bytes`);
  }

  async #expect(entry: TarEntry): Promise<void> {
    // A document may ask for what another one asked for; the file has every blob once.
    if (this.#seen.has(entry.path)) this.#unexpected("every blob once", `${entry.path} twice`);
    this.#seen.add(entry.path);
    const expected = encodeHeader(entry);
    const header = await this.source.read(this.#at, expected.length);
    if (Buffer.compare(header, expected) !== 0) {
      const found = this.#decode(header, entry.path);
      this.#unexpected(
        `${entry.path} of ${entry.size} bytes`,
        `${visibleName(found.path)} of ${found.size} bytes`,
      );
    }
    this.#at += expected.length;
  }

  /** Any file may have been given for a bundle: what is no header at all is told by its place in the file. */
  #decode(header: Uint8Array, expected: string): TarEntry {
    try {
      return decodeHeader(header);
    } catch (error) {
      if (!(error instanceof GoferryError) || error.code !== "BUNDLE_MALFORMED") throw error;
      return this.#unexpected(`the entry ${expected}`, "bytes that are no intact tar header");
    }
  }

  async #content(size: number): Promise<Uint8Array> {
    const bytes = await this.source.read(this.#at, size);
    this.#at += size;
    await this.#padding(size);
    return bytes;
  }

  async #padding(size: number): Promise<void> {
    const length = paddingBytes(size);
    const bytes = await this.source.read(this.#at, length);
    if (bytes.some((byte) => byte !== 0)) this.#unexpected("zeros between two entries", "other bytes");
    this.#at += length;
  }

  #unexpected(expected: string, found: string): never {
    throw new GoferryError("BUNDLE_MALFORMED", {
      subject: `${this.source.name}, byte ${this.#at}`,
      message: "this is not a bundle in the form that goferry writes",
      expected,
      found,
      next: "Copy the bundle again; if it stays so, do not use it",
    });
  }
}
