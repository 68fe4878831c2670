// Bytes of a stream in pieces of the size that the reader wants.

export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array>;
  #bytes: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Exactly `size` bytes, or fewer where the stream ends. */
  async take(size: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let have = 0;
    for await (const piece of this.pieces(size)) {
      parts.push(piece);
      have += piece.length;
    }
    const [first] = parts;
    return parts.length === 1 && first !== undefined
      ? Buffer.from(first.buffer, first.byteOffset, first.byteLength)
      : Buffer.concat(parts, have);
  }

  /** `size` bytes as they come, or fewer where the stream ends. */
  async *pieces(size: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = size; left > 0;) {
      if (this.#bytes.length === 0) {
        const next = await this.#source.next();
        if (next.done === true) return;
        this.#bytes = next.value;
      }
      const piece = this.#bytes.subarray(0, left);
      this.#bytes = this.#bytes.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }
}
