// The files of one layer as they come out of its tar: which unit each belongs to, whether it may be there at all, and
// its hash. When the layer ends, every module in it has proven its h1 or the layer is refused; toolchains, whose files
// stand in several layers, leave their hashes for toolchain.ts to put together.

import { createHash, hash, type Hash } from "node:crypto";
import type { TarHandler } from "../archive/tar-reader.ts";
import type { TarEntry } from "../archive/ustar.ts";
import { compareNames, visibleName } from "../archive/names.ts";
import { dirhashLines, hashLines, type HashedFile } from "../dirhash.ts";
import { sha256Hex } from "../digest.ts";
import { GoferryError } from "../errors.ts";
import type { Layer, Unit } from "../format/contents.ts";
import { unitName } from "../format/units.ts";
import { fileMode, toolchainHashName } from "../gomodule/mode.ts";
import { zipPrefix } from "../gomodule/path.ts";
import { checkModuleFile } from "../gomodule/tree.ts";
import { infoFile, modulePlace, sdkPlace, zipHashFile } from "./place.ts";

/** Takes the files of a layer as they are read, before their hashes are known: to be kept apart until they are. */
export interface LayerSink {
  begin(entry: TarEntry): void;
  /** A view that is valid only during the call. */
  data(bytes: Uint8Array): void;
  /** `sha256` is of the whole file, hexadecimal. */
  end(sha256: string): void;
  /** A module of the layer is complete and its hash right; its tree's lines are those of dirhash. */
  module?(unit: Unit, tree: TreeSums): void;
}

/** What is known of a tree that was proven. */
export interface TreeSums {
  /** The text that the h1 is the hash of (dirhash.ts). */
  lines: string;
  /** Bytes of each file, in the order of the lines. */
  sizes: number[];
}

export interface SizedFile extends HashedFile {
  /** Bytes. */
  size: number;
}

/** A Go version's files in one layer, by their names below GOROOT in the form that is hashed. */
export interface LayerSums {
  /** Empty for a layer of modules. */
  files: SizedFile[];
  /** Bytes of all files. */
  size: number;
}

/** What is gathered of one module. */
interface Gathered {
  unit: Unit;
  prefix: string;
  files: SizedFile[];
  seen: number;
  size: number;
}

/** What a file beside a module's tree must be: the SHA-256 of the only content it can have, or the hash of go.mod. */
interface Beside {
  of: Gathered;
  sha256?: string;
}

const DOWNLOAD = "mod/cache/download/";

const NOT_AS_ANNOUNCED = "the files are not as announced";

export class LayerFiles implements TarHandler {
  readonly #layer: Layer;
  readonly #sink: LayerSink | undefined;
  readonly #sdk: string | undefined;
  readonly #sums: LayerSums = { files: [], size: 0 };
  readonly #trees = new Map<string, Gathered>();
  readonly #beside = new Map<string, Beside>();
  readonly #gathered: Gathered[] = [];
  #entries = 0;
  #entry: TarEntry | undefined;
  /** The unit that the file belongs to; undefined in a layer of a toolchain. */
  #owner: Gathered | undefined;
  #hash: Hash | undefined;
  #digest = "";
  /** The tree that the last file was in: most often the next one is too. */
  #tree = "";
  #treeOf: Gathered | undefined;

  readonly #report: ((finding: GoferryError) => void) | undefined;
  /** Bytes that the files of a toolchain's layer may have: those of the smallest unit that it is part of. */
  readonly #sdkBytes: number;

  /** `units` are those of this layer. `report` as in LayerJob. */
  constructor(
    layer: Layer,
    units: readonly Unit[],
    {
      sink,
      report,
    }: { sink?: LayerSink | undefined; report?: ((finding: GoferryError) => void) | undefined } = {},
  ) {
    this.#layer = layer;
    this.#sink = sink;
    this.#report = report;
    this.#sdkBytes = Math.min(...units.map(({ size }) => size));
    this.#sdk = layer.go === undefined ? undefined : sdkPlace(layer.go);
    if (layer.kind === "mod") for (const unit of units) this.#expectModule(unit);
  }

  /**
   * Nothing reaches the sink that no unit answers for, nor more bytes of a module, or in one layer of a toolchain, than
   * were announced of it.
   */
  begin(entry: TarEntry): void {
    this.#entries += 1;
    this.#entry = entry;
    this.#owner = this.#admit(entry);
    this.#hash = undefined;
    this.#digest = entry.size === 0 ? EMPTY : "";
    this.#sink?.begin(entry);
  }

