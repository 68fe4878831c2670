// Compares files of a root with their sums in state/units/. Synchronous, because it runs in a worker thread of its own:
// one system call after the other is the fastest way through 70,000 small files. Takes the memory of one unit's list.

import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  type Dirent,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { fileMode, hashLines, toolchainTreeName } from "@goferry/core";
import { hasErrno, ioError } from "../node-fs.ts";
import { parseSums, type WriteTimes } from "../plan/unit-files.ts";
import {
  changed,
  extra,
  folderModeDifferences,
  missing,
  modeText,
  ownerDifferences,
  type Difference,
  type Place,
} from "./difference.ts";

/** quick: kinds, modes, owners, sizes and times. full: every byte too. */
export type Depth = "quick" | "full";

export interface TreeJob {
  /** Absolute paths of .sums files; more than one only where several bundles can have brought the same file. */
  sums: readonly string[];
  /** `path@version`; null for what belongs to no unit. */
  unit: string | null;
  /** That the lines must have; null where nothing vouches for them but the .sums file itself. */
  h1: string | null;
  /** Absolute folder that the names are below, once their prefix is off. */
  folder: string;
  /** What stands before every name of the lines. */
  prefix: string;
  /** sdk: of a GOROOT, with executables. tree: of a module. files: some of the files in the folder. */
  form: "sdk" | "tree" | "files";
  /** Names in the folder that are looked at elsewhere. */
  except: readonly string[];
  /** Who may own the files. */
  owners: readonly number[];
  /** Whether files have modes here. */
  modes: boolean;
  depth: Depth;
}

export interface TreeChecked {
  differences: Difference[];
  /** Files that were compared, and bytes that were read. */
  files: number;
  bytes: number;
  /** In a full check: files of the right content with another time than theirs, which a quick check names. */
  times: TimeDrift[];
}

export interface TimeDrift {
  difference: Difference;
  /** A time that the file can have been written at, in ms since 1970. */
  written: number;
}

/** @throws IO_FAILED, PERMISSION_DENIED for a file that cannot be read: whether it is right is not known then */
export function checkTree(job: TreeJob): TreeChecked {
  return new TreeCheck(job).run();
}

interface Expected {
  sha256: string;
  size: number;
  /** When it can have been written: by one of the installations that brought it. */
  times: WriteTimes[];
}

const READ_BYTES = 1 << 18;
/** Who may execute it, who but the owner may write it, and whose rights it runs with. */
const MODE_MASK = 0o7133;

const buffer = Buffer.allocUnsafeSlow(READ_BYTES);

class TreeCheck {
  readonly #job: TreeJob;
  readonly #differences: Difference[] = [];
  #files = 0;
  #bytes = 0;
  readonly #times: TimeDrift[] = [];

  constructor(job: TreeJob) {
    this.#job = job;
  }

