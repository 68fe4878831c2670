// HostFs on a POSIX system, by node:fs. The one place where an errno becomes a code that a person can act on.

import { constants, statfsSync } from "node:fs";
import * as fsp from "node:fs/promises";
import { dirname, join } from "node:path";
import { GoferryError } from "@goferry/core";
import type { ErrorCode } from "@goferry/core";
import type { EntryKind, FileMode, HostFs } from "./fs.ts";
import type { Host } from "./host.ts";

/** The real file system. The host starts `sync` for it, because Node has no syncfs(2). */
export function nodeFs(host: Pick<Host, "run" | "env">): HostFs {
  return {
    lstat: (path) =>
      attempt(
        "look at",
        path,
        async () => {
          const status = await fsp.lstat(path);
          const { size, mtimeMs: modified, uid, gid } = status;
          return { kind: kindOf(status), mode: status.mode & 0o7777, size, modified, uid, gid };
        },
        { ENOENT: null, ENOTDIR: null },
      ),
    readFile: (path) => attempt("read", path, () => fsp.readFile(path), { ENOENT: null, ENOTDIR: null }),
    readLink: (path) => attempt("read", path, () => fsp.readlink(path)),
    list: (path) =>
      attempt(
        "list",
        path,
        async () => {
          const entries = await fsp.readdir(path, { withFileTypes: true });
          return entries
            .map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
            .sort((a, b) => (a.name < b.name ? -1 : 1));
        },
        { ENOENT: [], ENOTDIR: [] },
      ),

    mkdir: (path, mode) =>
      attempt(
        "make",
        path,
        async () => {
          await fsp.mkdir(path, { mode });
          await fsp.chmod(path, mode);
          return true;
        },
        { EEXIST: false },
      ),
    createFile: (path, bytes, mode) => attempt("write", path, () => createFile(path, bytes, mode)),
    appendFile: (path, bytes) => attempt("write", path, () => fsp.appendFile(path, bytes)),
    rename: (from, to) => attempt("rename", from, () => fsp.rename(from, to)),
    link: (from, to) =>
      attempt(
        "link",
        to,
        async () => {
          await fsp.link(from, to);
          return true;
        },
        { EEXIST: false },
      ),
    symlink: (target, path) => attempt("make", path, () => fsp.symlink(target, path)),
    chmod: (path, mode) => attempt("change the mode of", path, () => fsp.chmod(path, mode)),
    unlink: (path) =>
      attempt(
        "remove",
        path,
        async () => {
          await fsp.unlink(path);
          return true;
        },
        { ENOENT: false, ENOTDIR: false },
      ),
    rmdir: (path) =>
      attempt(
        "remove",
        path,
        async () => {
          await fsp.rmdir(path);
          return true;
        },
        { ENOENT: false, ENOTEMPTY: false, EEXIST: false },
      ),

    syncFile: (path) => attempt("sync", path, () => syncPath(path, constants.O_RDONLY)),
    // Some network and FUSE file systems answer EINVAL: they have nothing to sync for a folder.
    syncFolder: (path) =>
      attempt("sync", path, () => syncPath(path, constants.O_RDONLY | constants.O_DIRECTORY), {
        EINVAL: undefined,
      }),
    syncTree: (path) => attempt("sync", path, () => syncTree(path, host)),
    syncsEachFile: false,
  };
}

/**
 * The error of a failed file operation: DISK_FULL, PERMISSION_DENIED, READ_ONLY or IO_FAILED, by errno.
 * `doing` is a verb that stands before the path in a sentence; a GoferryError passes through.
 */
export function ioError(cause: unknown, doing: string, path: string): GoferryError {
  if (cause instanceof GoferryError) return cause;
  const errno = errnoOf(cause);
  const [code, next] = (errno === undefined ? undefined : MEANINGS[errno]) ?? OTHER;
  const what = errno ?? String(cause);
  return new GoferryError(code, {
    subject: path,
    message: `cannot ${doing} ${path}`,
    found: code === "DISK_FULL" ? `${what}: ${freeText(path)}` : what,
    next,
    cause,
  });
}

