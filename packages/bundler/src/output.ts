// Files that a build leaves for its user: each is written beside its place and gets its name when it is whole. Whether
// they can be written at all is asked before the downloads, not after them.

import { randomUUID } from "node:crypto";
import { open, rename, rm, stat, writeFile } from "node:fs/promises";
import { GoferryError } from "@goferry/core";
import { diskError } from "./net/disk-error.ts";

/** @throws IO_FAILED, DISK_FULL if no file can be made, or replaced, at `file` */
export async function checkWritable(file: string): Promise<void> {
  const probe = `${file}.${randomUUID()}`;
  try {
    await writeFile(probe, "", { flag: "wx" });
    await rm(probe);
  } catch (error) {
    throw diskError(error, file);
  }
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() !== true) return;
  throw new GoferryError("IO_FAILED", {
    subject: file,
    message: "a folder is in the place of the file",
    expected: "the name of a file",
    found: "a folder",
    next: "Name a file, in this folder or elsewhere.",
  });
}

/** A file that has not got its name yet. Disposing of it removes it, unless it was placed. */
export interface Draft extends AsyncDisposable {
  /** Where it is until it is placed, in the same folder. */
  readonly path: string;
  /** Writes all of it, to the disk. Once. @throws DISK_FULL, IO_FAILED; what the chunks throw */
  write(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>;
  /** Gives it its name, in place of what had it. @throws IO_FAILED */
  place(): Promise<void>;
}

/**
 * The draft of `file`, with the permissions `mode`. Its name is its own: builds of the same file do not meet before they
 * are done, and nothing that somebody put there is followed or overwritten.
 */
export function draftOf(file: string, mode = 0o644): Draft {
  const path = `${file}.${randomUUID()}.part`;
  return {
    path,
    async write(chunks) {
      try {
        // The mode is given here, because FAT, which USB sticks have, refuses to change it.
        await using handle = await open(path, "wx", mode);
        for await (const chunk of chunks) await handle.writeFile(chunk);
        await handle.sync();
      } catch (error) {
        throw error instanceof Error && "syscall" in error ? diskError(error, file) : error;
      }
    },
    async place() {
      await rename(path, file).catch((error: unknown) => {
        throw diskError(error, file);
      });
    },
    async [Symbol.asyncDispose]() {
      await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

/**
 * Writes a file that is not there yet, to the disk; after an error nothing is left of it. No draft that gets its name by
 * a link: files are kept on USB sticks, and FAT has no links.
 * @throws what node:fs throws, EEXIST where the name is taken
 */
export async function createFile(path: string, content: string, mode = 0o644): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Whether `path` is a draft of `file`, of whatever build. */
export function isDraftOf(path: string, file: string): boolean {
  return path.startsWith(`${file}.`) && /^[0-9a-f-]{36}(?:\.part)?$/u.test(path.slice(file.length + 1));
}
