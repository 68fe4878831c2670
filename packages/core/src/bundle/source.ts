// Where a bundle's bytes come from. A reader asks for each byte once: the medium may be slow, and a bad one may answer
// differently the second time.

import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { GoferryError } from "../errors.ts";

/** A file of fixed size that is read by position, from several places at a time. */
export interface ByteSource {
  /** What refusals call it. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`.
   * @param memory of at least that many bytes, may be used for them: they are valid then until it is given again
   * @throws BUNDLE_MALFORMED if the file ends before; IO_FAILED if the medium cannot be read
   */
  read(offset: number, length: number, memory?: Buffer): Promise<Uint8Array>;
  /**
   * The open file that holds the byte at `offset`, and where in it: for worker threads, which share descriptors. A name
   * could lead elsewhere a moment later.
   */
  file(offset: number): { fd: number; offset: number } | undefined;
}

export type FileSource = ByteSource & AsyncDisposable;

/** @throws NOT_FOUND if there is no such file; IO_FAILED if it cannot be read */
export async function openFileSource(file: string): Promise<FileSource> {
  // Without O_NONBLOCK the opening of a named pipe would wait for a writer; regular files do not mind it.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const handle = await open(file, flags).catch((cause: unknown) => fail(file, cause));
  const status = await handle.stat().catch((cause: unknown) => fail(file, cause));
  if (!status.isFile()) {
    await handle.close();
    throw new GoferryError("IO_FAILED", {
      subject: file,
      message: "a bundle is a regular file",
      found: status.isDirectory() ? "a folder" : "something else",
      next: "Name the bundle itself, for example site.tar",
    });
  }
  return {
    name: file,
    size: status.size,
    file: (offset) => ({ fd: handle.fd, offset }),
    async read(offset, length, memory) {
      const bytes = memory?.subarray(0, length) ?? Buffer.allocUnsafe(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle
          .read(bytes, done, length - done, offset + done)
          .catch((cause: unknown) => fail(file, cause));
        if (bytesRead === 0) throw truncated(file, offset + length, Math.min(offset + done, status.size));
        done += bytesRead;
      }
      return bytes;
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** The refusal of a file that ends too early. Sizes in bytes. */
export function truncated(name: string, expected: number, found: number): GoferryError {
  return new GoferryError("BUNDLE_MALFORMED", {
    subject: name,
    message: "the bundle is cut off",
    expected: `at least ${expected} bytes`,
    found: `${found} bytes`,
    next: "Copy the bundle again and compare its size with the original",
  });
}

function fail(file: string, cause: unknown): never {
  const errno = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  if (errno === "ENOENT" || errno === "ENOTDIR") {
    throw new GoferryError("NOT_FOUND", {
      subject: file,
      message: "there is no such file",
      next: "Check the path of the bundle",
      cause,
    });
  }
  throw new GoferryError("IO_FAILED", {
    subject: file,
    message: "the file cannot be read",
    found: errno,
    next:
      errno === "EACCES" || errno === "EPERM"
        ? "Run as a user who may read it, or change its permissions"
        : "Try another port, reader or copy of the medium",
    cause,
  });
}
