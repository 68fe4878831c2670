// Whole files of the size of an executable: whether two have the same content, and a copy that knows its hash. Each byte
// is read once, into memory that is used again: as a stream, an executable makes work for the garbage collector that takes
// longer than the copy.

import { createHash } from "node:crypto";
import { open, stat, type FileHandle } from "node:fs/promises";
import { ioError } from "../node-fs.ts";

const PIECE_BYTES = 1 << 20;

/**
 * False if `b` does not exist. Throws IO_FAILED if `a` cannot be read.
 * @param size of `a`, only its first so many bytes
 */
export async function isSameFile(a: string, b: string, size?: number): Promise<boolean> {
  const there = await stat(b, { bigint: true }).catch(() => undefined);
  if (there === undefined) return false;
  try {
    const { size: whole, dev, ino } = await stat(a, { bigint: true });
    if ((size === undefined ? whole : BigInt(size)) !== there.size) return false;
    // The goferry that runs is most often that of the root.
    if (dev === there.dev && ino === there.ino) return true;
    return (await fileSha256(a, size)) === (await fileSha256(b));
  } catch (error) {
    throw ioError(error, "read", a);
  }
}

export interface CopiedFile {
  /** Of what was written, 64 hexadecimal digits. */
  sha256: string;
  /** Bytes. */
  size: number;
}

/**
 * Copies into a new file of this mode. Throws what node:fs throws.
 * @param limit of the source, only its first so many bytes
 */
export async function copyWithHash(
  source: string,
  to: string,
  { mode, limit }: { mode: number; limit?: number | undefined },
): Promise<CopiedFile> {
  await using copy = await open(to, "wx", mode);
  // Whatever the umask says.
  await copy.chmod(mode);
  let size = 0;
  const take = async (piece: Uint8Array): Promise<void> => {
    await writeWhole(copy, piece);
    size += piece.length;
  };
  const sha256 = await readThrough(source, take, limit);
  return { sha256, size };
}

/** 64 hexadecimal digits. Throws what node:fs throws. */
async function fileSha256(file: string, limit?: number): Promise<string> {
  return await readThrough(file, () => Promise.resolve(), limit);
}

/** @param take gets a view that is valid until its promise resolves */
async function readThrough(
  file: string,
  take: (piece: Uint8Array) => Promise<void>,
  limit = Infinity,
): Promise<string> {
  await using handle = await open(file);
  const sum = createHash("sha256");
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (let left = limit; left > 0;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(PIECE_BYTES, left), null);
    if (bytesRead === 0) break;
    const piece = buffer.subarray(0, bytesRead);
    sum.update(piece);
    await take(piece);
    left -= bytesRead;
  }
  return sum.digest("hex");
}

/** A disk that is nearly full may take less than it is given. */
async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, null);
    done += bytesWritten;
  }
}