  data(bytes: Uint8Array): void {
    if (this.#hash === undefined && bytes.length === this.#entry?.size)
      this.#digest = hash("sha256", bytes, "hex");
    else (this.#hash ??= createHash("sha256")).update(bytes);
    this.#sink?.data(bytes);
  }

  end(): void {
    const sha256 = this.#hash?.digest("hex") ?? this.#digest;
    if (this.#entry !== undefined) this.#prove(this.#entry, sha256);
    this.#sink?.end(sha256);
  }

  /** After the last entry. @throws HASH_MISMATCH, ENTRY_REFUSED */
  finish(): LayerSums {
    const { entries } = this.#layer;
    if (this.#entries !== entries)
      this.#refuse("HASH_MISMATCH", "files", NOT_AS_ANNOUNCED, `${entries}`, `${this.#entries}`);
    for (const each of this.#gathered) this.#judge(() => this.#finishModule(each));
    return this.#sums;
  }

  /** Whoever wants to hear of all that is wrong hears of each module, and one does not hide the next. */
  #judge(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (this.#report === undefined || !(error instanceof GoferryError)) throw error;
      this.#report(error);
    }
  }

  #expectModule(unit: Unit): void {
    const place = modulePlace(unit);
    const gathered = { unit, prefix: zipPrefix(unit), files: [], seen: 0, size: 0 };
    this.#gathered.push(gathered);
    this.#beside.set(place.info, { of: gathered, sha256: sha256Hex(infoFile(unit)) });
    this.#beside.set(place.mod, { of: gathered });
    if (unit.kind !== "module") return;
    this.#trees.set(place.tree, gathered);
    this.#beside.set(place.ziphash, { of: gathered, sha256: sha256Hex(zipHashFile(unit.h1)) });
  }

  #admit(entry: TarEntry): Gathered | undefined {
    const { path, size, mode } = entry;
    if (this.#sdk !== undefined) {
      if (!path.startsWith(this.#sdk)) this.#stray(path);
      if (mode !== fileMode(path.slice(this.#sdk.length))) this.#wrongMode(entry);
      this.#sums.size += size;
      if (this.#sums.size > this.#sdkBytes) this.#tooMuch(path, this.#sdkBytes, this.#sums.size);
      return undefined;
    }
    if (mode !== 0o644) this.#wrongMode(entry);
    const isBeside = path.startsWith(DOWNLOAD);
    const owner = isBeside ? this.#besideOf(path).of : this.#treeAround(path);
    if (!isBeside) checkModuleFile(path.slice(this.#tree.length), size);
    owner.seen += 1;
    owner.size += size;
    if (owner.size > owner.unit.size) this.#tooMuch(unitName(owner.unit), owner.unit.size, owner.size);
    return owner;
  }

  #prove({ path, size }: TarEntry, sha256: string): void {
    const owner = this.#owner;
    if (owner === undefined) {
      this.#sums.files.push({ name: toolchainHashName(path.slice(this.#sdk?.length)), sha256, size });
    } else if (path.startsWith(DOWNLOAD)) {
      this.#proveBeside(path, sha256);
    } else {
      owner.files.push({ name: owner.prefix + path.slice(this.#tree.length), sha256, size });
    }
  }

  #treeAround(path: string): Gathered {
    if (this.#treeOf === undefined || !path.startsWith(this.#tree)) {
      this.#tree = path.slice(0, path.indexOf("/", path.indexOf("@")) + 1);
      this.#treeOf = this.#trees.get(this.#tree);
    }
    return this.#treeOf ?? this.#stray(path);
  }

  #besideOf(path: string): Beside {
    return this.#beside.get(path) ?? this.#stray(path);
  }

  #proveBeside(path: string, sha256: string): void {
    const { of: gathered, sha256: only } = this.#besideOf(path);
    const isRight =
      only === undefined ? hashLines(`${sha256}  go.mod\n`) === gathered.unit.modH1 : sha256 === only;
    if (!isRight) this.#judge(() => this.#wrongHash(path, only ?? gathered.unit.modH1, sha256));
  }

  #finishModule({ unit, files, seen, size }: Gathered): void {
    if (unit.kind === "module") {
      const tree = treeSums(files);
      const found = hashLines(tree.lines);
      if (found !== unit.h1) this.#wrongHash(unitName(unit), unit.h1, found);
      this.#sink?.module?.(unit, tree);
    }
    const inTree = unit.kind === "module" ? files.length : 0;
    const beside = unit.kind === "module" ? 3 : 2;
    if (seen - inTree !== beside) {
      const [expected, found] = [`${beside} files beside the tree`, `${seen - inTree}`];
      this.#refuse("HASH_MISMATCH", unitName(unit), NOT_AS_ANNOUNCED, expected, found);
    }
    if (seen === unit.files && size === unit.size) return;
    const [expected, found] = [`${unit.files} files, ${unit.size} bytes`, `${seen} files, ${size} bytes`];
    this.#refuse("HASH_MISMATCH", unitName(unit), NOT_AS_ANNOUNCED, expected, found);
  }

  #stray(path: string): never {
    return this.#refuse("ENTRY_REFUSED", visibleName(path), "the file belongs to no unit of this layer");
  }

  #tooMuch(subject: string, expected: number, found: number): never {
    const [most, least] = [`at most ${expected} bytes`, `${found} bytes or more`];
    return this.#refuse("HASH_MISMATCH", visibleName(subject), NOT_AS_ANNOUNCED, most, least);
  }

  #wrongMode({ path, mode }: TarEntry): never {
    const [expected, found] = mode === 0o644 ? ["0755", "0644"] : ["0644", "0755"];
    return this.#refuse("ENTRY_REFUSED", visibleName(path), "the file has a wrong mode", expected, found);
  }

  #wrongHash(subject: string, expected: string, found: string): never {
    return this.#refuse(
      "HASH_MISMATCH",
      visibleName(subject),
      "the content is not what was announced",
      expected,
      found,
    );
  }

  #refuse(
    code: "ENTRY_REFUSED" | "HASH_MISMATCH",
    subject: string,
    message: string,
    expected?: string,
    found?: string,
  ): never {
    throw new GoferryError(code, {
      subject: `${subject} in layer ${this.#layer.digest}`,
      message,
      expected,
      found,
      next: "Do not use this bundle; tell who signed it, and have it built again",
    });
  }
}

/** @throws as dirhashLines does */
export function treeSums(files: SizedFile[]): TreeSums {
  files.sort((a, b) => compareNames(a.name, b.name));
  return { lines: dirhashLines(files), sizes: files.map(({ size }) => size) };
}

const EMPTY = hash("sha256", "", "hex");
