// A packed bundle as a source of bytes before it is a file: documents from memory, layers from the files they were
// packed into. The rehearsal reads it as a host reads the finished file, and nothing is written twice.

import { open, type FileHandle } from "node:fs/promises";
import { GoferryError, truncated, type ByteSource } from "@goferry/core";
import { diskError } from "../net/disk-error.ts";
import { pieceSize, type Piece } from "../pack/outer.ts";

interface Placed {
  start: number;
  end: number;
  bytes?: Uint8Array;
  handle?: FileHandle;
}

/** Opens the files of the pieces. Dispose it when nobody reads any more. @throws IO_FAILED */
export async function openPacked(
  name: string,
  pieces: readonly Piece[],
): Promise<ByteSource & AsyncDisposable> {
  const placed: Placed[] = [];
  const close = async (): Promise<void> => {
    for (const { handle } of placed) await handle?.close();
  };
  let size = 0;
  try {
    for (const piece of pieces) {
      const start = size;
      size += pieceSize(piece);
      const content = piece instanceof Uint8Array ? { bytes: piece } : { handle: await open(piece.file) };
      placed.push({ start, end: size, ...content });
    }
  } catch (error) {
    await close();
    throw diskError(error, name);
  }
  return {
    name,
    size,
    async read(offset, length, memory) {
      if (offset + length > size) throw truncated(name, offset + length, size);
      const bytes = memory?.subarray(0, length) ?? Buffer.allocUnsafe(length);
      for (const part of placed) {
        const from = Math.max(offset, part.start);
        const to = Math.min(offset + length, part.end);
        if (from < to) await readPart(part, bytes.subarray(from - offset, to - offset), from - part.start);
      }
      return bytes;
    },
    file(offset) {
      const part = placed.find(({ start, end, handle }) => handle && start <= offset && offset < end);
      return part?.handle && { fd: part.handle.fd, offset: offset - part.start };
    },
    [Symbol.asyncDispose]: close,
  };
}

async function readPart({ bytes, handle }: Placed, target: Uint8Array, position: number): Promise<void> {
  if (bytes !== undefined) target.set(bytes.subarray(position, position + target.length));
  if (handle === undefined) return;
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await handle
      .read(target, done, target.length - done, position + done)
      .catch((error: unknown) => {
        throw diskError(error, "layer");
      });
    if (bytesRead === 0)
      throw new GoferryError("IO_FAILED", { subject: "layer", message: "a layer got shorter" });
    done += bytesRead;
  }
}
