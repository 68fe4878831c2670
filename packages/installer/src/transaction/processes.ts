// Is the process that wrote a lock still there? A pid alone cannot say: pids are reused, they start again after a
// boot, and a container or another machine that shares the folder has its own. So a process is named by all that
// makes its pid mean something, and where that cannot be compared the answer is "unknown", never "gone".

import { readFile, readlink } from "node:fs/promises";
import { GoferryError } from "@goferry/core";

/** Names one process for good. */
export interface ProcessId {
  pid: number;
  /** When it started: clock ticks since boot (field 22 of /proc/PID/stat). */
  started: string;
  /** The boot of the kernel it ran on. */
  boot: string;
  /** The pid namespace in which `pid` counts. */
  namespace: string;
  /** The machine's id (machine-id(5)); the host name where there is none. */
  machine: string;
  /** Its host name: machines that were cloned from one image often have one id. */
  host: string;
}

export interface ProcessTable {
  /** @throws PROC_MISSING */
  self(): Promise<ProcessId>;
  /** "unknown" where this process cannot see that one. */
  look(id: ProcessId): Promise<"running" | "gone" | "unknown">;
}

export interface LinuxProcessesOptions {
  /** Of this process. */
  pid: number;
  /** True when a signal could be sent to that pid, or when only the permission is missing (kill(2) with signal 0). */
  exists: (pid: number) => boolean;
}

/** Processes by /proc (proc(5)). */
export function linuxProcesses({ pid, exists }: LinuxProcessesOptions): ProcessTable {
  const self = async (): Promise<ProcessId> => ({
    pid,
    started: (await startedAt(pid)) ?? "",
    boot: await firstLine("/proc/sys/kernel/random/boot_id"),
    namespace: await readlink("/proc/self/ns/pid").catch((cause: unknown) => {
      throw procMissing(cause);
    }),
    machine: (await firstLine("/etc/machine-id")) || (await firstLine("/proc/sys/kernel/hostname")),
    host: await firstLine("/proc/sys/kernel/hostname"),
  });
  return {
    self,
    look: async (id) => {
      const me = await self();
      // Another boot of this machine ended all its processes; another machine's processes cannot be seen.
      if (id.boot !== me.boot) return isSameMachine(id, me) ? "gone" : "unknown";
      if (id.namespace !== me.namespace) return "unknown";
      const started = await startedAt(id.pid);
      if (started === id.started) return "running";
      // Mounted with hidepid, /proc does not show the processes of others.
      return started === null && exists(id.pid) ? "unknown" : "gone";
    },
  };
}

/** Both must agree: two clones on one network drive would take each other's lock for that of an earlier boot. */
function isSameMachine(one: ProcessId, other: ProcessId): boolean {
  return one.machine === other.machine && one.host === other.host;
}

function procMissing(cause: unknown): GoferryError {
  return new GoferryError("PROC_MISSING", {
    subject: "/proc",
    message: "/proc is not mounted: without it nobody can tell whether the holder of a lock still runs",
    expected: "/proc/self/ns/pid",
    found: "nothing",
    next: "mount -t proc proc /proc",
    cause,
  });
}

/** Null when there is no such process, or only its remains that nobody has waited for yet (a zombie). */
async function startedAt(pid: number): Promise<string | null> {
  const stat = await firstLine(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold anything, more parentheses too: the fields count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  return state === "Z" || state === "X" ? null : (fields[19] ?? null);
}

async function firstLine(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n", 1)[0] ?? "";
}
