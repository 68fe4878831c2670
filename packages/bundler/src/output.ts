// Files that a build leaves for its user: each is written beside its place and gets its name when it is whole. Whether
// they can be written at all is asked before the downloads, not after them.

import { randomUUID } from "node:crypto";
import { rename, rm, stat, writeFile } from "node:fs/promises";
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

/** A file that is on disk but has not got its name yet. Disposing of it removes it, unless it was placed. */
export interface Draft extends AsyncDisposable {
  /** Gives it its name, in place of what had it. @throws IO_FAILED */
  place(): Promise<void>;
}

/** @throws DISK_FULL, IO_FAILED */
export async function draftFile(file: string, content: string): Promise<Draft> {
  const beside = `${file}.${randomUUID()}`;
  const remove = async (): Promise<void> => {
    await rm(beside, { force: true }).catch(() => undefined);
  };
  try {
    await writeFile(beside, content, { flush: true, flag: "wx" });
  } catch (error) {
    await remove();
    throw diskError(error, file);
  }
  return {
    async place() {
      await rename(beside, file).catch((error: unknown) => {
        throw diskError(error, file);
      });
    },
    [Symbol.asyncDispose]: remove,
  };
}
