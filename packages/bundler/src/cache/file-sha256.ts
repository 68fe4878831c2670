import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Of the bytes of a file, hex. Throws what node:fs throws. */
export async function fileSha256(file: string): Promise<string> {
  const sum = createHash("sha256");
  const chunks: AsyncIterable<Uint8Array> = createReadStream(file, { highWaterMark: 1 << 20 });
  for await (const bytes of chunks) sum.update(bytes);
  return sum.digest("hex");
}
