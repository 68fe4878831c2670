// Writes the files of a layer below a staging folder as they come out of it. Synchronous on purpose: it runs in a
// worker thread of its own, and one system call after the other is the fastest way through 70,000 small files.

import { closeSync, constants, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { modulePlace, unitName, zipPrefix, type LayerSink, type TarEntry, type Unit } from "@goferry/core";
import { ioError } from "../node-fs.ts";
import { ZipFile } from "./zip-file.ts";

export interface FileSinkOptions {
  /** Absolute folder that the paths of the layer are below. */
  folder: string;
  /** The units whose files come. */
  units: readonly Unit[];
  /** Also rebuild the zip of every module, which `go mod download` needs. */
  zips: boolean;
}

/** The dirhash lines of a module, by `path@version`. */
export type ModuleLines = Map<string, string>;

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export class FileSink implements LayerSink {
  /** Filled as modules are complete. */
  readonly lines: ModuleLines = new Map();
  readonly #folder: string;
  readonly #zips: Map<string, { file: string; prefix: string }> | undefined;
  readonly #made = new Set<string>();
  /** The folder of the last file: most often the next one is in it too. */
  #parent = "";
  #path = "";
  #fd = -1;
  #zip: ZipFile | undefined;
  #zipTree = "";

  constructor({ folder, units, zips }: FileSinkOptions) {
    this.#folder = folder;
    if (zips) this.#zips = new Map(units.flatMap(zipTarget));
  }

  begin({ path, size, mode }: TarEntry): void {
    this.#path = join(this.#folder, path);
    const parent = dirname(path);
    if (parent !== this.#parent) this.#enter(parent);
    this.#fd = this.#try(() => openSync(this.#path, NEW_FILE, mode));
    if (this.#zips === undefined) return;
    if (this.#zip === undefined || !path.startsWith(this.#zipTree)) this.#nextZip(path);
    this.#zip?.begin(path.slice(this.#zipTree.length), size);
  }

  data(bytes: Uint8Array): void {
    this.#try(() => writeWhole(this.#fd, bytes));
    this.#zip?.data(bytes);
  }

  end(): void {
    const fd = this.#fd;
    this.#fd = -1;
    this.#try(() => closeSync(fd));
    this.#zip?.end();
  }

  module(unit: Unit, lines: string): void {
    this.lines.set(unitName(unit), lines);
    if (lines === "") this.#emptyModule(unit);
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
    this.#zip = this.#try(() => new ZipFile(file, target.prefix), file);
  }

  #finishZip(): void {
    const zip = this.#zip;
    this.#zip = undefined;
    zip?.finish();
  }

  #try<T>(action: () => T, path = this.#path): T {
    try {
      return action();
    } catch (error) {
      throw ioError(error, "write", path);
    }
  }
}

function zipTarget(unit: Unit): [string, { file: string; prefix: string }][] {
  if (unit.kind !== "module") return [];
  const { tree, ziphash } = modulePlace(unit);
  return [[tree, { file: ziphash.replace(/hash$/, ""), prefix: zipPrefix(unit) }]];
}

/** A disk that is nearly full may take less than it is given. */
function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
}
