// Copies a folder of sources. Left out is what Go itself never looks into, the folders of version control (not even
// go:embed may name them), so that a repository's history costs nothing and go asks git nothing. Links are kept
// while they stay within what is copied; a file that a link elsewhere leads to is copied, because Go builds it as any
// other, and a folder elsewhere is left out: it may be anything, a cache of gigabytes or the whole disk.
import {
  constants,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readlink,
  realpath,
  stat,
  symlink,
  chmod,
} from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { Dirent } from "node:fs";
import { diskError } from "../net/disk-error.ts";
import { isDraftOf } from "../output.ts";
import { FILES_AT_ONCE, inParallel } from "../parallel.ts";
import { interrupted } from "./spawn.ts";

export interface CopyTreeOptions {
  /** Absolute folders; `to` is made. */
  from: string;
  to: string;
  /** Absolute folders that are copied along: links into them are kept. */
  reach: readonly string[];
  /** Absolute paths that are left out, with their drafts. */
  exclude?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

/** What go:embed refuses to name (cmd/go/internal/load isBadEmbedName). */
const VERSION_CONTROL = new Set([".bzr", ".git", ".hg", ".svn"]);

/**
 * Copies the tree. `skipped` has the paths, relative to `from`, of links to folders that lead out of reach.
 * @throws DISK_FULL, IO_FAILED, INTERRUPTED
 */
export async function copyTree(options: CopyTreeOptions): Promise<{ skipped: string[] }> {
  const skipped: string[] = [];
  const pending = [""];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (options.signal?.aborted === true) throw interrupted(options.signal, options.from);
    const target = join(options.to, folder);
    try {
      await mkdir(target, { recursive: true });
      const items = await readdir(join(options.from, folder), { withFileTypes: true });
      await inParallel(items, { width: FILES_AT_ONCE }, async (item) => {
        const path = join(folder, item.name);
        if (isLeftOut(path, item, options)) return;
        if (item.isDirectory()) pending.push(path);
        else if (item.isFile()) await copyWritable(join(options.from, path), join(options.to, path));
        else if (item.isSymbolicLink() && !(await copyLink(path, options))) skipped.push(path);
      });
    } catch (error) {
      throw error instanceof Error && "syscall" in error
        ? diskError(error, join(options.from, folder))
        : error;
    }
  }
  return { skipped: skipped.toSorted() };
}

function isLeftOut(path: string, item: Dirent, { from, exclude = [] }: CopyTreeOptions): boolean {
  // In a worktree or a submodule .git is a file.
  return VERSION_CONTROL.has(item.name) || exclude.some((left) => isAt(join(from, path), left));
}

function isAt(path: string, file: string): boolean {
  return path === file || isDraftOf(path, file);
}

/** A file of a module folder may be read-only; go.mod and go.sum of the copy are written. */
async function copyWritable(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const { mode } = await lstat(to);
  if ((mode & 0o200) === 0) await chmod(to, (mode & 0o777) | 0o200);
}

/** Larger than any file of sources; what else links lead to is no part of a build. In bytes. */
const MAX_LINKED_BYTES = 16 << 20;

/** Whether it was kept or needs not be: a link to nothing or to a large file cannot be part of a build. */
async function copyLink(path: string, { from, to, reach }: CopyTreeOptions): Promise<boolean> {
  const link = join(from, path);
  const target = resolve(dirname(link), await readlink(link));
  const real = await realpath(link).catch(() => undefined);
  if (real === undefined) return true;
  if (reach.some((folder) => isWithin(target, folder) && isWithin(real, folder))) {
    await symlink(relative(dirname(link), target), join(to, path));
    return true;
  }
  const status = await stat(real);
  if (status.isFile() && status.size <= MAX_LINKED_BYTES) await copyWritable(real, join(to, path));
  return !status.isDirectory();
}

/** Whether `path` is `folder` or lies in it; both are absolute and normal. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
