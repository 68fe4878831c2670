import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

const BUFFER_BYTES = 1 << 20;

/** Memory that is not in use: a new buffer for each piece would have V8 collect garbage for most of the time. */
const spare: Buffer[] = [];

/** Of the bytes of a file, hex. Throws what node:fs throws. */
export async function fileSha256(file: string): Promise<string> {
  const sum = createHash("sha256");
  for await (const bytes of filePieces(file)) sum.update(bytes);
  return sum.digest("hex");
}

/** The bytes of a file, or of a part of it. A piece is valid until the next one is asked for. Throws what node:fs throws. */
export async function* filePieces(
  file: string,
  { offset = 0, size = Infinity }: { offset?: number | undefined; size?: number } = {},
): AsyncGenerator<Uint8Array> {
  await using handle = await open(file);
  const buffer = spare.pop() ?? Buffer.allocUnsafe(BUFFER_BYTES);
  try {
    for (let done = 0; done < size;) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(BUFFER_BYTES, size - done), offset + done);
      if (bytesRead === 0) return;
      done += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    spare.push(buffer);
  }
}
