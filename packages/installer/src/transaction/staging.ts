// staging/ as recovery clears it: only what a transaction or a self-test has made there. A folder of this name, with
// somebody's files in it, may stand in a root that was restored or put together by hand.

import { join } from "node:path";
import { removeTree } from "../fs.ts";
import type { Site } from "./changes.ts";
import { stagingFolder } from "./journal.ts";

/** The id of a transaction (newId in transaction.ts), and the scratch folder of a self-test (selftest.ts). */
const OURS = /^(?:\d{8}T\d{9}Z-[0-9a-f]{8}|selftest-[0-9A-Za-z]{6})$/;

export function isStagingName(name: string): boolean {
  return OURS.test(name);
}

/** @param id the transaction whose folder goes as well, whatever its name looks like */
export async function clearStaging({ fs, at }: Site, id?: string): Promise<void> {
  const status = await fs.lstat(at.staging);
  if (status === null) return;
  if (status.kind === "link") {
    await fs.unlink(at.staging);
    return;
  }
  if (status.kind !== "folder") return;
  if (id !== undefined) await removeTree(fs, stagingFolder(at, id));
  for (const { name } of await fs.list(at.staging)) {
    if (isStagingName(name)) await removeTree(fs, join(at.staging, name));
  }
  await fs.rmdir(at.staging);
}
