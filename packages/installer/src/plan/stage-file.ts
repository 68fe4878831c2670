// Small files that a transaction writes into staging by the hundred: one or more for each module.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { hasErrno, ioError } from "../node-fs.ts";

/**
 * Writes a file that must not be there, and makes the folders that it is in. Synchronous on purpose: of 2,000 small files, a
 * promise for each costs more than all the calls. Throws DISK_FULL and other errors of the file system.
 */
export function stageFile(file: string, content: string | Uint8Array): void {
  const write = (): void => writeFileSync(file, content, { flag: "wx" });
  try {
    try {
      write();
    } catch (error) {
      if (!hasErrno(error, "ENOENT")) throw error;
      mkdirSync(dirname(file), { recursive: true });
      write();
    }
  } catch (error) {
    throw ioError(error, "write", file);
  }
}
