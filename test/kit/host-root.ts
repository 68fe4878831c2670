// A host for tests of the installer: a temporary folder with a home in it, the real file system, real processes, a
// clock that stands still, and a picture of every file to compare with.

import { lstatSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { access, constants, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostFs } from "../../packages/installer/src/fs.ts";
import { createHost } from "../../packages/installer/src/host.ts";
import { layout } from "../../packages/installer/src/layout.ts";
import { nodeFs } from "../../packages/installer/src/node-fs.ts";
import { acquireLock, type Lock } from "../../packages/installer/src/transaction/lock.ts";
import { linuxProcesses } from "../../packages/installer/src/transaction/processes.ts";
import type { TransactionHost } from "../../packages/installer/src/transaction/transaction.ts";
import { PROCESS_FACTS } from "./process-facts.ts";

export interface TestFolder extends AsyncDisposable {
  path: string;
  /** The root of goferry in it, not made yet. */
  root: string;
}

/** In memory where the system offers that: tests of every call make hundreds of small roots. */
export async function testFolder(): Promise<TestFolder> {
  const memory = await access("/dev/shm", constants.W_OK).then(
    () => true,
    () => false,
  );
  const path = await mkdtemp(join(memory ? "/dev/shm" : tmpdir(), "goferry-host-"));
  return {
    path,
    root: join(path, "opt", "goferry"),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** The real machine, as a user without a home. */
export const realHost = createHost({
  platform: "linux/amd64",
  env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
  home: undefined,
  uid: 0,
  userName: "tester",
  ...PROCESS_FACTS,
});

export function testHost(fs: HostFs = nodeFs(realHost)): TransactionHost {
  return {
    fs,
    processes: linuxProcesses({ pid: process.pid, exists: pidExists }),
    now: () => new Date("2026-03-04T05:06:07.000Z"),
    by: { user: "tester", sudoUser: null },
  };
}

/** The lock of a root, as another command of this process holds it. */
export async function holdLock(root: string, command: string): Promise<Lock> {
  return await acquireLock(testHost(), layout(root), { command });
}

/**
 * Everything below a folder: its path, and its kind, mode and content as one text. Synchronous, because it is taken
 * hundreds of times of a dozen small files.
 */
export function picture(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of namesBelow(folder).sort()) {
    const path = join(folder, name);
    const status = lstatSync(path);
    const mode = (status.mode & 0o7777).toString(8);
    if (status.isSymbolicLink()) found[name] = `link ${readlinkSync(path)}`;
    else if (status.isDirectory()) found[name] = `folder ${mode}`;
    else found[name] = `file ${mode} ${readFileSync(path, "base64")}`;
  }
  return found;
}

/** Relative to the folder. Node's own recursive readdir follows links, also out of the folder. */
export function namesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? [entry.name, ...namesBelow(join(folder, entry.name)).map((below) => join(entry.name, below))]
      : [entry.name],
  );
}

function pidExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
