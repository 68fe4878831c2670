// Tiles: how the checksum database serves the hashes of its tree. A tile holds 256 neighboring hashes of every
// eighth level; the levels between follow by hashing. At the right edge of the tree stand partial tiles, other
// ones for every size. Layout: golang.org/x/mod/sumdb/tlog (tile.go).
//
// A tile comes from a proxy and proves nothing by itself. The reader here takes no hash from it before it has
// shown that the edge tiles together give the signed root, and every other tile the hash that its parent holds.

import { HASH_SIZE, logMismatch, subtrees, treeHash, writePairHash } from "./tlog.ts";
import type { HashReader, TreeHead, TreeNode } from "./tlog.ts";

/** The tile of the hashes from number n * 256 on, at level 8 * `level` of the tree. */
export interface Tile {
  level: number;
  n: number;
  /** How many hashes it holds, 1 to 256. */
  width: number;
}

/** Levels of the tree in one tile. */
const TILE_LEVELS = 8;

/** Hashes in a full tile. */
export const TILE_WIDTH = 2 ** TILE_LEVELS;

/** Where tiles come from. */
export interface TileSource {
  /** The bytes somebody serves for the tile; suspect. Called once for each tile. */
  read(tile: Tile): Promise<Uint8Array>;
  /** Told once about each tile that was shown to belong to the tree: the moment to cache it. */
  keep?(tile: Tile, data: Uint8Array): Promise<void>;
}

