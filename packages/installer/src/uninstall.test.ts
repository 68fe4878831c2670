// Taking a version or a bundle out of a root: a switch like any other, that can be gone back from.

import { spawn } from "node:child_process";
import { copyFile, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { installBench, MODULE_A, scriptedGo, type InstallBench } from "../../../test/kit/install-bench.ts";
import { treeContents, treeDifference } from "../../../test/kit/tree.ts";
import { checkRoot } from "./check/check.ts";
import { collectGarbage } from "./gc.ts";
import { rollback } from "./rollback.ts";
import { uninstall, type Uninstallable } from "./uninstall.ts";

const B = { path: "example.com/b", version: "v1.1.0", files: { "go.mod": "module example.com/b\n" } };
const A2 = { ...MODULE_A, version: "v1.2.0" };

/** Two bundles, with a Go version and a module of their own each, and a module that both have. */
async function installed(): Promise<InstallBench> {
  const bench = await installBench();
  await bench.install(await bench.bundle({ name: "one", modules: [[MODULE_A, B]], tiles: {} }));
  const two = { name: "two", toolchains: [scriptedGo("1.26.8")], modules: [[A2, B]], tiles: {} };
  await bench.install(await bench.bundle(two));
  return bench;
}

const take = (bench: InstallBench, what: Uninstallable, dryRun = false) =>
  uninstall(bench.host(), { root: bench.root, what, dryRun });

async function expectClean(bench: InstallBench): Promise<void> {
  const checked = await checkRoot(bench.host(), { root: bench.root, depth: "full" });
  expect(checked.differences).toEqual([]);
}

describe("uninstall", () => {
  it("takes one version out, keeps its files until gc, and can be gone back from", async () => {
    await using bench = await installed();
    const before = await bench.look();
    const { scope: _, ...dry } = await take(bench, { version: "1.27.1" }, true);
    expect(treeDifference(before, await bench.look())).toEqual([]);
    const done = await take(bench, { version: "1.27.1" });
    expect(done).toEqual({ ...dry, generation: 3 });
    expect(done).toMatchObject({
      previous: "1.27.1",
      current: "1.26.8",
      removed: { sdks: ["1.27.1"], modules: [], bundles: [] },
      findings: [],
    });
    expect(done.freeable).toBeGreaterThan(500);
    const after = await bench.look();
    expect(after["bin/go1.27.1"]).toBeUndefined();
    expect(after["sdk/go1.27.1/VERSION"]).toBe(before["sdk/go1.27.1/VERSION"]);
    expect(await readlink(join(bench.root, "current"))).toBe("sdk/go1.26.8");
    await expectClean(bench);
    await rollback(bench.host(), { root: bench.root });
    const back = treeDifference(before, await bench.look()).filter((name) => !name.startsWith("state"));
    expect(back).toEqual([]);
    await expectClean(bench);
  });

  it("takes out what only one bundle brought, from lists and lookups too", async () => {
    await using bench = await installed();
    const done = await take(bench, { bundle: "two" });
    expect(done.removed).toMatchObject({ sdks: ["1.26.8"], modules: ["example.com/A@v1.2.0"] });
    const download = join(bench.root, "mod/cache/download");
    expect(await readFile(join(download, "example.com/!a/@v/list"), "utf8")).toBe("v1.0.0\n");
    expect(await readFile(join(download, "example.com/b/@v/list"), "utf8")).toBe("v1.1.0\n");
    await expectClean(bench);
    const freed = await collectGarbage(bench.host(), { root: bench.root, keep: 1 });
    expect(freed).toMatchObject({ sdks: ["1.26.8"], modules: ["example.com/A@v1.2.0"] });
    await expectClean(bench);
    const names = Object.keys(await bench.look()).filter((name) => /1\.26\.8|v1\.2\.0/.test(name));
    expect(names).toEqual([]);
  });

  it("takes the links of a machine along with the last version", async () => {
    await using bench = await installBench();
    const machineFolders = { etc: join(bench.path, "etc"), bin: join(bench.path, "usr", "bin") };
    const facts = { uid: 0, home: undefined, env: {}, machineFolders };
    await bench.install(await bench.bundle(), { path: "profile" }, facts);
    expect(Object.keys(await treeContents(machineFolders.bin))).toEqual(["", "go", "gofmt"]);
    const done = await uninstall(bench.host(facts), { root: bench.root, what: { version: "1.27.1" } });
    expect(done.current).toBeNull();
    expect(await treeContents(machineFolders.bin)).toEqual({});
    await expectClean(bench);
  });

  it("says that a go of that version is at work, which goes on", async () => {
    await using bench = await installed();
    const sleep = join(bench.root, "sdk/go1.26.8/bin/sleep");
    await copyFile("/bin/sleep", sleep);
    const child = spawn(sleep, ["60"], { stdio: "ignore" });
    try {
      await new Promise((resolve) => child.once("spawn", resolve));
      const { findings } = await take(bench, { version: "1.26.8" });
      expect(findings).toMatchObject([
        { code: "GO_RUNNING", found: expect.stringContaining(`${child.pid}`) },
      ]);
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill();
    }
    await rm(sleep);
  });

  it("refuses what is not there", async () => {
    await using bench = await installed();
    await expect(take(bench, { version: "1.20.1" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      expected: "one of 1.27.1, 1.26.8",
    });
    await expect(take(bench, { bundle: "three" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      expected: "one of one, two",
    });
  });
});
