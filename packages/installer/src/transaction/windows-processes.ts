// Is the process that wrote a lock still there, on Windows? It has no /proc, and when a process started only native code can
// ask. So who takes a lock raises a sign of life, and writes its name into the lock. The system takes the sign away with the
// process, however that ends, and no other process will ever have that name, whatever its pid is.

import { hostname } from "node:os";
import type { ProcessId, ProcessTable } from "./processes.ts";

/** Something of a system that exists exactly as long as the process that made it: on Windows a named pipe. */
export interface SignsOfLife {
  /** Raises that of this process, if it is not up yet, and gives its name. @throws IO_FAILED */
  raise(): Promise<string>;
  /** Whether one of that name is up on this machine, whoever's it is. */
  isUp(name: string): Promise<boolean>;
}

export interface WindowsProcessesOptions {
  /** Of this process. */
  pid: number;
  /** True when there is a process of that pid, whether or not this user may do anything with it. */
  exists: (pid: number) => boolean;
  signs: SignsOfLife;
  /** The name of this machine. */
  host?: string;
}

export function windowsProcesses(options: WindowsProcessesOptions): ProcessTable {
  const { pid, exists, signs, host = hostname() } = options;
  return {
    self: async () => {
      const started = await signs.raise();
      return { pid, started, boot: "", namespace: "", machine: "", host };
    },
    async look(id: ProcessId) {
      // On a network drive: processes of another machine cannot be seen.
      if (id.host !== host) return "unknown";
      return exists(id.pid) && (await signs.isUp(id.started)) ? "running" : "gone";
    },
  };
}
