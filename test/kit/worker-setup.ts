// Runs before the tests of a run: makes one file of the installer's worker, as the executables have it. From source, a
// worker strips the types of fifty files each time it starts, ten times what it takes so, and tests start thousands.

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../../scripts/executables/bundle.ts";
import { WORKER_FILE } from "../../packages/goferry/src/testing/worker-source.ts";

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "goferry-worker-"));
  const file = join(folder, "worker.cjs");
  await writeFile(file, await bundleWorker(fileURLToPath(new URL("../..", import.meta.url))));
  // Tests run as other users, too.
  await chmod(folder, 0o755);
  process.env[WORKER_FILE] = file;
  return () => rm(folder, { recursive: true, force: true });
}
