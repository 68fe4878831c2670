import { GoferryError, logTiles } from "@goferry/core";
import { beforeEach, describe, expect, it } from "vitest";
import { checksumLog, type ChecksumLog } from "../../../../test/kit/checksum-log.ts";
import { collectEvidence } from "./client.ts";
import { collectTiles, type TilesOptions } from "./tiles.ts";

const SIZE = 1000;

let log: ChecksumLog;
let options: TilesOptions;

beforeEach(async () => {
  log = checksumLog();
  const modules = Array.from({ length: SIZE }, (_, i) => ({ path: `example.com/m${i}`, version: "v1.0.0" }));
  for (const module of modules) log.add(module);
  const fetch = async (path: string): Promise<Uint8Array> => await log.fetch(path);
  const { head, earlier, records } = await collectEvidence({
    fetch,
    vkey: log.vkey,
    modules: modules.filter((_, i) => i === 3 || i === 700),
    earlier: [log.head(300)],
  });
  const units = Array.from(records.values(), ({ id, proof }) => ({
    kind: "module" as const,
    evidence: { id, proof },
  }));
  options = { fetch, vkey: log.vkey, log: { name: "sum.example.com", head, earlier }, units };
});

function namesOf(files: readonly { path: string }[]): string[] {
  return files.map(({ path }) => path.slice("mod/cache/download/sumdb/sum.example.com/tile/8/".length));
}

describe("collectTiles", () => {
  it("brings what the reader of the bundle will ask for, as the database has it", async () => {
    const files = await collectTiles(options);
    expect(files.map(({ path }) => path)).toEqual(
      logTiles(options.log, options.units).map(({ path }) => path),
    );
    expect(namesOf(files)).toEqual([
      "0/000",
      "0/001",
      "0/001.p/44",
      "0/002",
      "0/003.p/232",
      "1/000.p/1",
      "1/000.p/3",
    ]);
    for (const { path, bytes } of files) {
      expect(bytes).toEqual(await log.fetch(path.slice("mod/cache/download/sumdb/sum.example.com/".length)));
    }
  });

  it("takes partial tiles out of wider ones that came after them, full or of today", async () => {
    const before = await collectTiles(options);
    for (let i = SIZE; i < 1010; i++) log.add({ path: `example.com/m${i}`, version: "v1.0.0" });
    const gone = /tile\/8\/(?:0\/001\.p\/44|0\/003\.p\/232)$/u;
    const fetch = async (path: string): Promise<Uint8Array> => {
      if (gone.test(path)) throw new GoferryError("NOT_FOUND", { subject: path, message: "gone" });
      return await log.fetch(path);
    };
    expect(await collectTiles({ ...options, fetch })).toEqual(before);
  });

  it("refuses a tile of another tree, and keeps none of its answer", async () => {
    const kept: string[] = [];
    const cache = {
      get: async () => await Promise.resolve(undefined),
      put: async (key: string) => void (await Promise.resolve(kept.push(key))),
    };
    const fetch = async (path: string): Promise<Uint8Array> => {
      const bytes = Buffer.from(await log.fetch(path));
      if (path === "tile/8/0/002") bytes[0] = (bytes[0] ?? 0) ^ 1;
      return bytes;
    };
    await expect(collectTiles({ ...options, fetch, cache })).rejects.toMatchObject({ code: "LOG_MISMATCH" });
    expect(kept).not.toContain("sum.example.com/tile/8/0/002");
  });

  it("brings none where go has nothing to ask, nor a name that is no path", async () => {
    expect(await collectTiles({ ...options, units: [{ kind: "module", evidence: "private" }] })).toEqual([]);
    const [first] = options.units;
    if (first === undefined) throw new Error("no unit");
    expect(await collectTiles({ ...options, units: [{ ...first, kind: "toolchain" }] })).toEqual([]);
    const climbing = { ...options.log, name: "../up" };
    await expect(collectTiles({ ...options, log: climbing })).rejects.toMatchObject({
      code: "ENTRY_REFUSED",
    });
  });
});
