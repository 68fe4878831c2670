// The file system as the installer uses it: a small interface, one call of it about one system call, and the few
// compound operations built on it. It is passed in, for two reasons. Tests break it at every single call, by an
// error and by "the machine stopped here"; and a system with other rules (no links, no fsync of folders) is
// another implementation, not a branch in every caller. `nodeFs` in node-fs.ts is the real one.
//
// Calls answer with values where absence or presence is a normal outcome, and throw a GoferryError otherwise.

import { basename, dirname, join } from "node:path";
import { GoferryError } from "@goferry/core";

export type EntryKind = "file" | "folder" | "link" | "other";

export interface FileStatus {
  kind: EntryKind;
  /** Permission bits only, such as 0o644. */
  mode: number;
  /** Bytes. */
  size: number;
  /** Last change of the content, in milliseconds since 1970. */
  modified: number;
  uid: number;
  gid: number;
}

export interface FolderEntry {
  name: string;
  kind: EntryKind;
}

/** Free space of a file system; `freeFiles` is null where it does not count inodes. */
export interface FileSystemStatus {
  freeBytes: number;
  freeFiles: number | null;
  /** The magic number of its type (statfs(2)), such as 0x6969 for NFS. */
  type: number;
}

export interface FileMode {
  /** Permission bits, set whatever the umask is. */
  mode: number;
  /** Given when the file takes the place of one that belongs to somebody. */
  owner?: { uid: number; gid: number };
}

/**
 * What the installer does to a file system. Throws DISK_FULL, PERMISSION_DENIED, READ_ONLY or IO_FAILED, with the
 * path as subject and the system's error as cause.
 */
export interface HostFs {
  /** The entry itself, links not followed; null when there is none. */
  lstat(path: string): Promise<FileStatus | null>;
  readFile(path: string): Promise<Uint8Array | null>;
  readLink(path: string): Promise<string>;
  /**
   * Entries sorted by name; none for what is not there or no folder. As the folder tells them, so that a large tree costs no look at
   * each file: what stands for a link on Windows is a file here, and `lstat` knows.
   */
  list(path: string): Promise<FolderEntry[]>;

  /** False when the path exists already. The mode holds whatever the umask is. */
  mkdir(path: string, mode: number): Promise<boolean>;
  /** Makes a file that must not exist (O_EXCL, so a planted link is not followed). */
  createFile(path: string, bytes: Uint8Array, mode: FileMode): Promise<void>;
  appendFile(path: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file; false when `to` exists. */
  link(from: string, to: string): Promise<boolean>;
  symlink(target: string, path: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  /** False when there was nothing. */
  unlink(path: string): Promise<boolean>;
  /** False when the folder is not empty or not there. */
  rmdir(path: string): Promise<boolean>;

  /** Makes a file's content durable. */
  syncFile(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
  /**
   * Makes everything durable that was written below `path`.
   * @param synced folders below it whose files need no more: who wrote them has synced each (`syncsEachFile`)
   */
  syncTree(path: string, synced?: readonly string[]): Promise<void>;
  /** Whether files are made durable one by one, so that who writes thousands should do it before closing each. */
  readonly syncsEachFile: boolean;
}

/** Replaces a file durably: readers, and a power cut, see the old bytes or the new ones. */
export async function writeFileAtomic(
  fs: HostFs,
  path: string,
  bytes: Uint8Array,
  mode: FileMode,
): Promise<void> {
  await replaceByRename(fs, path, async (beside) => {
    await fs.createFile(beside, bytes, mode);
    await fs.syncFile(beside);
  });
}

/** Points a symlink somewhere else in one step; whatever file was there is replaced. */
export async function replaceLink(fs: HostFs, path: string, target: string): Promise<void> {
  await replaceByRename(fs, path, (beside) => fs.symlink(target, beside));
}

/** The name under which a new version waits beside `path`. Recovery removes it after a crash. */
export function nameBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.goferry-new`);
}

/** Makes a folder and the parents it lacks, mode 0755; returns those it made, outermost first. */
export async function makeFolders(fs: HostFs, path: string): Promise<string[]> {
  if ((await fs.lstat(path)) !== null) return [];
  const above = dirname(path) === path ? [] : await makeFolders(fs, dirname(path));
  return (await fs.mkdir(path, 0o755)) ? [...above, path] : above;
}

/** Removes a file, or a folder with all below it, read-only folders (Go's module cache has them) too. */
export async function removeTree(fs: HostFs, path: string): Promise<void> {
  const status = await fs.lstat(path);
  if (status === null) return;
  if (status.kind === "folder") await removeFolder(fs, path);
  else await fs.unlink(path);
}

/** True when `path` lies below `folder`. Both absolute and normalized. */
export function isBelow(folder: string, path: string): boolean {
  return path !== folder && path.startsWith(join(folder, "/"));
}

async function replaceByRename(
  fs: HostFs,
  path: string,
  make: (beside: string) => Promise<void>,
): Promise<void> {
  const beside = nameBeside(path);
  await fs.unlink(beside);
  try {
    await make(beside);
    await fs.rename(beside, path);
  } catch (error) {
    // The first error is the one to report; what cannot be removed now, recovery removes.
    await fs.unlink(beside).catch(() => false);
    throw error;
  }
  await fs.syncFolder(dirname(path));
}

async function removeFolder(fs: HostFs, path: string): Promise<void> {
  const status = await fs.lstat(path);
  if (status !== null && (status.mode & 0o700) !== 0o700) await fs.chmod(path, 0o700);
  for (const { name, kind } of await fs.list(path)) {
    const entry = join(path, name);
    await (kind === "folder" ? removeFolder(fs, entry) : fs.unlink(entry));
  }
  if (await fs.rmdir(path)) return;
  if ((await fs.lstat(path)) === null) return;
  throw new GoferryError("IO_FAILED", {
    subject: path,
    message: "the folder filled up again while it was being removed",
    next: "stop what writes into it, then run the command again",
  });
}
