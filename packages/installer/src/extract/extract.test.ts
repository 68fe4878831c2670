import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashLines, unitName, type GoferryError } from "@goferry/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { picture } from "../../../../test/kit/host-root.ts";
import { scriptedToolchain, layeredBundle, type LayeredBundle } from "../../../../test/kit/layered-bundle.ts";
import { canMount, smallDisk } from "../../../../test/kit/small-disk.ts";
import { extractLayers, type ExtractOptions } from "./extract.ts";

const mounts = await canMount();

let folder: string;
let out: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "goferry-extract-"));
  out = join(folder, "out");
  await mkdir(out);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const module = (name: string, bytes = 100) => ({
  path: `example.com/${name}`,
  version: "v1.0.0",
  files: { "go.mod": `module example.com/${name}\n`, data: randomBytes(bytes) },
});

const toolchain = scriptedToolchain("1.27.1", "linux/amd64", { "pkg/tool/linux_amd64/vet": "vet" });

function extract(
  bundle: LayeredBundle,
  options: Partial<ExtractOptions> & { cores?: number } = {},
): ReturnType<typeof extractLayers> {
  const layers = [...bundle.contents.layers.keys()];
  return extractLayers(bundle, {
    folder: out,
    layers,
    units: bundle.contents.units,
    zips: true,
    sync: false,
    cores: 2,
    ...options,
  });
}

/** The names of what was unpacked, without the zips that were made. */
function treesOf(kept: ReadonlyMap<string, unknown>): string[] {
  return [...kept.keys()].filter((name) => !name.endsWith(".zip"));
}

/** Changes one byte of the file that the layers are in. */
async function damage({ file }: LayeredBundle, offset: number): Promise<void> {
  const bytes = await readFile(file);
  bytes.writeUInt8((bytes[offset] ?? 0) ^ 0x10, offset);
  await writeFile(file, bytes);
}

async function expectNoMoreWriting(): Promise<void> {
  const left = picture(out);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(picture(out)).toEqual(left);
}

