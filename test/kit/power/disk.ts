// A disk, and what is on it after the power was cut: a model, on which recorded system calls are replayed.
//
// What the kernel shows is one thing, what the medium holds another. A call changes the first at once; the second changes
// when somebody syncs, or when it pleases the system. So each call leaves pending changes of two kinds:
//
// - of an inode: its bytes, or its mode;
// - of names: the entries of folders. A rename is ONE change of two names: every file system of Linux that has a journal,
//   and btrfs and f2fs, makes it so. ext2 and FAT do not; FAT has no links either, and so no root.
//
// What makes pending changes durable:
//
// - fsync of a file: its bytes and its mode. NOT its name: POSIX promises no more, though ext4 does more.
// - fsync of a folder: the changes of names in it, and a rename if the folder is where it leads to. Not one that only
//   leads out of it.
// - syncfs: everything on that file system. The home counts as another one than the root.
//
// After the cut the medium holds all that is durable, and of the rest what its "survival" says:
//
// - "none": nothing. A file whose name was synced and whose bytes were not is there, and empty.
// - "names": all names and no bytes: rename before data. So does ext4 with delayed allocation, which writes its journal
//   every five seconds and data later.
// - "journal": names up to some moment in the order of the calls, and the bytes of some files. So does ext4, too, whose
//   journal is one sequence.
// - "some": any of them: worse than the file systems in use. An entry of a folder may be lost while a later one of another
//   folder is there, which is what a reordered sequence looks like when it is cut.
//
// Bytes that were not synced are lost, whole, cut off, or zeros in the right length (XFS; ext4 with data=writeback). What
// lies in a folder whose own name was lost cannot be reached. Of two changes of the same entry the later one is not there
// without the earlier. A mode that was not synced may be the one of open(2).
//
// What the model does not do: tear what was synced, and media that lie about a sync.

import { basename, dirname } from "node:path";
import type { RootCall } from "../kill/root-calls.ts";
import type { Random } from "../mutations.ts";

export const SURVIVALS = ["none", "names", "journal", "some"] as const;

export type Survival = (typeof SURVIVALS)[number];

/** What a path is: folders by their inode, because files in them come and go. */
export type Inode =
  | { kind: "file"; bytes: Buffer; mode: number }
  | { kind: "link"; target: string }
  | { kind: "folder"; mode: number; names: Map<string, number> };

/** Inodes by number. The first, 0, is the folder that everything is below. */
export type Medium = Map<number, Inode>;

type Pending =
  | { kind: "bytes"; inode: number; bytes: Buffer }
  | { kind: "mode"; inode: number; mode: number }
  | { kind: "names"; entries: readonly Entry[]; syncedBy: number };

/** `inode` is null for a name that goes. */
interface Entry {
  folder: number;
  name: string;
  inode: number | null;
}

export interface DiskOptions {
  /** Absolute; all that is kept is below. */
  top: string;
  /** Absolute; what is below it lies on a file system of its own. */
  apart: string;
}

export class Disk {
  readonly #options: DiskOptions;
  /** What the kernel shows. */
  readonly #shown: Medium;
  readonly #durable: Medium;
  /** Inodes of the other file system. */
  readonly #apart = new Set<number>();
  #pending: Pending[] = [];
  #next: number;

  constructor(medium: Medium, options: DiskOptions) {
    this.#options = options;
    this.#shown = copyOf(medium);
    this.#durable = copyOf(medium);
    this.#next = Math.max(...medium.keys()) + 1;
    const apart = this.#lookup(options.apart);
    if (apart !== undefined) this.#setApart(apart);
  }

  apply({ path, change }: RootCall): void {
    switch (change.kind) {
      case "create":
      case "truncate":
        return this.#open(path, change.mode, change.kind);
      case "write":
        return this.#write(this.#find(path), change);
      case "mode":
        return this.#setMode(this.#find(path), change.mode);
      case "mkdir":
        return this.#add(path, { kind: "folder", mode: change.mode, names: new Map() });
      case "symlink":
        return this.#add(path, { kind: "link", target: change.target });
      case "unlink":
      case "rmdir":
        return this.#names([this.#entry(path, null)]);
      case "link":
        return this.#names([this.#entry(path, this.#find(change.from))]);
      case "rename":
        return this.#rename(change.from, path);
      case "sync":
        return this.#sync(this.#find(path));
      case "sync-all":
        return this.#settle((each) => !this.#apart.has(each.kind === "names" ? each.syncedBy : each.inode));
    }
  }

