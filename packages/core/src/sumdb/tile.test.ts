import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { tileHashReader, tilePath, tilesFor, tilesForLookups, type Tile, type TileSource } from "./tile.ts";
import {
  checkConsistency,
  checkInclusion,
  proveConsistency,
  proveInclusion,
  subtrees,
  type TreeHead,
} from "./tlog.ts";

const REFUSED = expect.objectContaining({ code: "LOG_MISMATCH" });
const LIMIT = 1400;

const log = checksumLog();
for (let id = 0; id < LIMIT; id++) log.add({ path: "example.com/m", version: `v0.0.${id}` });
const headOf = (size: number): TreeHead => ({ size, hash: log.root(size) });

/** The log's tiles, with a list of those read and of those kept. */
function source(): TileSource & {
  read: (tile: Tile) => Promise<Uint8Array>;
  asked: string[];
  kept: string[];
} {
  const asked: string[] = [];
  const kept: string[] = [];
  return {
    asked,
    kept,
    read: async (tile) => {
      asked.push(tilePath(tile));
      return await log.fetch(tilePath(tile));
    },
    keep: async (tile) => {
      kept.push(tilePath(tile));
    },
  };
}

describe("tilePath", () => {
  it.each([
    [{ level: 0, n: 0, width: 256 }, "tile/8/0/000"],
    [{ level: 0, n: 999, width: 256 }, "tile/8/0/999"],
    [{ level: 0, n: 1000, width: 256 }, "tile/8/0/x001/000"],
    [{ level: 4, n: 1_234_067, width: 1 }, "tile/8/4/x001/x234/067.p/1"],
    [{ level: 0, n: 280_351, width: 105 }, "tile/8/0/x280/351.p/105"],
    [{ level: 0, n: 2 ** 45 - 1, width: 255 }, "tile/8/0/x035/x184/x372/x088/831.p/255"],
  ])("of %j is %s", (tile, path) => {
    expect(tilePath(tile)).toBe(path);
  });
});

describe("tilesFor", () => {
  it("lists the tiles of the real database that hold two of its records", () => {
    const head = { size: 71_769_961, hash: new Uint8Array(32) };
    expect(tilesForLookups(head, [0, 61_743_472], [66_385_784, 66_393_050]).map(tilePath)).toEqual([
      "tile/8/3/000.p/4",
      "tile/8/2/004.p/71",
      "tile/8/1/x001/095.p/31",
      "tile/8/0/x280/351.p/105",
      "tile/8/2/000",
      "tile/8/1/000",
      "tile/8/0/000",
      "tile/8/2/003",
      "tile/8/1/942",
      "tile/8/0/x241/185",
      "tile/8/1/x001/012",
      "tile/8/0/x259/319",
      "tile/8/1/x001/013",
      "tile/8/0/x259/347",
      "tile/8/3/000.p/3",
      "tile/8/2/003.p/244",
      "tile/8/1/x001/012.p/247",
      "tile/8/0/x259/319.p/120",
      "tile/8/2/003.p/245",
      "tile/8/1/x001/013.p/19",
      "tile/8/0/x259/347.p/218",
    ]);
  });

  it("reaches to the last record of a tree of any size, within its limits", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.double({ min: 0, max: 1, noNaN: true }), (n, part) => {
        const size = n + 1 > Number.MAX_SAFE_INTEGER ? n : n + 1;
        const id = Math.min(size - 1, Math.floor(size * part));
        const tiles = tilesFor([{ level: 0, n: id }], size);
        const holds = tiles.filter(({ level, n: first, width }) => {
          return level === 0 && first * 256 <= id && id < first * 256 + width;
        });
        expect(holds).toHaveLength(1);
        for (const { level, n: first, width } of tiles) {
          expect(width >= 1 && width <= 256).toBe(true);
          expect(BigInt(first * 256 + width) * 256n ** BigInt(level) <= BigInt(size)).toBe(true);
        }
      }),
    );
  });

  it("lists for an older head what proves it by itself and what connects it", async () => {
    const listed = new Set(tilesForLookups(headOf(LIMIT), [], [1000]).map(tilePath));
    const tiles = source();
    await tileHashReader(headOf(1000), tiles)(subtrees(1000));
    await tileHashReader(headOf(LIMIT), tiles)(subtrees(1000));
    expect(new Set(tiles.asked)).toEqual(listed);
  });

  it("refuses a record and an older tree beyond the tree", () => {
    expect(() => tilesForLookups(headOf(10), [10])).toThrow(REFUSED);
    expect(() => tilesForLookups(headOf(10), [], [11])).toThrow(REFUSED);
  });
});