describe("extractLayers", () => {
  it("unpacks every layer and gives the proven text of every unit", async () => {
    await using bundle = await layeredBundle(folder, {
      toolchains: [toolchain],
      modules: [[module("a")], [module("b"), { path: "example.com/c", version: "v0.1.0" }]],
    });
    let bytes = 0;
    const kept = await extract(bundle, { onBytes: (count) => (bytes += count) });
    const units = bundle.contents.units.filter(({ kind }) => kind !== "gomod");
    expect(treesOf(kept).toSorted()).toEqual(units.map(unitName).toSorted());
    for (const unit of units)
      expect("h1" in unit && unit.h1).toBe(hashLines(kept.get(unitName(unit))?.lines ?? ""));
    expect(bytes).toBe(bundle.contents.layers.reduce((sum, { size }) => sum + size, 0));
    expect(Object.keys(picture(out))).toEqual(
      expect.arrayContaining([
        "sdk/go1.27.1/bin/go",
        "sdk/go1.27.1/pkg/tool/linux_amd64/vet",
        "mod/example.com/b@v1.0.0/data",
      ]),
    );
  });

  it("gives the same whatever the number of threads", async () => {
    const modules = Array.from({ length: 5 }, (_, i) => [module(`m${i}`, 2000)]);
    await using bundle = await layeredBundle(folder, { toolchains: [toolchain], modules });
    await extract(bundle, { cores: 1 });
    const alone = picture(out);
    const other = join(folder, "other");
    await mkdir(other);
    await extract(bundle, { cores: 64, folder: other });
    expect(picture(other)).toEqual(alone);
  });

  it("unpacks only the layers that it is asked for", async () => {
    await using bundle = await layeredBundle(folder, {
      toolchains: [toolchain],
      modules: [[module("a")], [module("b")]],
    });
    const units = bundle.contents.units.filter(({ path }) => path === "example.com/b");
    const kept = await extract(bundle, { layers: [3], units });
    expect(treesOf(kept)).toEqual(["example.com/b@v1.0.0"]);
    expect(await readdir(out)).toEqual(["mod"]);
    expect(await readdir(join(out, "mod", "example.com"))).toEqual(["b@v1.0.0"]);
  });

  it("reads a layer of modules whole and leaves out those that it is not asked for", async () => {
    const nested = { ...module("d/nested"), files: { "sub/@at.txt": "x", "go.mod": "module x\n" } };
    const empty = { ...module("empty"), files: {} };
    const lone = { path: "example.com/lone", version: "v1.0.0" };
    await using bundle = await layeredBundle(folder, {
      toolchains: [toolchain],
      modules: [[module("a"), module("b"), nested, empty, module("c"), lone]],
    });
    const wanted = ["example.com/d/nested", "example.com/empty", "example.com/lone"];
    const units = bundle.contents.units.filter(({ path }) => wanted.includes(path));
    const kept = await extract(bundle, { layers: [2], units });
    expect(treesOf(kept).toSorted()).toEqual(["example.com/d/nested@v1.0.0", "example.com/empty@v1.0.0"]);
    const found = await readdir(out, { recursive: true, withFileTypes: true });
    const files = found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
    const download = (name: string, ...ends: string[]): string[] =>
      ends.map((end) => join(out, "mod/cache/download/example.com", name, `@v/v1.0.0.${end}`));
    expect(files.toSorted()).toEqual(
      [
        ...download("d/nested", "info", "mod", "zip", "ziphash"),
        ...download("empty", "info", "mod", "zip", "ziphash"),
        ...download("lone", "info", "mod"),
        join(out, "mod/example.com/d/nested@v1.0.0/go.mod"),
        join(out, "mod/example.com/d/nested@v1.0.0/sub/@at.txt"),
      ].toSorted(),
    );

    const [start = 0] = bundle.layerOffsets.slice(2);
    await damage(bundle, start + (bundle.contents.layers[2]?.size ?? 0) - 1);
    await rm(out, { recursive: true });
    await mkdir(out);
    await expect(extract(bundle, { layers: [2], units })).rejects.toMatchObject({ code: "CHUNK_MISMATCH" });
  });

  it("does nothing for no layers", async () => {
    await using bundle = await layeredBundle(folder, { modules: [[module("a")]] });
    expect(await extract(bundle, { layers: [], units: [] })).toEqual(new Map());
    expect(await readdir(out)).toEqual([]);
  });

  it("fails as the thread did, with code, subject, expected, found and next step, and the threads are gone", async () => {
    await using bundle = await layeredBundle(folder, {
      modules: [[module("a", 3_000_000)], [module("b", 3_000_000)]],
    });
    const [layer] = bundle.contents.layers;
    await damage(bundle, (layer?.size ?? 0) + 2_000_000);
    const error = await extract(bundle).catch((caught: unknown) => caught as GoferryError);
    expect(error).toMatchObject({
      code: "CHUNK_MISMATCH",
      subject: expect.stringContaining(`bytes ${(layer?.size ?? 0) + (1 << 20)} to `),
      expected: expect.stringMatching(/^[0-9a-f]{64}$/),
      found: expect.stringMatching(/^[0-9a-f]{64}$/),
      next: expect.any(String),
    });
    await expectNoMoreWriting();
  });

  it("refuses a toolchain one of whose layers is not among those that are unpacked", async () => {
    await using bundle = await layeredBundle(folder, { toolchains: [toolchain] });
    await expect(extract(bundle, { layers: [1] })).rejects.toMatchObject({
      code: "HASH_MISMATCH",
      subject: "golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64",
    });
  });

  it("reads from the descriptor that was opened, whatever has the name now", async () => {
    await using bundle = await layeredBundle(folder, { modules: [[module("a")]] });
    await rm(bundle.file);
    await writeFile(bundle.file, "something else");
    expect(treesOf(await extract(bundle))).toHaveLength(2);
  });

  it("says so when the bundle got shorter meanwhile", async () => {
    await using bundle = await layeredBundle(folder, { modules: [[module("a", 3_000_000)]] });
    await truncate(bundle.file, 2_000_000);
    await expect(extract(bundle)).rejects.toMatchObject({ code: "BUNDLE_MALFORMED", subject: bundle.file });
  });

  it("stops when it is interrupted, and nothing is written any more", async () => {
    const modules = Array.from({ length: 4 }, (_, i) => [module(`m${i}`, 8_000_000)]);
    await using bundle = await layeredBundle(folder, { modules });
    const control = new AbortController();
    const reason = new Error("Ctrl-C");
    let bytes = 0;
    const onBytes = (count: number): void => {
      bytes += count;
      if (bytes > 4_000_000) control.abort(reason);
    };
    await expect(extract(bundle, { signal: control.signal, onBytes })).rejects.toBe(reason);
    await expectNoMoreWriting();
    expect(Object.keys(picture(out)).filter((name) => name.endsWith(".zip")).length).toBeLessThan(4);
  });

  it("does not begin when it is interrupted already", async () => {
    await using bundle = await layeredBundle(folder, { modules: [[module("a", 3_000_000)]] });
    const reason = new Error("Ctrl-C");
    await expect(extract(bundle, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("fails, and does not hang, when a thread cannot be started", async () => {
    await using bundle = await layeredBundle(folder, { modules: [[module("a")]] });
    await expect(extract(bundle, { workerSource: "throw new Error('no such thing')" })).rejects.toMatchObject(
      {
        code: "INTERNAL",
        found: expect.stringContaining("no such thing"),
      },
    );
    await expect(
      extract(bundle, {
        workerSource: "require('node:worker_threads').parentPort.once('message', () => process.exit(3))",
      }),
    ).rejects.toMatchObject({ code: "INTERNAL", found: expect.stringContaining("code 3") });
  });

  it.skipIf(!mounts)("says that the disk is full", async () => {
    await using disk = await smallDisk({ size: "1m" });
    await using bundle = await layeredBundle(folder, {
      modules: [[module("a", 700_000)], [module("b", 700_000)]],
    });
    await expect(extract(bundle, { folder: disk.path })).rejects.toMatchObject({
      code: "DISK_FULL",
      subject: expect.stringContaining(disk.path),
      found: expect.stringMatching(/^ENOSPC: \d+ bytes and \d+ inodes free/u),
    });
  });
});
