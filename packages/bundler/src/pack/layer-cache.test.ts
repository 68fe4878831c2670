import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { smallFetched } from "../../../../test/kit/small-bundle.ts";
import { blobFile, layerCache, type LayerCache } from "./layer-cache.ts";
import { planLayers } from "./layer-plan.ts";
import type { PlannedLayer } from "./planned-layer.ts";
import { layerPress } from "./layer-press.ts";
import { pack } from "./pack.ts";
import type { Packed } from "../stages.ts";

const PROGRAM = "goferry/1, Node v1";

interface Bench {
  folder: string;
  cache: LayerCache;
  /** Packs anew in a folder of that name; `opened` counts the layers that were read from their zips. */
  run(name: string, cache?: LayerCache): Promise<{ packed: Packed; packedBytes: number }>;
  planned: PlannedLayer[];
}

async function bench(path: string): Promise<Bench> {
  const folder = join(path, "cache");
  const { fetched } = await smallFetched(path);
  const cache = layerCache({ folder, program: PROGRAM, level: 12 });
  return {
    folder,
    cache,
    planned: await planLayers(fetched.units, { tiles: fetched.log?.tiles }),
    async run(name, from = cache) {
      let packedBytes = 0;
      const onBytes = (bytes: number): void => void (packedBytes += bytes);
      const press = layerPress({ workDir: join(path, name), cache: from, onBytes });
      return { packed: await pack(fetched, press), packedBytes };
    },
  };
}

describe("layers of before", () => {
  it("are taken again, byte by byte, and nothing is packed", async () => {
    await using folder = await temporaryFolder();
    const { run } = await bench(folder.path);
    const first = await run("one");
    expect(first.packedBytes).toBeGreaterThan(0);
    const second = await run("two");
    expect(second.packedBytes).toBe(0);
    expect(second.packed.contents).toEqual(first.packed.contents);
    for (const [i, { file }] of second.packed.layers.entries()) {
      expect(await readFile(file)).toEqual(await readFile(first.packed.layers[i]?.file ?? ""));
    }
  });

  it("stay with the build that took them when the cache is emptied meanwhile", async () => {
    await using folder = await temporaryFolder();
    const { run, folder: cache } = await bench(folder.path);
    await run("one");
    const { packed } = await run("two");
    await rm(cache, { recursive: true });
    for (const { file, layer } of packed.layers) expect((await stat(file)).size).toBe(layer.size);
  });

  it("are not those of another goferry, another compressor or another level", async () => {
    await using folder = await temporaryFolder();
    const { run, folder: cache } = await bench(folder.path);
    const { packedBytes } = await run("one");
    const others = [
      layerCache({ folder: cache, program: "goferry/2, Node v1", level: 12 }),
      layerCache({ folder: cache, program: "goferry/1, Node v2", level: 12 }),
      layerCache({ folder: cache, program: PROGRAM, level: 19 }),
    ];
    for (const [i, other] of others.entries()) {
      expect((await run(`other-${i}`, other)).packedBytes).toBe(packedBytes);
    }
  });

  it.each(["is damaged", "is cut", "is gone"])("are made anew where the blob %s", async (how) => {
    await using folder = await temporaryFolder();
    const { run, folder: cache } = await bench(folder.path);
    const { packed } = await run("one");
    const [first] = packed.contents.layers;
    if (first === undefined) throw new Error("no layer");
    const blob = blobFile(cache, first.digest);
    const bytes = await readFile(blob);
    await rm(blob);
    const bad = Buffer.from(bytes);
    bad.writeUInt8(bad.readUInt8(30) ^ 1, 30);
    if (how !== "is gone") await writeFile(blob, how === "is cut" ? bytes.subarray(0, 30) : bad);
    const again = await run("two");
    expect(again.packedBytes).toBe(first.tarSize);
    expect(again.packed.contents).toEqual(packed.contents);
    expect(await readFile(blob)).toEqual(bytes);
  });

  it("are not kept of units that turned out to be others", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "cache");
    const { fetched } = await smallFetched(folder.path);
    const unit = fetched.units.find(({ kind }) => kind === "module");
    if (unit?.kind !== "module") throw new Error("no module");
    unit.h1 = `h1:${"A".repeat(43)}=`;
    const cache = layerCache({ folder: path, program: PROGRAM, level: 12 });
    const press = layerPress({ workDir: join(folder.path, "work"), cache });
    await expect(pack(fetched, press)).rejects.toMatchObject({ code: "HASH_MISMATCH" });
    await expect(readdir(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("may be kept by two builds at once", async () => {
    await using folder = await temporaryFolder();
    const { run } = await bench(folder.path);
    const [one, two] = await Promise.all([run("one"), run("two")]);
    expect(two.packed.contents).toEqual(one.packed.contents);
    expect((await run("three")).packedBytes).toBe(0);
  });

  it("are found in what a killed build left, or made anew", async () => {
    await using folder = await temporaryFolder();
    const { run, folder: cache, planned } = await bench(folder.path);
    const { packed, packedBytes } = await run("one");
    // Killed between blob and record, and in the middle of a record.
    const names = await readdir(cache);
    const records = names.filter((name) => name.endsWith(".json"));
    expect(records).toHaveLength(planned.length);
    await rm(join(cache, records[0] ?? ""));
    await mkdir(cache, { recursive: true });
    await writeFile(join(cache, `${records[0]}.0b7c.part`), "half");
    const again = await run("two");
    expect(again.packed.contents).toEqual(packed.contents);
    expect(again.packedBytes).toBeGreaterThan(0);
    expect(again.packedBytes).toBeLessThan(packedBytes);
  });
});
