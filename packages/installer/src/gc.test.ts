import { lstat, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { installBench, MODULE_A, scriptedGo, type InstallBench } from "../../../test/kit/install-bench.ts";
import type { LayeredModule } from "../../../test/kit/layered-bundle.ts";
import { treeDifference, treeStamps } from "../../../test/kit/tree.ts";
import { collectGarbage, type Collected, type GcOptions } from "./gc.ts";
import { describeRoot } from "./list.ts";
import { rollback } from "./rollback.ts";

const A2: LayeredModule = { ...MODULE_A, version: "v1.2.0" };
const DEEP: LayeredModule = {
  path: "example.com/deep/er",
  version: "v1.1.0",
  files: { "go.mod": "module example.com/deep/er\n", "sub/a.go": "package sub\n" },
};

function gc(each: InstallBench, options: Partial<GcOptions> = {}): Promise<Collected> {
  return collectGarbage(each.host(), { root: each.root, keep: 1, ...options });
}

/** Generation 3 is what generation 1 was; generation 2 had more of everything. */
async function thereAndBack(each: InstallBench): Promise<void> {
  const old = scriptedGo("1.26.8");
  await each.install(await each.bundle({ toolchains: [old], serial: 1, tiles: {} }));
  const modules = [[MODULE_A, A2, DEEP]];
  const toolchains = [scriptedGo("1.27.1"), old];
  await each.install(await each.bundle({ toolchains, modules, serial: 2, tiles: {} }));
  await rollback(each.host(), { root: each.root });
}

describe("gc", () => {
  it("frees what only older generations have, down to empty folders, and leaves the rest alone", async () => {
    await using each = await installBench();
    await thereAndBack(each);
    const before = await each.look();
    const would = await gc(each, { dryRun: true });
    expect(would).toMatchObject({
      changed: true,
      generation: 3,
      generations: [1, 2],
      kept: [3],
      sdks: ["1.27.1"],
      modules: ["example.com/A@v1.2.0", "example.com/deep/er@v1.1.0"],
    });
    expect(await each.look()).toEqual(before);
    expect((await describeRoot(each.host(), each.root)).bytes.unneeded).toBe(would.bytes);

    const stamps = await treeStamps(each.root, "folders");
    const { scope, ...found } = would;
    expect(scope?.map(({ change }) => change)).toContain("remove");
    expect(await gc(each)).toMatchObject(found);
    expect(await readdir(join(each.root, "sdk"))).toEqual(["go1.26.8"]);
    expect(await readdir(join(each.root, "mod/example.com"))).toEqual(["!a@v1.0.0"]);
    expect(await readdir(join(each.root, "mod/cache/download/example.com"))).toEqual(["!a"]);
    expect(await readdir(join(each.root, "mod/cache/download/example.com/!a/@v"))).toEqual([
      "list",
      "v1.0.0.info",
      "v1.0.0.mod",
      "v1.0.0.zip",
      "v1.0.0.ziphash",
    ]);
    expect(await readdir(join(each.root, "state/units/example.com"))).toEqual([
      "!a@v1.0.0.sums",
      "!a@v1.0.0.zip.sums",
    ]);
    expect(await readdir(join(each.root, "state/generations"))).toEqual(["3.json"]);
    expect(await readFile(join(each.root, "state/generations/3.json"))).toEqual(
      await readFile(join(each.root, "state/state.json")),
    );
    // What stays has not been touched.
    const after = await treeStamps(each.root, "folders");
    const changed = treeDifference(stamps, after).filter((name) => after[name] !== undefined);
    expect(changed).toEqual(["state/audit.jsonl", "state/generations/3.json", "state/state.json"]);
    const [, , , line] = (await readFile(join(each.root, "state/audit.jsonl"), "utf8")).split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({
      action: "gc",
      subject: "2 generations, go1.27.1, 2 module versions",
    });
    expect(await gc(each)).toMatchObject({ changed: false, bytes: 0, kept: [3] });
  });

  it("says to the byte what the disk gets back, of what bundles brought", async () => {
    await using each = await installBench();
    await thereAndBack(each);
    const before = await bytesIn(each.root, /^(?:sdk|mod)\//u);
    const { bytes } = await gc(each, { dryRun: true });
    const files = await bytesIn(each.root, /^state\/generations\/[12]/u);
    await gc(each);
    // Only go.env grew since the bundle was made, by our settings.
    const grown = before - (await bytesIn(each.root, /^(?:sdk|mod)\//u)) - (bytes - files);
    expect(grown).toBeGreaterThan(0);
    expect(grown).toBeLessThan(600);
  });

  it("keeps what the generations that stay need, so that they can be gone back to", async () => {
    await using each = await installBench();
    await thereAndBack(each);
    expect(await gc(each, { keep: 2 })).toMatchObject({ generations: [1], kept: [2, 3], sdks: [] });
    expect(await rollback(each.host(), { root: each.root, generation: 2 })).toMatchObject({
      generation: 4,
      current: "1.27.1",
    });
    expect(await gc(each, { keep: 9 })).toMatchObject({ changed: false });
    expect(await gc(each)).toMatchObject({ generations: [2, 3], kept: [4], sdks: [], modules: [] });
    await expect(rollback(each.host(), { root: each.root })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("leaves what it did not put there", async () => {
    await using each = await installBench();
    await thereAndBack(each);
    const own = [
      "sdk/go1.25.0/VERSION",
      "mod/example.com/other@v1.0.0/a.go",
      "mod/cache/download/example.com/deep/er/@v/v9.0.0.info",
      "state/generations/notes.txt",
    ];
    for (const name of own) {
      await mkdir(dirname(join(each.root, name)), { recursive: true });
      await writeFile(join(each.root, name), "somebody's");
    }
    await gc(each);
    for (const name of own) expect(await readFile(join(each.root, name), "utf8")).toBe("somebody's");
    expect(await readdir(join(each.root, "mod/cache/download/example.com/deep/er/@v"))).toEqual([
      "v9.0.0.info",
    ]);
  });

  it("removes the file of a damaged generation, and refuses when it should be kept", async () => {
    await using each = await installBench();
    await thereAndBack(each);
    const file = join(each.root, "state/generations/2.json");
    await writeFile(file, "{");
    await expect(gc(each, { keep: 2 })).rejects.toMatchObject({ code: "STATE_DAMAGED", subject: file });
    expect(await gc(each)).toMatchObject({ changed: true, generations: [1, 2] });
    await expect(lstat(file)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("refuses to keep none, and makes no root of an empty folder", async () => {
    await using each = await installBench();
    await expect(gc(each, { keep: 0 })).rejects.toMatchObject({
      code: "ARGUMENT_INVALID",
      subject: "--keep",
    });
    expect(await gc(each)).toMatchObject({ changed: false, generation: 0 });
    await expect(readdir(each.root)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("the description of a root", () => {
  it("has its generations and sizes", async () => {
    await using each = await installBench();
    await thereAndBack(each);
    const { bytes, generations, state } = await describeRoot(each.host(), each.root);
    expect(generations).toMatchObject([
      { generation: 3, current: "1.26.8", change: { command: "rollback" }, modules: 1 },
      { generation: 2, current: "1.27.1", sdks: ["1.27.1", "1.26.8"], modules: 3 },
      { generation: 1, current: "1.26.8", change: { command: "install small.tar" }, modules: 1 },
    ]);
    expect(bytes.sdks).toBe(state.sdks[0]?.size);
    expect(bytes.zips).toBe(await bytesIn(each.root, /v1\.0\.0\.zip$/u));
    expect(bytes.modules).toBe(
      await bytesIn(each.root, /A@v1\.0\.0\/|!a@v1\.0\.0\/|v1\.0\.0\.(?:info|mod|ziphash)$/u),
    );
    // For somebody who may not change it, too.
    const other = await describeRoot(each.host({ uid: 4321 }), each.root);
    expect(other.generations).toEqual(generations);
    await rm(join(each.root, "state/generations"), { recursive: true });
    expect((await describeRoot(each.host(), each.root)).generations).toEqual([]);
  });
});

/** Bytes of content of the files whose names below the root match. */
async function bytesIn(root: string, names: RegExp): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(root, { recursive: true })) {
    const status = await lstat(join(root, name));
    if (status.isFile() && names.test(name)) bytes += status.size;
  }
  return bytes;
}
