// The facts about this process that a Host needs, for tests that build one.

import { availableParallelism } from "node:os";
import type { HostFacts } from "../../packages/installer/src/host.ts";
import { testWorkerSource } from "../../packages/goferry/src/testing/worker-source.ts";

export const PROCESS_FACTS: Pick<
  HostFacts,
  "machineFolders" | "executablePath" | "pid" | "processExists" | "cores" | "workerSource"
> = {
  // Not those of the machine that the tests run on.
  machineFolders: { etc: "/nonexistent/etc", bin: "/nonexistent/bin" },
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
  workerSource: testWorkerSource(),
};
