// A command without a network: in a namespace that has no interface but a loopback that is down. Root makes one as it
// likes, others where the system lets users have namespaces.

import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

/** Words before a command that shall have no network. */
export const OFFLINE: readonly string[] =
  process.getuid?.() === 0 ? ["unshare", "-n", "--"] : ["unshare", "-rn", "--"];

/** Whether that works here; says on stderr what is skipped when it does not. */
export async function canUnshare(): Promise<boolean> {
  const [command = "", ...words] = OFFLINE;
  try {
    const { stdout } = await promisify(execFile)(command, [...words, "cat", "/proc/net/route"]);
    return stdout.trim().split("\n").length === 1;
  } catch (error) {
    process.stderr.write(
      `tests without a network are skipped: no network namespaces here (${String(error)})\n`,
    );
    return false;
  }
}
