// A model of a disk from the files of a folder, and back: what a machine finds after a power cut, as real files.

import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Inode, Medium } from "./disk.ts";

/** Hard links become files of their own. */
export async function mediumOf(folder: string): Promise<Medium> {
  const medium: Medium = new Map();
  const add = async (path: string): Promise<number> => {
    const status = await lstat(path);
    const mode = status.mode & 0o7777;
    const number = medium.size;
    if (status.isDirectory()) {
      const names = new Map<string, number>();
      medium.set(number, { kind: "folder", mode, names });
      for (const name of await readdir(path)) names.set(name, await add(join(path, name)));
    } else if (status.isSymbolicLink()) {
      medium.set(number, { kind: "link", target: await readlink(path) });
    } else {
      medium.set(number, { kind: "file", mode, bytes: await readFile(path) });
    }
    return number;
  };
  await add(folder);
  return medium;
}

/** Makes the folder anew. */
export async function writeMedium(medium: Medium, folder: string): Promise<void> {
  const write = async (path: string, inode: Inode | undefined): Promise<void> => {
    if (inode?.kind === "file") await writeFile(path, inode.bytes, { mode: inode.mode });
    if (inode?.kind === "link") await symlink(inode.target, path);
    if (inode?.kind !== "folder") return;
    await mkdir(path, { mode: inode.mode });
    for (const [name, number] of inode.names) await write(join(path, name), medium.get(number));
  };
  await rm(folder, { recursive: true, force: true });
  await write(folder, medium.get(0));
}

/** The same text for what nobody could tell apart: the paths with what they are. */
export function textOf(medium: Medium): string {
  const lines: string[] = [];
  const visit = (path: string, inode: Inode | undefined): void => {
    if (inode?.kind === "file") lines.push(`${path} ${inode.mode} ${inode.bytes.toString("base64")}`);
    if (inode?.kind === "link") lines.push(`${path} -> ${inode.target}`);
    if (inode?.kind !== "folder") return;
    lines.push(`${path}/ ${inode.mode}`);
    for (const name of [...inode.names.keys()].toSorted())
      visit(`${path}/${name}`, medium.get(inode.names.get(name) ?? -1));
  };
  visit("", medium.get(0));
  return lines.join("\n");
}
