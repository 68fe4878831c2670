// Writes the files of a layer below a staging folder as they come out of it. Synchronous on purpose: it runs in a
// worker thread of its own, and one system call after the other is the fastest way through 70,000 small files.

import { closeSync, constants, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  GoferryError,
  modulePlace,
  unitName,
  visibleName,
  zipPrefix,
  type LayerSink,
  type TarEntry,
  type TreeSums,
  type Unit,
} from "@goferry/core";
import { ioError } from "../node-fs.ts";
import { ZipFile } from "./zip-file.ts";

export interface FileSinkOptions {
  /** Absolute folder that the paths of the layer are below. */
  folder: string;
  /** The units whose files come. */
  units: readonly Unit[];
  /** Also rebuild the zip of every module, which `go mod download` needs. */
  zips: boolean;
  /** Make every file of the layer durable before it is closed. A zip is not: it is one file among hundreds. */
  sync: boolean;
}

/**
 * What was written, for state/units/ (plan/unit-files.ts): the tree of a module by its `path@version`, its zip by
 * `path@version.zip`, and the tiles of the checksum database, by TILES. The names of the latter two are paths in the root.
 */
export type KeptSums = Map<string, TreeSums>;

export const TILES = "tiles";

const SUMDB = "mod/cache/download/sumdb/";

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export class FileSink implements LayerSink {
  /** Filled as modules are complete. */
  readonly sums: KeptSums = new Map();
  readonly #folder: string;
  readonly #sync: boolean;
  readonly #zips: Map<string, ZipTarget> | undefined;
  readonly #made = new Set<string>();
  /** The folder of the last file: most often the next one is in it too. */
  #parent = "";
  #entry: TarEntry | undefined;
  #path = "";
  #fd = -1;
  #zip: ZipFile | undefined;
  #zipTree = "";
  /** Of the zip, and its path below the folder. */
  #zipUnit = "";
  #zipPath = "";

  constructor({ folder, units, zips, sync }: FileSinkOptions) {
    this.#folder = folder;
    this.#sync = sync;
    if (zips) this.#zips = new Map(units.flatMap(zipTarget));
  }

  begin(entry: TarEntry): void {
    const { path, size, mode } = entry;
    this.#entry = entry;
    this.#path = join(this.#folder, path);
    const parent = dirname(path);
    if (parent !== this.#parent) this.#enter(parent);
    this.#fd = this.#try(() => openNew(this.#path, path, mode));
    if (this.#zips === undefined) return;
    if (this.#zip === undefined || !path.startsWith(this.#zipTree)) this.#nextZip(path);
    this.#zip?.begin(path.slice(this.#zipTree.length), size);
  }

  data(bytes: Uint8Array): void {
    this.#try(() => writeWhole(this.#fd, bytes));
    this.#zip?.data(bytes);
  }

  end(sha256: string): void {
    const { path, size } = this.#entry ?? { path: "", size: 0 };
    if (path.startsWith(SUMDB)) this.#addSum(TILES, { path, sha256, size });
    if (this.#sync) this.#try(() => fsyncSync(this.#fd));
    const fd = this.#fd;
    this.#fd = -1;
    this.#try(() => closeSync(fd));
    this.#zip?.end();
  }

  module(unit: Unit, tree: TreeSums): void {
    this.sums.set(unitName(unit), tree);
    if (tree.lines === "") this.#emptyModule(unit);
  }

  /** After the layer, and after a failure too: nothing stays open. */
  close(): void {
    if (this.#fd !== -1) closeSync(this.#fd);
    this.#fd = -1;
    this.#finishZip();
  }

  #enter(parent: string): void {
    this.#parent = parent;
    if (this.#made.has(parent)) return;
    const folder = join(this.#folder, parent);
    this.#try(() => mkdirSync(folder, { recursive: true, mode: 0o755 }), folder);
    this.#made.add(parent);
  }

  /** A repository can hold nothing at its top but the folder of another module. Go wants folder and zip all the same. */
  #emptyModule(unit: Unit): void {
    const { tree } = modulePlace(unit);
    this.#finishZip();
    this.#enter(tree.slice(0, -1));
    this.#openZip(tree);
    this.#finishZip();
  }

  #nextZip(path: string): void {
    this.#finishZip();
    this.#openZip(path.slice(0, path.indexOf("/", path.indexOf("@")) + 1));
  }

  #openZip(tree: string): void {
    const target = this.#zips?.get(tree);
    if (target === undefined) return;
    const file = join(this.#folder, target.file);
    this.#enter(dirname(target.file));
    this.#parent = "";
    this.#zipTree = tree;
    this.#zipUnit = target.unit;
    this.#zipPath = target.file;
    this.#zip = this.#try(() => new ZipFile(file, target.prefix), file);
  }

  #finishZip(): void {
    const zip = this.#zip;
    this.#zip = undefined;
    if (zip === undefined) return;
    this.#addSum(`${this.#zipUnit}.zip`, { path: this.#zipPath, ...zip.finish() });
  }

  #addSum(name: string, { path, sha256, size }: { path: string; sha256: string; size: number }): void {
    const sums = this.sums.get(name) ?? { lines: "", sizes: [] };
    sums.lines += `${sha256}  ${path}\n`;
    sums.sizes.push(size);
    this.sums.set(name, sums);
  }

  #try<T>(action: () => T, path = this.#path): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof GoferryError) throw error;
      throw ioError(error, "write", path);
    }
  }
}

interface ZipTarget {
  unit: string;
  /** Path below the folder. */
  file: string;
  prefix: string;
}

function zipTarget(unit: Unit): [string, ZipTarget][] {
  if (unit.kind !== "module") return [];
  const { tree, ziphash } = modulePlace(unit);
  return [[tree, { unit: unitName(unit), file: ziphash.replace(/hash$/, ""), prefix: zipPrefix(unit) }]];
}

/** Staging was empty, so what is there already came from another layer of this bundle. */
function openNew(file: string, path: string, mode: number): number {
  try {
    return openSync(file, NEW_FILE, mode);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    throw new GoferryError("ENTRY_REFUSED", {
      subject: visibleName(path),
      message: "two layers of the bundle hold the same file",
      expected: "each name once",
      found: "the name twice",
      next: "Do not use this bundle; tell who signed it, and have it built again",
    });
  }
}

/** A disk that is nearly full may take less than it is given. */
function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
}
