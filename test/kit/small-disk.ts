// A disk of a given size, for tests of what happens when it is full: a tmpfs, mounted for as long as the test needs it.
// Where that is not allowed (tests that do not run as root, containers without the right to mount) there is none.

import { execFile } from "node:child_process";
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface SmallDisk extends AsyncDisposable {
  path: string;
}

export interface DiskOptions {
  /** As mount(8) takes it for a tmpfs: "20m". */
  size?: string;
  inodes?: number;
  /** Further mount options, such as "noexec". */
  options?: readonly string[];
}

/** An empty disk that everybody may read. */
export async function smallDisk({ size = "64m", inodes, options = [] }: DiskOptions): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), "goferry-disk-"));
  const count = inodes === undefined ? [] : [`nr_inodes=${inodes}`];
  try {
    await execute("mount", [
      "-t",
      "tmpfs",
      "-o",
      ["mode=755", `size=${size}`, ...count, ...options].join(),
      "none",
      path,
    ]);
  } catch (error) {
    await rm(path, { recursive: true });
    throw error;
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      // Lazily: a process that was killed may hold a file for a moment longer.
      await execute("umount", ["-l", path]);
      await rm(path, { recursive: true });
    },
  };
}

const PAGE_BYTES = 4096;

interface MountedDisk extends AsyncDisposable {
  /** Makes the disk so small that this many pages of 4 KiB are free. */
  leave(pages: number): Promise<void>;
  /** Mounts it for reading alone, or for writing again. */
  remount(option: "ro" | "rw"): Promise<void>;
}

/** A disk in a folder that is there, large until it is told otherwise. */
export async function tmpfsAt(folder: string): Promise<MountedDisk> {
  await execute("mount", ["-t", "tmpfs", "-o", "mode=755,size=64m", "none", folder]);
  return {
    async leave(pages) {
      const { blocks, bfree, bsize } = await statfs(folder);
      const size = (blocks - bfree) * bsize + pages * PAGE_BYTES;
      // A size of 0 would mean none at all.
      await execute("mount", ["-o", `remount,size=${Math.max(size, PAGE_BYTES)}`, folder]);
    },
    async remount(option) {
      await execute("mount", ["-o", `remount,${option}`, folder]);
    },
    async [Symbol.asyncDispose]() {
      await execute("umount", ["-l", folder]);
    },
  };
}

/** Whether smallDisk works here; says on stderr what is skipped when it does not. */
export async function canMount(): Promise<boolean> {
  try {
    const disk = await smallDisk({ size: "1m" });
    await disk[Symbol.asyncDispose]();
    return true;
  } catch (error) {
    process.stderr.write(`tests of full disks are skipped: nothing can be mounted here (${String(error)})\n`);
    return false;
  }
}