/** Path below the root of the database: `tile/8/0/x001/x234/067` or, for a partial tile, `tile/8/1/003.p/5`. */
export function tilePath({ level, n, width }: Tile): string {
  let number = digits(n);
  while ((n = Math.floor(n / 1000)) > 0) number = `x${digits(n)}/${number}`;
  return `tile/${TILE_LEVELS}/${level}/${number}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/**
 * The tiles that a reader of these nodes asks for in a tree of `size` records, parents before their children:
 * what must be at hand for the reader here, and for Go's own, to work without a network.
 */
export function tilesFor(nodes: readonly TreeNode[], size: number): Tile[] {
  const tiles = new Map<string, Tile>();
  const add = (tile: Tile): void => {
    if (tiles.has(tilePath(tile))) return;
    if (!isEdge(tile)) add(tileOf(rootOf(tile), size));
    tiles.set(tilePath(tile), tile);
  };
  for (const node of [...subtrees(size), ...nodes]) add(tileOf(node, size));
  return [...tiles.values()];
}

/**
 * The tiles that the go command needs, without a network, to look up these records with the head in every
 * answer. A go command that has met an older head of the log before (in GOPATH/pkg/sumdb) needs more: it checks
 * that head by itself and against the new one (mergeLatestMem and checkTrees in golang.org/x/mod/sumdb).
 * `olderSizes` are the sizes of such trees. Throws LOG_MISMATCH for what is beyond the tree of the head.
 */
export function tilesForLookups(
  head: TreeHead,
  ids: readonly number[],
  olderSizes: readonly number[] = [],
): Tile[] {
  const records = ids.map((n) => ({ level: 0, n }));
  const own = tilesFor([...records, ...olderSizes.flatMap(subtrees)], head.size);
  const older = olderSizes.flatMap((size) => tilesFor([], size));
  return Array.from(new Map([...own, ...older].map((tile) => [tilePath(tile), tile])).values());
}

/**
 * Shows that the source has these tiles, and that every hash in them belongs to the trees under the heads: the first, and
 * trees that came before it. Throws LOG_MISMATCH.
 */
export async function proveTiles(
  [newest, ...earlier]: readonly [TreeHead, ...TreeHead[]],
  tiles: readonly Tile[],
  source: TileSource,
): Promise<void> {
  // Their edges are in no other tree; whatever else they have is in the newest too.
  for (const head of earlier) await treeHash(head.size, tileHashReader(head, source));
  const read = tileHashReader(newest, source);
  await treeHash(newest.size, read);
  // One hash of a tile is enough to ask for all of it.
  const full = tiles.filter((tile) => !isEdge(tile));
  await read(full.map(({ level, n }) => ({ level: level * TILE_LEVELS, n: n * TILE_WIDTH })));
}

/** Reads hashes of the tree under `head`, each tile once. A tile of another tree throws LOG_MISMATCH. */
export function tileHashReader(head: TreeHead, source: TileSource): HashReader {
  let edge: Promise<void> | undefined;
  const served = oncePerTile(async (tile) => checkLength(tile, await source.read(tile)));
  const proven = oncePerTile(async (tile) => {
    await (isEdge(tile) ? (edge ??= proveEdge()) : proveByParent(tile));
    return await served(tile);
  });

  /** Partial tiles have no parents: the root alone proves them, and only all together. */
  async function proveEdge(): Promise<void> {
    const root = await treeHash(head.size, readerOf(head.size, served));
    checkHash(`edge tiles of the tree of ${head.size} records`, head.hash, root);
    await Promise.all(tilesFor([], head.size).map(keep));
  }

  async function proveByParent(tile: Tile): Promise<void> {
    const [data, expected] = await Promise.all([served(tile), readHash(rootOf(tile), head.size, proven)]);
    checkHash(tilePath(tile), expected, heightOf(data, TILE_LEVELS));
    await keep(tile);
  }

  async function keep(tile: Tile): Promise<void> {
    await source.keep?.(tile, await served(tile));
  }

  return readerOf(head.size, proven);
}

type Load = (tile: Tile) => Promise<Uint8Array>;

function oncePerTile(load: Load): Load {
  const loaded = new Map<string, Promise<Uint8Array>>();
  return async (tile) => {
    const path = tilePath(tile);
    const data = loaded.get(path) ?? load(tile);
    loaded.set(path, data);
    return await data;
  };
}

function readerOf(size: number, load: Load): HashReader {
  return async (nodes) => await Promise.all(nodes.map((node) => readHash(node, size, load)));
}

async function readHash(node: TreeNode, size: number, load: Load): Promise<Uint8Array> {
  const tile = tileOf(node, size);
  return hashIn(tile, await load(tile), node);
}

function checkLength(tile: Tile, data: Uint8Array): Uint8Array {
  if (data.length === tile.width * HASH_SIZE) return data;
  throw logMismatch(tilePath(tile), "the tile has the wrong length", {
    expected: `${tile.width * HASH_SIZE} bytes`,
    found: `${data.length} bytes`,
  });
}

function checkHash(subject: string, expected: Uint8Array, found: Uint8Array): void {
  if (Buffer.compare(expected, found) === 0) return;
  throw logMismatch(subject, "the tile does not belong to the signed tree of the checksum database", {
    expected: `hash ${Buffer.from(expected).toString("base64")}`,
    found: `hash ${Buffer.from(found).toString("base64")}`,
  });
}

/** The tile that holds the node, as wide as it is in a tree of `size` records. */
function tileOf({ level, n }: TreeNode, size: number): Tile {
  if ((n + 1) * 2 ** level > size) {
    throw logMismatch(`tree of ${size} records`, "the tree does not reach this far", {
      expected: `records below ${size}`,
      found: `record ${(n + 1) * 2 ** level - 1}`,
    });
  }
  const tileLevel = Math.floor(level / TILE_LEVELS);
  const number = Math.floor((n * 2 ** (level % TILE_LEVELS)) / TILE_WIDTH);
  const hashes = Math.floor(size / TILE_WIDTH ** tileLevel) - number * TILE_WIDTH;
  return { level: tileLevel, n: number, width: Math.min(hashes, TILE_WIDTH) };
}

/** Whether the tile is partial, and so at the right edge of the tree. A full tile always has a parent. */
function isEdge({ width }: Tile): boolean {
  return width < TILE_WIDTH;
}

/** The node above all hashes of a full tile. */
function rootOf({ level, n }: Tile): TreeNode {
  return { level: (level + 1) * TILE_LEVELS, n };
}

/** The hash of a node from the data of the tile that holds it. */
function hashIn(tile: Tile, data: Uint8Array, { level, n }: TreeNode): Uint8Array {
  const height = level % TILE_LEVELS;
  const at = (n - tile.n * 2 ** (TILE_LEVELS - height)) * HASH_SIZE;
  return heightOf(data, height).subarray(at, at + HASH_SIZE);
}

/** A proof asks a tile for one hash at each height, and a build for many proofs: every inner hash is computed once. */
const HEIGHTS = new WeakMap<Uint8Array, Uint8Array[]>();

/** The hashes of the complete subtrees of this height over the hashes of a tile, one after the other. */
function heightOf(data: Uint8Array, height: number): Uint8Array {
  const heights = HEIGHTS.get(data) ?? [data];
  HEIGHTS.set(data, heights);
  for (let below = heights.at(-1) ?? data; heights.length <= height; heights.push(below)) {
    below = pairsOf(below);
  }
  return heights[height] ?? new Uint8Array();
}

function pairsOf(hashes: Uint8Array): Uint8Array {
  const pairs = Math.floor(hashes.length / (2 * HASH_SIZE));
  const above = Buffer.alloc(pairs * HASH_SIZE);
  for (let i = 0; i < pairs; i++) writePairHash(hashes, 2 * i * HASH_SIZE, above, i * HASH_SIZE);
  return above;
}

function digits(n: number): string {
  return String(n % 1000).padStart(3, "0");
}
