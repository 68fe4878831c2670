// Folders for tests that install whole toolchains: in memory where there is plenty of it, because making and removing
// 14,000 files takes some disks ten times as long, and the commands that people run are tried on the disk elsewhere.

import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, realpath, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface Scratch extends AsyncDisposable {
  /** Absolute and without links; every user may pass through. */
  path: string;
}

const MEMORY = "/dev/shm";

/** Bytes that must be free in memory: three roots, a build cache, and the memory of the commands themselves. */
const PLENTY = 6 * 1024 ** 3;

export async function scratchFolder(prefix: string): Promise<Scratch> {
  const base = (await hasPlenty()) ? MEMORY : tmpdir();
  const path = await realpath(await mkdtemp(join(base, `${prefix}-`)));
  await chmod(path, 0o755);
  return {
    path,
    async [Symbol.asyncDispose]() {
      // Go makes the folders of a module cache read-only, which stops everybody but root.
      await promisify(execFile)("chmod", ["-R", "u+rwX", path]).catch(() => undefined);
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function hasPlenty(): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(MEMORY);
    const available =
      Number(/^MemAvailable:\s+(\d+)/m.exec(await readFile("/proc/meminfo", "utf8"))?.[1] ?? 0) * 1024;
    const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" "));
    // Containers often have one of 64 MB from which nothing may be run.
    const runs = mounts.some(
      ([, point, , options = ""]) => point === MEMORY && !options.split(",").includes("noexec"),
    );
    return runs && Math.min(bavail * bsize, available) >= PLENTY;
  } catch {
    return false;
  }
}
