// The facts about this process that a Host needs, for tests that build one.

import { availableParallelism } from "node:os";
import type { HostFacts } from "../../packages/installer/src/host.ts";

export const PROCESS_FACTS: Pick<
  HostFacts,
  "executablePath" | "pid" | "processExists" | "cores" | "workerSource"
> = {
  executablePath: undefined,
  pid: process.pid,
  processExists(pid) {
    try {
      return process.kill(pid, 0);
    } catch (error) {
      return error instanceof Error && "code" in error && error.code === "EPERM";
    }
  },
  cores: availableParallelism(),
  workerSource: undefined,
};