  /** What a machine finds when it starts again. */
  cut(survival: Survival, random: Random): Medium {
    const medium = copyOf(this.#durable);
    const pending = this.#pending;
    const names = pending.flatMap((each, index) => (each.kind === "names" ? [index] : []));
    const moment = random(pending.length + 1);
    const share = random(101);
    const isLucky = (): boolean => random(100) < share;
    const survives = (index: number): boolean => {
      if (survival === "journal") return index < moment;
      return survival === "names" || (survival === "some" && isLucky());
    };
    for (const index of this.#withEarlier(names.filter(survives))) makeDurable(medium, pending[index]);
    for (const [index, each] of pending.entries()) {
      if (each.kind === "mode" && survives(index)) makeDurable(medium, each);
      if (each.kind === "bytes" && (survival === "journal" || survival === "some") && isLucky())
        makeDurable(medium, { ...each, bytes: damaged(each.bytes, this.#durable.get(each.inode), random) });
    }
    return medium;
  }

  #open(path: string, mode: number, kind: "create" | "truncate"): void {
    const there = this.#lookup(path);
    if (there === undefined) this.#add(path, { kind: "file", bytes: Buffer.of(), mode });
    else if (kind === "truncate") this.#setBytes(there, Buffer.of());
  }

  /** Where no offset is given, behind what is there: nothing else is done by goferry. */
  #write(inode: number, { bytes, offset }: { bytes: Buffer; offset: number | undefined }): void {
    const file = this.#shown.get(inode);
    if (file?.kind !== "file") throw new Error(`a write into what is ${file?.kind ?? "not there"}`);
    const start = offset ?? file.bytes.length;
    const end = Math.max(file.bytes.length, start + bytes.length);
    const whole = Buffer.alloc(end);
    file.bytes.copy(whole);
    bytes.copy(whole, start);
    this.#setBytes(inode, whole);
  }

  #setBytes(inode: number, bytes: Buffer): void {
    this.#do({ kind: "bytes", inode, bytes });
  }

  #setMode(inode: number, mode: number): void {
    this.#do({ kind: "mode", inode, mode });
  }

  #add(path: string, made: Inode): void {
    const inode = this.#next++;
    this.#shown.set(inode, made);
    // An inode that no name leads to cannot be seen.
    this.#durable.set(inode, copyOfInode(made));
    if (`${path}/`.startsWith(`${this.#options.apart}/`)) this.#apart.add(inode);
    this.#names([this.#entry(path, inode)]);
  }

  #setApart(inode: number): void {
    this.#apart.add(inode);
    const there = this.#shown.get(inode);
    if (there?.kind === "folder") for (const below of there.names.values()) this.#setApart(below);
  }

  #rename(from: string, to: string): void {
    const inode = this.#find(from);
    // Two names of one file: rename(2) does nothing.
    if (this.#lookup(to) === inode) return;
    this.#names([this.#entry(to, inode), this.#entry(from, null)]);
  }

  /** The first entry is that which the change leads to. */
  #names(entries: readonly Entry[]): void {
    this.#do({ kind: "names", entries, syncedBy: entries[0]?.folder ?? 0 });
  }

  #do(change: Pending): void {
    makeDurable(this.#shown, change);
    this.#pending.push(change);
  }

  #sync(inode: number): void {
    const isFolder = this.#shown.get(inode)?.kind === "folder";
    this.#settle((each) =>
      each.kind === "names" ? isFolder && each.syncedBy === inode : each.inode === inode,
    );
  }

  #settle(isSynced: (change: Pending) => boolean): void {
    const synced = this.#pending.flatMap((each, index) => (isSynced(each) ? [index] : []));
    const indexes = new Set(this.#withEarlier(synced));
    for (const [index, each] of this.#pending.entries())
      if (indexes.has(index)) makeDurable(this.#durable, each);
    this.#pending = this.#pending.filter((_, index) => !indexes.has(index));
  }

  /** With the earlier changes of the same entries, and of those. In their order. */
  #withEarlier(indexes: readonly number[]): number[] {
    const all = new Set<number>();
    const keys = new Set<string>();
    const wanted = new Set(indexes);
    for (let index = this.#pending.length - 1; index >= 0; index--) {
      const each = this.#pending[index];
      if (each === undefined) continue;
      const own = each.kind === "names" ? each.entries.map(({ folder, name }) => `${folder}/${name}`) : [];
      if (!wanted.has(index) && !own.some((key) => keys.has(key))) continue;
      all.add(index);
      for (const key of own) keys.add(key);
    }
    return [...all].toSorted((a, b) => a - b);
  }

  #entry(path: string, inode: number | null): Entry {
    return { folder: this.#find(dirname(path)), name: basename(path), inode };
  }

  #find(path: string): number {
    const inode = this.#lookup(path);
    if (inode === undefined) throw new Error(`the recorded calls know ${path}, the disk does not`);
    return inode;
  }

  #lookup(path: string): number | undefined {
    let inode: number | undefined = 0;
    for (const name of path.slice(this.#options.top.length).split("/")) {
      if (name === "") continue;
      const folder: Inode | undefined = inode === undefined ? undefined : this.#shown.get(inode);
      inode = folder?.kind === "folder" ? folder.names.get(name) : undefined;
    }
    return inode;
  }
}

function makeDurable(medium: Medium, change: Pending | undefined): void {
  if (change === undefined) return;
  if (change.kind === "names") {
    for (const { folder, name, inode } of change.entries) {
      const there = medium.get(folder);
      if (there?.kind !== "folder") continue;
      if (inode === null) there.names.delete(name);
      else there.names.set(name, inode);
    }
    return;
  }
  const inode = medium.get(change.inode);
  if (change.kind === "bytes" && inode?.kind === "file") inode.bytes = change.bytes;
  if (change.kind === "mode" && inode !== undefined && inode.kind !== "link") inode.mode = change.mode;
}

/** What may be there of bytes that were not synced. What is before them was, and stays. */
function damaged(bytes: Buffer, durable: Inode | undefined, random: Random): Buffer {
  const before = durable?.kind === "file" ? durable.bytes : Buffer.of();
  const start = bytes.subarray(0, before.length).equals(before) ? before.length : 0;
  const end = start + random(bytes.length - start + 1);
  switch (random(4)) {
    case 0:
      return bytes.subarray(0, end);
    case 1:
      return Buffer.concat([bytes.subarray(0, end), Buffer.alloc(bytes.length - end)]);
    default:
      return bytes;
  }
}

function copyOf(medium: Medium): Medium {
  return new Map([...medium].map(([inode, each]) => [inode, copyOfInode(each)]));
}

function copyOfInode(inode: Inode): Inode {
  return inode.kind === "folder" ? { ...inode, names: new Map(inode.names) } : { ...inode };
}
