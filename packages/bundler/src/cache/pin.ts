// What a build takes from the cache it also has under a name of its own, by a second link to the same bytes: then it does not
// matter who trims the cache meanwhile. Nobody writes to such a file: in the cache, files are only added and removed.

import { constants, copyFile, link } from "node:fs/promises";
import { errorCode } from "../net/disk-error.ts";

/** Makes `to`, which must not exist, the same file as `from`, or a copy where the disk has no such links. */
export async function pin(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "EEXIST") throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}