  run(): TreeChecked {
    const { form, folder } = this.#job;
    const expected = new Map<string, Expected>();
    let isKnown = false;
    for (const path of this.#job.sums) isKnown = this.#readSums(path, expected) || isKnown;
    if (isKnown) {
      if (form === "files") this.#checkFiles(expected);
      else this.#checkFolder(folder, expected);
    }
    return {
      differences: this.#differences,
      files: this.#files,
      bytes: this.#bytes,
      times: this.#times,
    };
  }

  /** False, and a difference, if they are not what was proven. */
  #readSums(path: string, expected: Map<string, Expected>): boolean {
    const { h1, form, prefix, unit } = this.#job;
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if (!hasErrno(error, "ENOENT")) throw ioError(error, "read", path);
      this.#differences.push(missing({ path, unit }, "the hashes of what was installed"));
      return false;
    }
    const sums = parseSums(text);
    const found = sums === null ? "another form" : hashLines(sums.lines);
    if (sums === null || (h1 !== null && found !== h1)) {
      this.#differences.push(
        changed({ path, unit }, "content", { expected: h1 ?? "lines of hashes", found }),
      );
      return false;
    }
    const times = [{ from: sums.from, to: sums.to }];
    for (const [i, line] of sums.lines.split("\n").slice(0, -1).entries()) {
      const plain = line.slice(66 + prefix.length);
      const name = form === "sdk" ? toolchainTreeName(plain) : plain;
      const known = expected.get(name);
      if (known !== undefined) known.times = [...known.times, ...times];
      else expected.set(name, { sha256: line.slice(0, 64), size: sums.sizes[i] ?? 0, times });
    }
    return true;
  }

  #checkFiles(expected: ReadonlyMap<string, Expected>): void {
    for (const [name, each] of expected) {
      const path = join(this.#job.folder, name);
      const status = this.#look(path);
      const mode = name.startsWith("bin/") ? 0o755 : 0o644;
      if (status === null) this.#add(missing(this.#place(path), modeText(mode)));
      else this.#checkFile(path, status, { ...each, mode });
    }
  }

  #checkFolder(folder: string, expected: Map<string, Expected>): void {
    const status = this.#look(folder);
    if (status === null) {
      this.#add(missing(this.#place(folder), `a folder with ${expected.size} files`));
    } else if (!status.isDirectory()) {
      this.#add(changed(this.#place(folder), "kind", { expected: "a folder", found: entryText(status) }));
    } else {
      const folders = foldersOf(expected.keys());
      const rest = new Map(expected);
      for (const name of this.#job.except) rest.delete(name);
      this.#walk("", { rest, folders });
      for (const name of rest.keys())
        this.#add(missing(this.#place(join(folder, name)), modeText(this.#modeOf(name))));
    }
  }

  #walk(inside: string, at: { rest: Map<string, Expected>; folders: ReadonlySet<string> }): void {
    const folder = join(this.#job.folder, inside);
    this.#checkOwner(folder, this.#look(folder));
    for (const entry of this.#list(folder)) {
      const name = inside === "" ? entry.name : `${inside}/${entry.name}`;
      const path = join(this.#job.folder, name);
      if (this.#job.except.includes(name)) continue;
      const expected = at.rest.get(name);
      at.rest.delete(name);
      if (entry.isDirectory() && at.folders.has(name)) this.#walk(name, at);
      else if (expected === undefined) this.#add(extra(this.#place(path), entryText(entry)));
      else this.#checkKnown(path, { ...expected, mode: this.#modeOf(name) });
    }
  }

  #checkKnown(path: string, expected: Expected & { mode: number }): void {
    const status = this.#look(path);
    if (status === null) this.#add(missing(this.#place(path), modeText(expected.mode)));
    else this.#checkFile(path, status, expected);
  }

  #checkFile(path: string, status: Stats, expected: Expected & { mode: number }): void {
    const { sha256, size, mode } = expected;
    const place = this.#place(path);
    this.#files += 1;
    if (!status.isFile()) {
      this.#add(changed(place, "kind", { expected: "a file", found: entryText(status) }));
      return;
    }
    this.#checkOwner(path, status);
    if (this.#job.modes && (status.mode & MODE_MASK) !== (mode & MODE_MASK))
      this.#add(changed(place, "mode", { expected: modeText(mode), found: modeText(status.mode) }));
    if (status.size !== size) {
      this.#add(changed(place, "size", { expected: `${size} bytes`, found: `${status.size} bytes` }));
    } else if (this.#job.depth === "full") {
      const found = this.#hash(path);
      if (found !== sha256) this.#add(changed(place, "content", { expected: sha256, found }));
      else this.#times.push(...timeDrift(place, status, expected));
    } else this.#differences.push(...timeDrift(place, status, expected).map(({ difference }) => difference));
  }

  #checkOwner(path: string, status: Stats | null): void {
    const { owners, modes } = this.#job;
    if (status === null) return;
    const place = this.#place(path);
    this.#differences.push(...ownerDifferences(place, { owners, uid: status.uid }));
    if (modes && status.isDirectory()) this.#differences.push(...folderModeDifferences(place, status.mode));
  }

  #hash(path: string): string {
    try {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const sum = createHash("sha256");
        for (;;) {
          const count = readSync(fd, buffer);
          if (count === 0) return sum.digest("hex");
          this.#bytes += count;
          sum.update(buffer.subarray(0, count));
        }
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      throw ioError(error, "read", path);
    }
  }

  #look(path: string): Stats | null {
    try {
      return lstatSync(path);
    } catch (error) {
      if (hasErrno(error, "ENOENT") || hasErrno(error, "ENOTDIR")) return null;
      throw ioError(error, "look at", path);
    }
  }

  #list(folder: string): Dirent[] {
    try {
      return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      throw ioError(error, "list", folder);
    }
  }

  #modeOf(name: string): number {
    return this.#job.form === "sdk" ? fileMode(name) : 0o644;
  }

  #place(path: string): Place {
    return { path, unit: this.#job.unit };
  }

  #add(difference: Difference): void {
    this.#differences.push(difference);
  }
}

/** Every folder that one of the names is in. */
function foldersOf(names: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const name of names) {
    for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1)) {
      const folder = name.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}

/** What it is, for a person. */
function entryText(entry: Pick<Stats, "isFile" | "isDirectory" | "isSymbolicLink">): string {
  if (entry.isFile()) return "a file";
  if (entry.isDirectory()) return "a folder";
  return entry.isSymbolicLink() ? "a link" : "a device, pipe or socket";
}

function timeDrift(place: Place, { mtimeMs }: Stats, { times }: Expected): TimeDrift[] {
  const [first] = times;
  if (first === undefined || times.some(({ from, to }) => mtimeMs >= from && mtimeMs <= to)) return [];
  const { from, to } = first;
  const expected = `written from ${timeText(from)} to ${timeText(to)}`;
  const difference = changed(place, "time", { expected, found: timeText(mtimeMs) });
  return [{ difference, written: (from + to) / 2 }];
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
