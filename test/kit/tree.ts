// Everything below a folder as one comparable record, for tests that say that nothing changed. Contents are told by
// hash, or, where the question is whether somebody touched a file at all, by what only the system can set: inode and
// the time of the last change of status. That also is the only quick way for a GOROOT's 12,000 files.

import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** What each path is, by its name below the folder ("" is the folder itself); empty where there is no such folder. */
export type Tree = Record<string, string>;

/** Kinds, modes, link targets and the hashes of contents. */
export async function treeContents(folder: string): Promise<Tree> {
  return await walk(folder, async (path, { mode, kind, target }) => {
    const content =
      kind === "file"
        ? createHash("sha256")
            .update(await readFile(path))
            .digest("hex")
        : target;
    return `${kind} ${mode.toString(8)} ${content}`;
  });
}

/**
 * Kinds, modes, link targets, sizes, times and inodes: equal only if nobody has written, renamed or replaced anything.
 * @param except names of folders whose own times do not count, such as "state", where a lock comes and goes; or all
 * folders, where things may have come and gone
 */
export async function treeStamps(folder: string, except: readonly string[] | "folders" = []): Promise<Tree> {
  return await walk(folder, async (_, { name, mode, kind, target, size, times, inode }) => {
    const isExcepted = except === "folders" ? kind === "folder" : except.includes(name);
    const stamp = isExcepted ? "" : `${size} ${times}`;
    return await Promise.resolve(`${kind} ${mode.toString(8)} ${inode} ${target} ${stamp}`);
  });
}

/**
 * Without what every command leaves in a root that may change it, also one that finds nothing to do: its log, and a line of
 * the audit log when it fails.
 */
export function withoutTraces(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([name]) => !TRACES.test(name)));
}

const TRACES = /(?:^|\/)state\/(?:logs(?:\/.*)?|audit\.jsonl)$/u;

/** The names whose entries differ, or that only one of the two has. */
export function treeDifference(before: Tree, after: Tree): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).toSorted((a, b) => (a < b ? -1 : 1));
}

interface Entry {
  name: string;
  kind: "file" | "folder" | "link" | "other";
  mode: number;
  size: number;
  inode: bigint;
  /** Last change of content and of status, ns since 1970. */
  times: string;
  /** Of a link. */
  target: string;
}

async function walk(
  folder: string,
  describe: (path: string, entry: Entry) => Promise<string>,
): Promise<Tree> {
  const found: Tree = {};
  const visit = async (name: string): Promise<void> => {
    const path = join(folder, name);
    const status = await lstat(path, { bigint: true });
    const kind = status.isFile()
      ? "file"
      : status.isDirectory()
        ? "folder"
        : status.isSymbolicLink()
          ? "link"
          : "other";
    found[name] = await describe(path, {
      name,
      kind,
      mode: Number(status.mode & 0o7777n),
      size: Number(status.size),
      inode: status.ino,
      times: `${status.mtimeNs} ${status.ctimeNs}`,
      target: kind === "link" ? await readlink(path) : "",
    });
    if (kind === "folder") for (const below of await readdir(path)) await visit(join(name, below));
  };
  await visit("").catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  });
  return found;
}
