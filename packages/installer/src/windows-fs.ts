// HostFs on Windows, over that of node:fs. What is different there:
// - Links need a privilege, so they are files that say where they lead (launch-link.ts).
// - Files have no mode and no owner that uid and gid could name; rights are inherited from the folder. Every file looks
//   as if it had the mode that goferry gives to all of its files, and setting one does nothing.
// - A folder cannot be synced, and need not be: NTFS journals names by itself. A file can, by who may write it.
// - What another process has open can often be neither renamed nor removed, and sometimes not read. Scanners let go within seconds, so these
//   calls are tried again for half a minute; after that the error names who holds the file.

import { constants } from "node:fs";
import * as fsp from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GoferryError } from "@goferry/core";
import type { FileStatus, HostFs } from "./fs.ts";
import { linkFile, linkTarget, mayBeLink } from "./launch-link.ts";
import { hasErrno, ioError } from "./node-fs.ts";

export interface WindowsFsOptions {
  /** That of node:fs. */
  posix: HostFs;
  /** The program that stands for links to programs; undefined where there is none: then no such link can be made. */
  launcher: Uint8Array | undefined;
  /** Who has a file open, for a person: "go.exe (pid 4711)". Empty where nobody can tell. */
  holders(path: string): Promise<string[]>;
  /** Milliseconds until a file that is in use counts as lost. */
  patienceMs?: number;
}

/** How long a call is tried again that fails because somebody has the file open. */
const PATIENCE_MS = 30_000;
const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 2_000;

/** Files that are synced at once, where each must be synced by itself. */
const SYNCED_AT_ONCE = 16;

export function windowsFs(options: WindowsFsOptions): HostFs {
  const { posix, launcher } = options;
  const lstat = async (path: string): Promise<FileStatus | null> => {
    const status = await posix.lstat(path);
    if (status === null) return null;
    const { kind } = status;
    const isLink = kind === "file" && (await targetOf(options, path, status)) !== null;
    const mode = kind === "folder" ? 0o755 : 0o644;
    return { ...status, kind: isLink ? "link" : kind, mode, uid: 0, gid: 0 };
  };
  return {
    ...posix,
    lstat,
    readFile: (path) => patiently(options, [path], () => posix.readFile(path)),
    readLink: async (path) =>
      (await targetOf(options, path, await posix.lstat(path))) ?? posix.readLink(path),
    mkdir: (path, mode) => posix.mkdir(path, mode),
    createFile: (path, bytes, mode) => posix.createFile(path, bytes, { mode: mode.mode }),
    rename: (from, to) => patiently(options, [to, from], () => posix.rename(from, to)),
    async symlink(target, path) {
      const bytes = linkFile(target, launcher);
      if (bytes === undefined) throw noLauncher(path);
      await posix.createFile(path, bytes, { mode: 0o644 });
    },
    chmod: async () => Promise.resolve(),
    unlink: (path) => patiently(options, [path], () => posix.unlink(path)),
    rmdir: (path) => patiently(options, [path], () => posix.rmdir(path)),
    syncFile: (path) => syncFile(path),
    syncFolder: async () => Promise.resolve(),
    syncTree: (path, synced) => syncTree(path, synced),
    syncsEachFile: true,
  };
}

async function targetOf(
  options: WindowsFsOptions,
  path: string,
  status: FileStatus | null,
): Promise<string | null> {
  const { posix, launcher } = options;
  if (status?.kind !== "file" || !mayBeLink(status.size, launcher)) return null;
  const bytes = await patiently(options, [path], () => posix.readFile(path));
  return bytes === null ? null : linkTarget(bytes, launcher);
}

/** ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION, as Node calls them. */
const IN_USE = ["EPERM", "EACCES", "EBUSY"];

/** @param paths one of which must be in use if the call fails */
async function patiently<T>(
  { holders, patienceMs = PATIENCE_MS }: WindowsFsOptions,
  paths: readonly string[],
  call: () => Promise<T>,
): Promise<T> {
  const end = performance.now() + patienceMs;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return await call();
    } catch (error) {
      if (!IN_USE.some((errno) => hasErrno(error, errno))) throw error;
      if (performance.now() + wait > end) throw await inUse(error, paths, holders);
    }
    await sleep(wait);
  }
}

async function inUse(
  cause: unknown,
  paths: readonly string[],
  holders: WindowsFsOptions["holders"],
): Promise<GoferryError> {
  for (const path of paths) {
    const found = await holders(path).catch(() => []);
    if (found.length === 0) continue;
    return new GoferryError("FILE_IN_USE", {
      subject: path,
      message: `${path} is in use and cannot be changed`,
      expected: "a file that nobody has open",
      found: found.join(", "),
      next: "end that program, then run the command again",
      cause,
    });
  }
  const [path = ""] = paths;
  return new GoferryError("FILE_IN_USE", {
    subject: path,
    message: `${path} cannot be changed: another program has it open, or this user may not`,
    expected: "a file that nobody has open",
    found: cause instanceof GoferryError ? cause.found : String(cause),
    next: "end the builds, editors and scanners that use this root, or run the command as administrator; then again",
    cause,
  });
}

function noLauncher(path: string): GoferryError {
  return new GoferryError("IO_FAILED", {
    subject: path,
    message: "this goferry has no launcher in it, without which there is no go.exe in bin",
    expected: "goferry-windows-amd64.exe as it is released",
    found: "goferry from source",
    next: "use goferry-windows-amd64.exe: pnpm executables windows-amd64 makes it",
  });
}

/** FlushFileBuffers asks for the right to write. */
async function syncFile(path: string): Promise<void> {
  try {
    await using file = await fsp.open(path, constants.O_RDWR);
    await file.sync();
  } catch (error) {
    throw ioError(error, "sync", path);
  }
}

/** Every file by itself, several at a time: only an administrator could flush a whole volume. A scanner may read each that is opened. */
async function syncTree(path: string, synced: readonly string[] = []): Promise<void> {
  const files: string[] = [];
  await collect(path, { files, synced: new Set(synced) });
  const work = async (): Promise<void> => {
    for (let file = files.pop(); file !== undefined; file = files.pop()) {
      await syncFile(file).catch((error: unknown) => {
        // Go's own files come and go, and what another program holds for itself is none that was written here.
        if (!["ENOENT", ...IN_USE].some((errno) => hasErrno(error, errno))) throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: SYNCED_AT_ONCE }, work));
}

async function collect(
  folder: string,
  sets: { files: string[]; synced: ReadonlySet<string> },
): Promise<void> {
  if (sets.synced.has(folder)) return;
  const entries = await fsp.readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw ioError(error, "list", folder);
  });
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collect(path, sets);
    else if (entry.isFile()) sets.files.push(path);
  }
}
