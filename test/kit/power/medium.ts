// A model of a disk from the files of a folder, and back: what a machine finds after a power cut, as real files.
// Synchronous, because it is done thousands of times with a hundred small files.

import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Inode, Medium } from "./disk.ts";

/** Hard links become files of their own. */
export function mediumOf(folder: string): Medium {
  const medium: Medium = new Map();
  const add = (path: string): number => {
    const status = lstatSync(path);
    const mode = status.mode & 0o7777;
    const number = medium.size;
    if (status.isDirectory()) {
      const names = new Map<string, number>();
      medium.set(number, { kind: "folder", mode, names });
      for (const name of readdirSync(path)) names.set(name, add(join(path, name)));
    } else if (status.isSymbolicLink()) {
      medium.set(number, { kind: "link", target: readlinkSync(path) });
    } else {
      medium.set(number, { kind: "file", mode, bytes: readFileSync(path) });
    }
    return number;
  };
  add(folder);
  return medium;
}

/** Makes the folder anew. */
export function writeMedium(medium: Medium, folder: string): void {
  const write = (path: string, inode: Inode | undefined): void => {
    if (inode?.kind === "file") writeFileSync(path, inode.bytes, { mode: inode.mode });
    if (inode?.kind === "link") symlinkSync(inode.target, path);
    if (inode?.kind !== "folder") return;
    mkdirSync(path, { mode: inode.mode });
    for (const [name, number] of inode.names) write(join(path, name), medium.get(number));
  };
  rmSync(folder, { recursive: true, force: true });
  write(folder, medium.get(0));
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
