// Root may write everywhere, so tests of missing permission have to stop being root for a moment, where they are.

import process from "node:process";

/** The user and group "nobody" of every system that tests run on. */
export const NOBODY = 65534;

/** Words before a command that shall run as that user, without groups. Only for root. */
export function asUser(uid: number): string[] {
  return ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"];
}

/** Runs `action` as a user without privileges: as nobody when the tests run as root, else as they run. */
export async function withoutPrivileges<T>(action: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0 || process.seteuid === undefined) return action();
  process.seteuid(NOBODY);
  try {
    return await action();
  } finally {
    process.seteuid(0);
  }
}
