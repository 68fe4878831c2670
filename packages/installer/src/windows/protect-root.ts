// The root of a machine runs as every user who calls go, so ordinary users must not write in it. Where they could, the
// access list is replaced before anything of value comes there, and looked at again: a file system may have none (exFAT),
// and a network drive another one than it says.

import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { windowsScope } from "../configure/windows/places.ts";
import type { HostFs } from "../fs.ts";
import type { Host } from "../host.ts";
import { MACHINE_ACCESS, readAccess, untrusted } from "./access.ts";

/**
 * Of other systems, and of a user's own root, there is nothing to protect: Windows gives a user's folders to that user.
 * @param isNew whether nothing is installed in it yet: somebody may have made folders in it before it was closed
 * @throws ROOT_EXPOSED; PERMISSION_DENIED
 */
export async function protectRoot(
  host: Pick<Host, "windows" | "env" | "home">,
  { fs, root, isNew }: { fs: HostFs; root: string; isNew: boolean },
): Promise<void> {
  const { windows } = host;
  if (windows === undefined || windowsScope(windows, host, root) !== "machine") return;
  const { system, account } = windows;
  const others = async (path: string): Promise<string[]> =>
    untrusted(readAccess(await system.accessOf(path)), account.sid);
  if ((await others(root)).length > 0) await system.setAccess(root, MACHINE_ACCESS);
  const entries = isNew ? (await fs.list(root)).map(({ name }) => join(root, name)) : [];
  for (const path of [root, ...entries]) {
    const left = await others(path);
    if (left.length > 0) throw exposed(path, left);
  }
}

function exposed(path: string, left: readonly string[]): GoferryError {
  return new GoferryError("ROOT_EXPOSED", {
    subject: path,
    message: `ordinary users may change what lies in ${path}, and it would run as everybody who calls go`,
    expected: "write access for administrators and the system alone",
    found: `write access for ${left.join(", ")} (icacls "${path}")`,
    next: "choose a root in %ProgramFiles%: leave out --root; or a folder on an NTFS disk of this machine",
  });
}
