// May this user make files in a folder? Asked of the system without leaving a trace, not even for a moment that
// another process could see.

import { constants } from "node:fs";
import { access, open } from "node:fs/promises";
import { hasErrno } from "./node-fs.ts";

/** <fcntl.h> of Linux on every architecture that goferry runs on; Node does not name it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** What open(2) answers where the file system, or the system, has no files without a name. */
const UNKNOWN_THERE = ["EOPNOTSUPP", "ENOTSUP", "EISDIR", "EINVAL", "UNKNOWN"];

/**
 * Makes a file without a name (O_TMPFILE), which is gone when it is closed. Unlike access(2) this answers for the
 * effective user, and it knows of immutable folders, network file systems and security modules. Throws the
 * system's error, such as EACCES, EPERM or EROFS, when files cannot be made in `folder`.
 */
export async function probeWrite(folder: string): Promise<void> {
  try {
    const nameless = await open(folder, O_TMPFILE | constants.O_RDWR, 0o600);
    await nameless.close();
  } catch (error) {
    if (!UNKNOWN_THERE.some((errno) => hasErrno(error, errno))) throw error;
    await access(folder, constants.W_OK | constants.X_OK);
  }
}
