// A layer is read and proven whole; where only some of its modules are wanted, this lets only their files through to
// what writes them.

import {
  modulePlace,
  unitName,
  type LayerSink,
  type TarEntry,
  type TreeSums,
  type Unit,
} from "@goferry/core";

const DOWNLOAD = "mod/cache/download/";

export class UnitFilter implements LayerSink {
  readonly #inner: LayerSink;
  readonly #units: ReadonlySet<string>;
  readonly #trees = new Set<string>();
  readonly #beside = new Set<string>();
  /** The tree of the last file, and whether it is wanted: most often the next file is in it too. */
  #tree = "";
  #isWanted = false;

  /** @param units those of a layer of modules whose files are wanted */
  constructor(inner: LayerSink, units: readonly Unit[]) {
    this.#inner = inner;
    this.#units = new Set(units.map(unitName));
    for (const unit of units) {
      const { tree, info, mod, ziphash } = modulePlace(unit);
      this.#trees.add(tree);
      for (const path of [info, mod, ziphash]) this.#beside.add(path);
    }
  }

  begin(entry: TarEntry): void {
    this.#isWanted = this.#wants(entry.path);
    if (this.#isWanted) this.#inner.begin(entry);
  }

  data(bytes: Uint8Array): void {
    if (this.#isWanted) this.#inner.data(bytes);
  }

  end(sha256: string): void {
    if (this.#isWanted) this.#inner.end(sha256);
  }

  module(unit: Unit, tree: TreeSums): void {
    if (this.#units.has(unitName(unit))) this.#inner.module?.(unit, tree);
  }

  #wants(path: string): boolean {
    if (path.startsWith(DOWNLOAD)) return this.#beside.has(path);
    if (this.#tree === "" || !path.startsWith(this.#tree)) {
      this.#tree = path.slice(0, path.indexOf("/", path.indexOf("@")) + 1);
    }
    return this.#trees.has(this.#tree);
  }
}
