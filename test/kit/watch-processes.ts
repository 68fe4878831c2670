// What other users of a machine can see of a program while it runs: the command lines of the processes that it starts.
// Their environments, which only its own user can see, are looked at too.

import { readdir, readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

export interface Seen {
  /** Arguments, joined by spaces. */
  commands: Set<string>;
  environments: Set<string>;
}

/** Milliseconds between two looks; a go that does anything lives longer. */
const LOOK_MS = 25;

/** Looks at all processes that are begun while `work` runs. */
export async function watchProcesses<T>(work: () => Promise<T>): Promise<{ result: T; seen: Seen }> {
  const others = new Set(await processes());
  const seen: Seen = { commands: new Set(), environments: new Set() };
  const end = new AbortController();
  const watching = (async () => {
    while (!end.signal.aborted) {
      await Promise.all((await processes()).filter((pid) => !others.has(pid)).map((pid) => look(pid, seen)));
      await wait(LOOK_MS);
    }
  })();
  try {
    return { result: await work(), seen };
  } finally {
    end.abort();
    await watching;
  }
}

async function processes(): Promise<string[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
}

async function look(pid: string, { commands, environments }: Seen): Promise<void> {
  const read = async (name: string): Promise<string> =>
    (await readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "")).replaceAll("\0", " ");
  commands.add(await read("cmdline"));
  environments.add(await read("environ"));
}
