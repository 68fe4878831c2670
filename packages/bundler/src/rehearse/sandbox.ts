// Takes the network away from the commands of a rehearsal. Linux gives a process a network namespace without any
// interface; where that is not allowed (some containers, other systems) only Go's own settings keep it from asking,
// and the record says so.
import type { ProcessOptions, ProcessRunner } from "../go/spawn.ts";

export interface Sandbox {
  /** What a command line begins with; empty without a namespace. */
  prefix: readonly string[];
  network: "none (namespace)" | "none (GOPROXY only)";
}

/** With a user namespace, which needs no rights, and as root, where user namespaces are forbidden. */
const NAMESPACES = [
  ["unshare", "-rn", "--"],
  ["unshare", "-n", "--"],
] as const;

/** The first of the namespaces that this system lets a command run in. */
export async function findSandbox(runner: ProcessRunner, options: ProcessOptions): Promise<Sandbox> {
  for (const prefix of NAMESPACES) {
    if (await works(prefix, runner, options)) return { prefix, network: "none (namespace)" };
  }
  return { prefix: [], network: "none (GOPROXY only)" };
}

async function works(
  prefix: readonly string[],
  runner: ProcessRunner,
  options: ProcessOptions,
): Promise<boolean> {
  const [file = "", ...args] = prefix;
  try {
    const { code } = await runner(file, [...args, "true"], options);
    return code === 0;
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    // There is no unshare.
    return false;
  }
}