/** At this moment: what was begun is still there. A quota, or a want of inodes, shows by bytes that are free. */
function freeText(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize, files, ffree } = statfsSync(at);
      const inodes = files === 0 ? "" : ` and ${ffree} inodes`;
      return `${bavail * bsize} bytes${inodes} free for this user`;
    } catch {
      if (dirname(at) === at) return "nobody can say how much is free";
    }
  }
}

/** True when `error` comes from a system call that failed with `errno`, such as "ENOENT". */
export function hasErrno(error: unknown, errno: string): boolean {
  return errnoOf(error instanceof GoferryError ? error.cause : error) === errno;
}

const FREE_SPACE = "free space on that file system, or choose another root, then run the command again";
const OWNER = "run the command as the owner of that folder, or choose another root with --root";
const WRITABLE = "remount the file system for writing, or choose another root with --root";
const FILES = "raise the limit on open files (ulimit -n), then run the command again";
const ONE_FILE_SYSTEM = "keep the whole root on one file system: its folders are switched by rename";

/** A gigabyte on a bad stick. */
const SYNC_TIMEOUT_MS = 60 * 60_000;

const OTHER: readonly [ErrorCode, string] = [
  "IO_FAILED",
  "look at the medium (dmesg names its errors), then run the command again",
];
const MEANINGS: Record<string, readonly [ErrorCode, string]> = {
  ENOSPC: ["DISK_FULL", FREE_SPACE],
  EDQUOT: ["DISK_FULL", FREE_SPACE],
  EACCES: ["PERMISSION_DENIED", OWNER],
  EPERM: ["PERMISSION_DENIED", OWNER],
  EROFS: ["READ_ONLY", WRITABLE],
  EMFILE: ["IO_FAILED", FILES],
  ENFILE: ["IO_FAILED", FILES],
  EXDEV: ["IO_FAILED", ONE_FILE_SYSTEM],
};

/** Runs a call; an errno listed in `instead` is a normal outcome and gives that value. */
async function attempt<T, I = never>(
  doing: string,
  path: string,
  call: () => Promise<T>,
  instead: Partial<Record<string, I>> = {},
): Promise<T | I> {
  try {
    return await call();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== undefined && Object.hasOwn(instead, errno)) return instead[errno] as I;
    throw ioError(error, doing, path);
  }
}

function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): EntryKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : "other";
}

async function createFile(path: string, bytes: Uint8Array, { mode, owner }: FileMode): Promise<void> {
  await using file = await fsp.open(path, "wx", 0o600);
  await file.writeFile(bytes);
  if (owner !== undefined) {
    // Only root may give files away. Where we may not, the file belongs to whoever ran us, as with any editor.
    await file.chown(owner.uid, owner.gid).catch((error: unknown) => {
      if (errnoOf(error) !== "EPERM") throw error;
    });
  }
  await file.chmod(mode);
}

async function syncPath(path: string, flags: number): Promise<void> {
  await using file = await fsp.open(path, flags);
  await file.sync();
}

/** One syncfs(2), by coreutils' `sync -f`: an fsync for each of a toolchain's 12,000 files takes longer than the install. */
async function syncTree(path: string, { run, env }: Pick<Host, "run" | "env">): Promise<void> {
  const result = await run("sync", ["-f", path], { env, cwd: "/", timeoutMs: SYNC_TIMEOUT_MS }).catch(
    (error: unknown) => {
      if (hasErrno(error, "ENOENT")) return null;
      throw error;
    },
  );
  if (result === null) return syncEachFile(path);
  if (result.code === 0) return;
  throw new GoferryError("IO_FAILED", {
    subject: path,
    message: "the system could not write everything to the medium",
    found: result.stderr.trim() || `sync ended by ${result.ended}, code ${result.code}`,
    next: OTHER[1],
  });
}

/** For systems without a `sync` program, such as small container images. Slow, and right. */
async function syncEachFile(path: string): Promise<void> {
  for (const entry of await fsp.readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncEachFile(join(path, entry.name));
    else if (entry.isFile()) await syncPath(join(path, entry.name), constants.O_RDONLY);
  }
  await syncPath(path, constants.O_RDONLY | constants.O_DIRECTORY);
}
