// A module proxy in a folder (file:///…), as `go mod download` fills one under GOMODCACHE/cache/download: for sites that
// carry modules by other ways, and for tests of the whole product.
import { createReadStream } from "node:fs";
import { constants, copyFile, rename, rm, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { GoferryError } from "@goferry/core";

import { tooLarge } from "./answer.ts";
import { diskError, errorCode } from "./disk-error.ts";

export interface FileRequest {
  subject: string;
  /** Bytes that the file may have. */
  limit: number;
}

/** The bytes of the file at a file URL, or undefined if there is none. @throws GoferryError RESPONSE_INVALID, IO_FAILED. */
export async function readLocal(url: URL, { subject, limit }: FileRequest): Promise<Uint8Array | undefined> {
  const file = fileURLToPath(url);
  if ((await sizeOf(file, { subject, limit })) === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  try {
    // The size was that of an earlier moment: one byte over the limit is asked for, to see whether it grew.
    for await (const chunk of createReadStream(file, { end: limit })) chunks.push(chunk as Uint8Array);
  } catch (error) {
    throw diskError(error, file);
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length > limit) throw tooLarge(subject, { limit, found: `more than that, in ${file}` });
  return bytes;
}

/**
 * Copies the file at a file URL to `target` by way of `target` + ".part"; its size in bytes, or undefined if there is none.
 * @throws GoferryError RESPONSE_INVALID, DISK_FULL, IO_FAILED.
 */
export async function copyLocal(
  url: URL,
  target: string,
  { subject, limit, expectedSize }: FileRequest & { expectedSize?: number | undefined },
): Promise<number | undefined> {
  const file = fileURLToPath(url);
  if ((await sizeOf(file, { subject, limit })) === undefined) return undefined;
  const part = `${target}.part`;
  try {
    await copyFile(file, part, constants.COPYFILE_FICLONE);
    const { size } = await stat(part);
    if (size > limit) throw tooLarge(subject, { limit, found: `${size} bytes, in ${file}` });
    if (expectedSize !== undefined && size !== expectedSize) {
      throw new GoferryError("RESPONSE_INVALID", {
        subject,
        message: "the file has another size than it must have",
        expected: `${expectedSize} bytes`,
        found: `${size} bytes, in ${file}`,
      });
    }
    await rename(part, target);
    return size;
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw diskError(error, target);
  }
}

/** Bytes of the file at a file URL; undefined if it cannot be had. */
export async function localSize(url: URL): Promise<number | undefined> {
  const found = await stat(fileURLToPath(url)).catch(() => undefined);
  return found?.isFile() === true ? found.size : undefined;
}

/** Bytes of a regular file, undefined if there is nothing. */
async function sizeOf(file: string, { subject, limit }: FileRequest): Promise<number | undefined> {
  const found = await stat(file).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw diskError(error, file);
  });
  if (found === undefined || found.isDirectory()) return undefined;
  if (!found.isFile()) throw diskError(new Error("not a regular file"), file);
  if (found.size > limit) throw tooLarge(subject, { limit, found: `${found.size} bytes, in ${file}` });
  return found.size;
}
