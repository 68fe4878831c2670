// The zstd frame of a layer, seen from outside: that the layer is exactly one frame of the announced kind, which ends
// where the layer ends. Node's decompressor does not say so. It drops without a word what follows a frame in the same
// piece of input, passes over skippable frames, and goes on with the next frame where a piece begins with one: bytes
// that nobody hashes by name, and that other decompressors would unpack. RFC 8878 section 3.1.1; FORMAT.md section 5.

import { GoferryError } from "../errors.ts";
import type { Layer } from "../format/contents.ts";
import { WINDOW_LOG } from "../limits.ts";

/** What a refusal of a layer needs to know of it. */
export type AnnouncedLayer = Pick<Layer, "digest" | "tarSize">;

const MAGIC = 0xfd2fb528;

/** Bytes of magic number and frame header descriptor. */
const FIRST_BYTES = 5;
/** Bytes of a frame header at its longest: those, a window descriptor and 8 bytes of content size. */
const MAX_HEADER_BYTES = 14;
const BLOCK_HEADER_BYTES = 3;

const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

type State = "first bytes" | "frame header" | "block header" | "block" | "end";

export class ZstdFrame {
  readonly #layer: AnnouncedLayer;
  /** The header that is being gathered, which may come in pieces. */
  readonly #held = Buffer.alloc(MAX_HEADER_BYTES);
  #heldBytes = 0;
  #state: State = "first bytes";
  /** Bytes that the state still waits for. */
  #left = FIRST_BYTES;
  #isLastBlock = false;

  constructor(layer: AnnouncedLayer) {
    this.#layer = layer;
  }

  /** Takes the next bytes of the layer, before a decompressor does. @throws BUNDLE_MALFORMED */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#state === "end") throw this.#refusal("more bytes after the frame");
      const taken = Math.min(this.#left, bytes.length - at);
      if (this.#state !== "block") {
        this.#held.set(bytes.subarray(at, at + taken), this.#heldBytes);
        this.#heldBytes += taken;
      }
      this.#left -= taken;
      at += taken;
      this.#settle();
    }
  }

  /** Says that the layer ends here. @throws BUNDLE_MALFORMED */
  finish(): void {
    if (this.#state !== "end") throw this.#refusal(`the end of the data in the ${this.#state}`);
  }

  /** Goes on until bytes are needed: a block may be empty. */
  #settle(): void {
    while (this.#left === 0 && this.#state !== "end") this.#advance();
  }

  #advance(): void {
    switch (this.#state) {
      case "first bytes":
        this.#left = this.#restOfHeader();
        this.#state = "frame header";
        return;
      case "frame header":
        this.#checkHeader();
        return this.#expectBlock();
      case "block header":
        this.#left = this.#blockBytes();
        this.#state = "block";
        return;
      case "block":
        if (!this.#isLastBlock) return this.#expectBlock();
        this.#state = "end";
        return;
      case "end":
    }
  }

  #expectBlock(): void {
    this.#state = "block header";
    this.#heldBytes = 0;
    this.#left = BLOCK_HEADER_BYTES;
  }

  /** Section 3.1.1.1.1: the frame header descriptor says which fields follow. */
  #restOfHeader(): number {
    if (this.#held.readUInt32LE(0) !== MAGIC) throw this.#refusal("no zstd frame");
    const descriptor = this.#held.readUInt8(4);
    if ((descriptor & 0b0001_1000) !== 0) throw this.#refusal("a frame of a later version of zstd");
    if ((descriptor & 0b0000_0100) !== 0) throw this.#refusal("a frame with a checksum");
    if ((descriptor & 0b0000_0011) !== 0) throw this.#refusal("a frame that needs a dictionary");
    return this.#windowBytes() + this.#sizeBytes();
  }

  /** A frame of a single segment has no window descriptor: its window is its content. */
  #windowBytes(): number {
    return (this.#held.readUInt8(4) & 0b0010_0000) === 0 ? 1 : 0;
  }

  #sizeBytes(): number {
    const flag = this.#held.readUInt8(4) >> 6;
    return flag === 0 ? 1 - this.#windowBytes() : 2 ** flag;
  }

  #checkHeader(): void {
    const at = FIRST_BYTES + this.#windowBytes();
    const length = this.#sizeBytes();
    if (length === 0) throw this.#refusal("a frame that does not say how much it holds");
    // Section 3.1.1.1.4: two bytes count from 256.
    const size = length === 8 ? Number(this.#held.readBigUInt64LE(at)) : this.#held.readUIntLE(at, length);
    const content = length === 2 ? size + 256 : size;
    if (content !== this.#layer.tarSize) throw this.#refusal(`a frame of ${content} bytes`);
    const window = this.#windowBytes() === 0 ? content : windowSize(this.#held.readUInt8(FIRST_BYTES));
    if (window > 2 ** WINDOW_LOG) throw this.#refusal(`a window of ${window} bytes`);
  }

  #blockBytes(): number {
    const header = this.#held.readUIntLE(0, BLOCK_HEADER_BYTES);
    const type = (header >> 1) & 3;
    if (type === RESERVED_BLOCK) throw this.#refusal("a block of a reserved type");
    this.#isLastBlock = (header & 1) === 1;
    return type === RLE_BLOCK ? 1 : header >> 3;
  }

  #refusal(found: string): GoferryError {
    return malformedLayer(this.#layer, found);
  }
}

/** The refusal of a layer that is signed and yet not in the form of FORMAT.md section 5. */
export function malformedLayer(layer: AnnouncedLayer, found: string, cause?: unknown): GoferryError {
  return new GoferryError("BUNDLE_MALFORMED", {
    subject: `layer ${layer.digest}`,
    message: "a layer does not unpack as announced",
    expected: `one zstd frame of ${layer.tarSize} bytes`,
    found,
    next: "Do not use this bundle; tell who signed it, and have it built again",
    cause,
  });
}

/** Section 3.1.1.1.2: five bits of exponent, three of eighths. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
