import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { logTiles, parseLookup } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { testFolder } from "../../../../test/kit/host-root.ts";
import { layout } from "../layout.ts";
import { nodeFs } from "../node-fs.ts";
import { emptyState, type InstalledUnit, type State } from "../transaction/state.ts";
import { stageLogTree, type LogTree } from "./log-tree.ts";

const log = checksumLog();
const SIZE = 700;
for (let i = 0; i < SIZE; i++) log.add({ path: `example.com/M${i}`, version: "v1.0.0", ...hashes(i) });

const SUMDB = "mod/cache/download/sumdb/sum.example.com";

function hashes(i: number): { h1: string; modH1: string } {
  const hash = (n: number): string => `h1:${Buffer.alloc(32, n).toString("base64")}`;
  return { h1: hash(i % 250), modH1: hash((i % 250) + 1) };
}

function unit(id: number): InstalledUnit {
  const { h1, modH1 } = hashes(id);
  return {
    kind: "module",
    path: `example.com/M${id}`,
    version: "v1.0.0",
    h1,
    modH1,
    record: { id, h1 },
    size: 1,
    bundles: [`sha256:${"0".repeat(64)}`],
  };
}

function stateWith(root: string, ids: readonly number[], sizes: readonly number[], lookups?: number): State {
  return {
    ...emptyState(root),
    units: ids.map(unit),
    log: {
      key: log.vkey,
      heads: sizes.map((size) => log.head(size)),
      lookups: lookups === undefined ? null : log.head(lookups),
    },
  };
}

/** A root, and staging beside it. */
async function bench() {
  const folder = await testFolder();
  const at = layout(folder.root);
  const staging = join(folder.path, "staging");
  await mkdir(staging, { recursive: true });
  const fs = nodeFs({ env: {}, run: () => Promise.reject(new Error("nothing is run")) });
  /** Into staging in which there is nothing but tiles. */
  const stage = async (before: State, state: State): Promise<LogTree> => {
    for (const name of ["lookup", join(SUMDB, "lookup"), join(SUMDB, "supported")])
      await rm(join(staging, name), { recursive: true, force: true });
    return await stageLogTree({ fs, at, staged: layout(staging), before, state });
  };
  /** Writes the tiles of a bundle with these records and earlier heads below a folder. */
  const tiles = async (to: string, ids: readonly number[], size: number, earlier: readonly number[] = []) => {
    const history = { name: "sum.example.com", head: log.head(size), earlier: [] };
    const older = earlier.map((old) => ({ head: log.head(old), proof: "" }));
    const units = ids.map((id) => ({ kind: "module" as const, evidence: { id, proof: "" } }));
    for (const { path } of logTiles({ ...history, earlier: older }, units)) {
      await mkdir(dirname(join(to, path)), { recursive: true });
      await writeFile(join(to, path), await log.fetch(path.slice(SUMDB.length + 1)));
    }
  };
  return { ...folder, at, staging, stage, tiles };
}

/** The lookups of a folder: which records they are, and the one head they name. */
async function lookupsIn(folder: string): Promise<{ ids: number[]; heads: string[] }> {
  const names = await readdir(join(folder, "example.com"));
  const lookups = await Promise.all(
    names.map(async (name) => {
      const path = `example.com/M${name.slice(2, name.indexOf("@"))}`;
      return parseLookup(await readFile(join(folder, "example.com", name)), { path, version: "v1.0.0" });
    }),
  );
  const ids = lookups.map(({ id }) => id).sort((a, b) => a - b);
  return { ids, heads: [...new Set(lookups.map(({ note }) => note))] };
}

describe("stageLogTree", () => {
  it("writes what go asks a proxy for, with one head, into the tree that will be moved whole", async () => {
    await using on = await bench();
    await on.tiles(on.staging, [5, 690], SIZE);
    const tree = await on.stage(emptyState(on.root), stateWith(on.root, [5, 690], [SIZE]));
    expect(tree).toEqual({ lookups: log.head(SIZE), place: [], remove: [], missing: [] });
    expect(await readFile(join(on.staging, SUMDB, "supported"), "utf8")).toBe("");
    expect(await readdir(join(on.staging, SUMDB, "lookup/example.com"))).toContain("!m5@v1.0.0");
    expect(await lookupsIn(join(on.staging, SUMDB, "lookup"))).toEqual({
      ids: [5, 690],
      heads: [log.head(SIZE)],
    });
  });

  it("writes those of earlier bundles again with the new head, in the place of the old ones", async () => {
    await using on = await bench();
    await on.tiles(on.root, [5, 399], 400);
    await mkdir(join(on.root, SUMDB, "lookup"), { recursive: true });
    await on.tiles(on.staging, [690], SIZE, [400]);
    const before = stateWith(on.root, [5, 399], [400], 400);
    const tree = await on.stage(before, stateWith(on.root, [5, 399, 690], [SIZE, 400], 400));
    const lookup = join(on.root, SUMDB, "lookup");
    const staged = join(on.staging, "lookup");
    expect(tree).toEqual({
      lookups: log.head(SIZE),
      place: [{ from: staged, to: lookup }],
      remove: [lookup],
      missing: [],
    });
    expect(await lookupsIn(staged)).toEqual({ ids: [5, 399, 690], heads: [log.head(SIZE)] });
  });

  it("takes the head under which most can be looked up, and names the rest", async () => {
    await using on = await bench();
    // Nothing connects the two trees: of the first only what stands in tiles that were full already is in the second.
    await on.tiles(on.root, [5, 300, 399], 400);
    await on.tiles(on.staging, [690], SIZE);
    const state = stateWith(on.root, [5, 300, 399, 690], [SIZE], 400);
    const tree = await on.stage(stateWith(on.root, [5, 300, 399], [400], 400), state);
    expect(tree.lookups).toBe(log.head(400));
    expect(tree.missing).toEqual(["example.com/M690@v1.0.0"]);
    await on.tiles(on.staging, [300, 690], SIZE);
    const mended = await on.stage(stateWith(on.root, [5, 300, 399], [400], 400), state);
    expect(mended).toMatchObject({ lookups: log.head(SIZE), missing: [] });
  });

  it("changes nothing where head and records are the same, and mends lookups that somebody removed", async () => {
    await using on = await bench();
    await on.tiles(on.root, [5], SIZE);
    const before = stateWith(on.root, [5], [SIZE], SIZE);
    const first = await on.stage(before, before);
    expect(first.place).toHaveLength(1);
    await rename(join(on.staging, "lookup"), join(on.root, SUMDB, "lookup"));
    expect(await on.stage(before, before)).toEqual({
      lookups: log.head(SIZE),
      place: [],
      remove: [],
      missing: [],
    });
    await rm(join(on.root, SUMDB, "lookup"), { recursive: true });
    expect((await on.stage(before, before)).place).toHaveLength(1);
  });

  it("writes nothing where nothing is in a log, or no tile came", async () => {
    await using on = await bench();
    const own = { ...stateWith(on.root, [], [SIZE]), units: [{ ...unit(5), record: null }] };
    const none = { lookups: null, place: [], remove: [] };
    expect(await on.stage(emptyState(on.root), own)).toEqual({ ...none, missing: [] });
    expect(await on.stage(emptyState(on.root), stateWith(on.root, [5], [SIZE]))).toEqual({
      ...none,
      missing: ["example.com/M5@v1.0.0"],
    });
    expect(await readdir(on.staging)).toEqual([]);
  });
});
