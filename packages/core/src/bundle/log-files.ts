// The files of the log layer: the tiles of the checksum database that the go command of a host needs to look modules up
// without a network (GOSUMDB stays on). They are exactly the tiles that follow from the contents, no other file and none
// less, and every hash in them is shown to belong to the signed tree before the layer is accepted.

import type { TarHandler } from "../archive/tar-reader.ts";
import type { TarEntry } from "../archive/ustar.ts";
import { compareNames, visibleName } from "../archive/names.ts";
import { sha256Hex } from "../digest.ts";
import { GoferryError } from "../errors.ts";
import type { Contents, Layer, Unit } from "../format/contents.ts";
import { isLookedUp } from "../format/units.ts";
import { MAX_TILES } from "../limits.ts";
import { noteText, parseTreeHead } from "../sumdb/note.ts";
import { proveTiles, tilePath, tilesForLookups, type Tile, type TileSource } from "../sumdb/tile.ts";
import { HASH_SIZE, type TreeHead } from "../sumdb/tlog.ts";
import type { LayerSink, LayerSums } from "./layer-files.ts";
import { logPlace } from "./place.ts";

/** The part of a unit that decides about its tiles. */
type LookedUp = Pick<Unit, "kind" | "evidence">;

type Log = NonNullable<Contents["log"]>;

/** A tile of the layer, with its path there. */
export interface PlacedTile {
  path: string;
  tile: Tile;
}

/**
 * The tiles that the log layer of a bundle holds, in path order: those for the records of its modules, and those that
 * connect the heads of earlier bundles. No signature is checked here (evidence.ts). Throws LOG_MISMATCH.
 */
export function logTiles(log: Log, units: readonly LookedUp[]): PlacedTile[] {
  const ids = units.flatMap((unit) =>
    isLookedUp(unit) && unit.evidence !== "private" ? [unit.evidence.id] : [],
  );
  const earlier = (log.earlier ?? []).map(({ head }) => claimedHead(head).size);
  return tilesForLookups(claimedHead(log.head), ids, earlier)
    .map((tile) => ({ path: logPlace(log.name) + tilePath(tile), tile }))
    .sort((a, b) => compareNames(a.path, b.path));
}

/** What a note says, whoever signed it. */
function claimedHead(note: string): TreeHead {
  return parseTreeHead(noteText(note));
}

export class LogFiles implements TarHandler {
  readonly #layer: Layer;
  /** What stands before the path of a tile. */
  readonly #place: string;
  readonly #heads: [TreeHead, ...TreeHead[]];
  readonly #tiles: readonly PlacedTile[];
  readonly #sink: LayerSink | undefined;
  readonly #data = new Map<string, Uint8Array>();
  #bytes = new Uint8Array();
  #filled = 0;

  constructor(layer: Layer, log: Log, units: readonly Unit[], sink?: LayerSink) {
    this.#layer = layer;
    this.#place = logPlace(log.name);
    this.#heads = [claimedHead(log.head), ...(log.earlier ?? []).map(({ head }) => claimedHead(head))];
    this.#tiles = logTiles(log, units);
    this.#sink = sink;
    if (this.#tiles.length > MAX_TILES || this.#tiles.length !== layer.entries)
      throw this.#refused(
        "the layer",
        `${this.#tiles.length} tiles, at most ${MAX_TILES}`,
        `${layer.entries} files`,
      );
  }

  begin(entry: TarEntry): void {
    const { path, size, mode } = entry;
    const expected = this.#tiles[this.#data.size];
    const bytes = (expected?.tile.width ?? 0) * HASH_SIZE;
    if (path !== expected?.path || size !== bytes || mode !== 0o644) {
      const wanted = expected === undefined ? "no more files" : `${expected.path}, ${bytes} bytes, mode 0644`;
      throw this.#refused(visibleName(path), wanted, `${size} bytes, mode 0${mode.toString(8)}`);
    }
    this.#bytes = new Uint8Array(size);
    this.#filled = 0;
    this.#data.set(path, this.#bytes);
    this.#sink?.begin(entry);
  }

  data(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#filled);
    this.#filled += bytes.length;
    this.#sink?.data(bytes);
  }

  end(): void {
    if (this.#sink !== undefined) this.#sink.end(sha256Hex(this.#bytes));
  }

  /** After the last entry. Throws ENTRY_REFUSED, and LOG_MISMATCH for a tile of another tree. */
  async finish(): Promise<LayerSums> {
    if (this.#data.size !== this.#tiles.length)
      throw this.#refused("the layer", `${this.#tiles.length} tiles`, `${this.#data.size} files`);
    const source: TileSource = {
      read: async (tile) => await Promise.resolve(this.#data.get(this.#place + tilePath(tile)) ?? NONE),
    };
    await proveTiles(
      this.#heads,
      this.#tiles.map(({ tile }) => tile),
      source,
    );
    return NO_SUMS;
  }

  #refused(subject: string, expected: string, found: string): GoferryError {
    return new GoferryError("ENTRY_REFUSED", {
      subject: `${subject} in layer ${this.#layer.digest}`,
      message: "the log layer holds something else than the tiles that its modules need",
      expected,
      found,
      next: "Do not use this bundle; tell who signed it, and have it built again",
    });
  }
}

const NONE = new Uint8Array();

/** It has no files of toolchains. */
const NO_SUMS: LayerSums = { files: [], size: 0 };
