// The installer's worker as the executables have it, where test/kit/worker-setup.ts has made it.

import { readFileSync } from "node:fs";
import process from "node:process";

/** Names the file, in the environment of the processes that run tests. */
export const WORKER_FILE = "GOFERRY_TEST_WORKER";

/** Its JavaScript; undefined where the worker is to be started from source. */
export function testWorkerSource(): string | undefined {
  const file = process.env[WORKER_FILE];
  return file === undefined ? undefined : readFileSync(file, "utf8");
}