describe("tileHashReader", () => {
  it("serves the proofs of every record and every older size, for sizes around the edges of tiles", async () => {
    for (const size of [1, 2, 255, 256, 257, 513, 1024, LIMIT]) {
      const head = headOf(size);
      const read = tileHashReader(head, source());
      for (let id = 0; id < size; id += size < 255 ? 1 : 31) {
        const inclusion = await proveInclusion(size, id, read);
        const consistency = await proveConsistency(size, id + 1, read);
        expect(() => checkInclusion(inclusion, head, id, log.node(0, id))).not.toThrow();
        expect(() => checkConsistency(consistency, head, headOf(id + 1))).not.toThrow();
      }
    }
  });

  it("asks for exactly the tiles that tilesFor lists, each once, and keeps each once", async () => {
    const nodes = [{ level: 0, n: 3 }, { level: 0, n: 700 }, { level: 0, n: LIMIT - 1 }, ...subtrees(1000)];
    const tiles = source();
    const read = tileHashReader(headOf(LIMIT), tiles);
    await Promise.all([read(nodes), read(nodes)]);
    await read(nodes);
    const listed = tilesFor(nodes, LIMIT).map(tilePath).toSorted();
    expect(tiles.asked.toSorted()).toEqual(listed);
    expect(tiles.kept.toSorted()).toEqual(listed);
  });

  it("proves a record under an older head with the tiles of a newer one", async () => {
    const read = tileHashReader(headOf(LIMIT), source());
    const proof = await proveInclusion(777, 5, read);
    expect(() => checkInclusion(proof, headOf(777), 5, log.node(0, 5))).not.toThrow();
  });

  it("believes no tile with any bit changed, and keeps none that is not proven", async () => {
    const nodes = [
      { level: 0, n: 3 },
      { level: 0, n: 700 },
    ];
    const listed = tilesFor(nodes, LIMIT).map(tilePath);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...listed), fc.nat(), fc.nat(7), async (victim, at, bit) => {
        const tiles = source();
        const honest = tiles.read;
        tiles.read = async (tile) => {
          const data = Uint8Array.from(await honest(tile));
          const i = at % data.length;
          if (tilePath(tile) === victim) data[i] = (data[i] ?? 0) ^ (1 << bit);
          return data;
        };
        await expect(tileHashReader(headOf(LIMIT), tiles)(nodes)).rejects.toThrow(REFUSED);
        expect(tiles.kept).not.toContain(victim);
      }),
    );
  });

  it("refuses a tile that is too long or too short", async () => {
    const nodes = [{ level: 0, n: 3 }];
    for (const victim of tilesFor(nodes, LIMIT).map(tilePath)) {
      for (const change of [1, -1, 32, -32]) {
        const tiles = source();
        const honest = tiles.read;
        tiles.read = async (tile) => {
          const data = await honest(tile);
          if (tilePath(tile) !== victim) return data;
          return Buffer.concat([data, new Uint8Array(32)]).subarray(0, data.length + change);
        };
        await expect(tileHashReader(headOf(LIMIT), tiles)(nodes)).rejects.toThrow(REFUSED);
      }
    }
  });

  it("refuses the tiles of another log", async () => {
    const head = { size: LIMIT, hash: checksumLog().root(0) };
    const tiles = source();
    await expect(tileHashReader(head, tiles)([{ level: 0, n: 3 }])).rejects.toThrow(REFUSED);
    expect(tiles.kept).toEqual([]);
  });

  it("has no hash beyond the tree", async () => {
    const read = tileHashReader(headOf(10), source());
    await expect(read([{ level: 0, n: 10 }])).rejects.toThrow(REFUSED);
    await expect(read([{ level: 3, n: 1 }])).rejects.toThrow(REFUSED);
  });
});
