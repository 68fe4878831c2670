// What is downloaded to the cache is run, and read once more after its hash was compared. So nobody else may be able to
// change it: another user who owns the folder, or may write in it, could exchange a file at the right moment.

import { mkdir, stat } from "node:fs/promises";
import { GoferryError } from "@goferry/core";
import { diskError } from "./net/disk-error.ts";

const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes `folder`, which only this user may enter, unless it is there. `uid` is the number of this user; undefined, as
 * on Windows: nobody else is looked for.
 * @throws CACHE_UNSAFE if it belongs to neither this user nor root, or others may exchange what is in it; DISK_FULL,
 * IO_FAILED
 */
export async function makeOwnFolder(folder: string, uid: number | undefined): Promise<void> {
  const { uid: owner, mode } = await madeFolder(folder);
  if (uid === undefined) return;
  if (owner !== uid && owner !== 0) {
    throw unsafe(folder, {
      expected: `a folder of user ${uid}`,
      found: `it belongs to user ${owner}`,
      next: "Name a folder of your own: --cache DIR, or GOFERRY_CACHE",
    });
  }
  // In a sticky folder, such as /tmp, others may add files but not exchange those of this user.
  if ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0) return;
  throw unsafe(folder, {
    expected: "a folder that only its owner may write in",
    found: `mode ${(mode & 0o7777).toString(8)}`,
    next: `chmod go-w ${folder}`,
  });
}

async function madeFolder(folder: string): Promise<{ uid: number; mode: number }> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await stat(folder);
  } catch (error) {
    throw diskError(error, folder);
  }
}

function unsafe(folder: string, detail: { expected: string; found: string; next: string }): GoferryError {
  return new GoferryError("CACHE_UNSAFE", {
    subject: folder,
    message: "another user could change what is in the cache while it is used",
    ...detail,
  });
}
