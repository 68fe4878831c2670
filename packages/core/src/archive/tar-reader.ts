// Reads a tar stream of goferry's one dialect as it arrives, in chunks of any length, without copying
// content: the loop that installs tens of thousands of small files. Everything that is not as the packer
// writes it is refused: see ustar.ts for headers, names.ts for names and their order. After an error the
// reader refuses all else, so that a caller that lost an error cannot mistake the rest for an archive.

import { GoferryError } from "../errors.ts";
import { OrderedNames, visibleName } from "./names.ts";
import { paddingBytes } from "./tar-writer.ts";
import { BLOCK, decodeHeader, headerLength, type TarEntry } from "./ustar.ts";

/**
 * Takes the entries. For each: one begin, the content in order in as many data calls as chunks hold
 * parts of it (none for an empty file), one end. What these throw, write throws.
 */
export interface TarHandler {
  begin(entry: TarEntry): void;
  /** `bytes` is a view of the chunk given to write, valid as long as that is. */
  data(bytes: Uint8Array): void;
  end(): void;
}

export interface TarLimits {
  /** What is read (a file, the digest of a layer): the subject of refusals that concern no single entry. */
  subject: string;
  maxEntries: number;
  /** Bytes of content of all entries together. */
  maxBytes: number;
  /** Gets every path before begin does, and throws to refuse it. A new OrderedNames if left out. */
  names?: { add(path: string): void };
}

/** What padding and trailer are compared with. */
const ZEROS = Buffer.alloc(2 * BLOCK);

type State = "header" | "content" | "padding" | "trailer" | "done";

export class TarReader {
  readonly #handler: TarHandler;
  readonly #limits: TarLimits;
  readonly #names: { add(path: string): void };
  readonly #partialHeader = Buffer.alloc(3 * BLOCK);
  #failed = false;
  #state: State = "header";
  /** How many bytes of a header are in #partialHeader because its chunk ended within it. */
  #held = 0;
  /** How many bytes of the content, the padding or the trailer are still to come. */
  #left = 0;
  #entries = 0;
  #bytes = 0;
  #entry: TarEntry | undefined;

  constructor(handler: TarHandler, limits: TarLimits) {
    this.#handler = handler;
    this.#limits = limits;
    this.#names = limits.names ?? new OrderedNames();
  }

  /**
   * Takes the next bytes and calls the handler for what they hold.
   * @throws ENTRY_REFUSED for a header, name or order that is not canonical, and beyond a limit;
   * BUNDLE_MALFORMED for what is no tar stream of goferry
   */
  write(chunk: Uint8Array): void {
    if (this.#failed) this.#malformed("nothing more after an error", `${chunk.length} bytes`);
    this.#failed = true;
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    for (let at = 0; at < buffer.length;) at = this.#step(buffer, at);
    this.#failed = false;
  }

  /**
   * Says that the stream ends here.
   * @throws BUNDLE_MALFORMED if it is not complete
   */
  finish(): void {
    if (!this.#failed && this.#state === "done") return;
    const where = this.#entry === undefined ? "" : ` at ${visibleName(this.#entry.path)}`;
    this.#malformed("two zero blocks at the end", `the end of the data in the ${this.#state}${where}`);
  }

  /** Takes what stands at an offset of the chunk and returns the offset after it. */
  #step(buffer: Buffer, at: number): number {
    switch (this.#state) {
      case "header":
        return this.#takeHeader(buffer, at);
      case "content":
        return this.#takeContent(buffer, at);
      case "padding":
        return this.#takeZeros(buffer, at, "header");
      case "trailer":
        return this.#takeZeros(buffer, at, "done");
      case "done":
        return this.#malformed("nothing after the two zero blocks", `${buffer.length - at} bytes or more`);
    }
  }

  #takeHeader(buffer: Buffer, at: number): number {
    const there = buffer.length - at;
    if (this.#held === 0) {
      if (buffer[at] === 0) {
        this.#state = "trailer";
        this.#left = 2 * BLOCK;
        return at;
      }
      const length = headerLength(buffer, at);
      if (there >= length) {
        this.#begin(decodeHeader(buffer, at));
        return at + length;
      }
    }
    const partial = this.#partialHeader;
    const wanted = this.#held < BLOCK ? BLOCK : headerLength(partial);
    const taken = Math.min(there, wanted - this.#held);
    buffer.copy(partial, this.#held, at, at + taken);
    this.#held += taken;
    if (this.#held >= BLOCK && this.#held === headerLength(partial)) {
      this.#held = 0;
      this.#begin(decodeHeader(partial));
    }
    return at + taken;
  }

  #begin(entry: TarEntry): void {
    this.#entry = entry;
    this.#entries += 1;
    this.#bytes += entry.size;
    const { maxEntries, maxBytes } = this.#limits;
    if (this.#entries > maxEntries) this.#beyond(entry, `at most ${maxEntries} entries`, "one more");
    if (this.#bytes > maxBytes)
      this.#beyond(entry, `at most ${maxBytes} bytes of content`, `${this.#bytes} bytes`);
    this.#names.add(entry.path);
    this.#handler.begin(entry);
    this.#left = entry.size;
    if (entry.size > 0) this.#state = "content";
    else this.#handler.end();
  }

  #takeContent(buffer: Buffer, at: number): number {
    const taken = Math.min(this.#left, buffer.length - at);
    this.#handler.data(new Uint8Array(buffer.buffer, buffer.byteOffset + at, taken));
    this.#left -= taken;
    if (this.#left > 0) return at + taken;
    this.#handler.end();
    this.#left = paddingBytes(this.#entry?.size ?? 0);
    this.#state = this.#left > 0 ? "padding" : "header";
    return at + taken;
  }

  #takeZeros(buffer: Buffer, at: number, next: State): number {
    const end = Math.min(at + this.#left, buffer.length);
    if (buffer.compare(ZEROS, 0, end - at, at, end) !== 0) {
      this.#malformed(`only zeros in the ${this.#state}`, "other bytes");
    }
    this.#left -= end - at;
    if (this.#left === 0) this.#state = next;
    return end;
  }

  #beyond(entry: TarEntry, expected: string, found: string): never {
    throw new GoferryError("ENTRY_REFUSED", {
      subject: `${visibleName(entry.path)} in ${this.#limits.subject}`,
      message: "An archive holds more than was announced",
      expected,
      found,
      next: "Do not use this archive: get it again from where it was built",
    });
  }

  #malformed(expected: string, found: string): never {
    throw new GoferryError("BUNDLE_MALFORMED", {
      subject: this.#limits.subject,
      message: "This is not a complete archive of goferry",
      expected,
      found,
      next: "Copy it again; if that does not help, have it built again with goferry build",
    });
  }
}
