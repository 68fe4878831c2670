// Whether two files have the same content, without reading both where their sizes differ.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createHash } from "node:crypto";
import { ioError } from "../node-fs.ts";

/**
 * False if `b` does not exist. Throws IO_FAILED if `a` cannot be read.
 * @param size of `a`, only its first so many bytes
 */
export async function isSameFile(a: string, b: string, size?: number): Promise<boolean> {
  const there = await stat(b).catch(() => undefined);
  if (there === undefined) return false;
  try {
    if ((size ?? (await stat(a)).size) !== there.size) return false;
    return (await fileSha256(a, size)) === (await fileSha256(b));
  } catch (error) {
    throw ioError(error, "read", a);
  }
}

/** 64 hexadecimal digits. Throws what node:fs throws. */
export async function fileSha256(file: string, size = Infinity): Promise<string> {
  const sum = createHash("sha256");
  for await (const bytes of createReadStream(file, { end: size - 1, highWaterMark: 1 << 20 }))
    sum.update(bytes as Uint8Array);
  return sum.digest("hex");
}
