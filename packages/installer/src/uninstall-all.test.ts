// Removing everything, from roots of every kind. That it can be killed anywhere is shown in transaction/faults.test.ts.

import {
  appendFile,
  copyFile,
  cp,
  lstat,
  mkdir,
  readFile,
  readlink,
  rename,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { picture } from "../../../test/kit/host-root.ts";
import { installBench, scriptedGo, type InstallBench } from "../../../test/kit/install-bench.ts";
import { treeContents } from "../../../test/kit/tree.ts";
import { checkRoot } from "./check/check.ts";
import { repair } from "./repair/repair.ts";
import { uninstall } from "./uninstall.ts";
import { uninstallAll } from "./uninstall-all.ts";

const PROFILE = "umask 022\nexport TOKEN=x";

/** A user with start-up files, of which one did not end in a line feed, and a machine. */
async function prepared(): Promise<InstallBench> {
  const bench = await installBench();
  await writeFile(join(bench.home, ".profile"), PROFILE, { mode: 0o600 });
  await mkdir(join(bench.home, ".config", "fish"), { recursive: true });
  return bench;
}

/** Somebody who is not root. */
const USER = { uid: 1000 };

const options = (bench: InstallBench) => ({ root: bench.root });

describe("uninstallAll", () => {
  it("leaves every file as it was before the first installation, byte for byte, and no folder more", async () => {
    await using bench = await prepared();
    const bundle = await bench.bundle({ tiles: {} });
    const newer = await bench.bundle({ toolchains: [scriptedGo("1.26.8")], serial: 1_700_000_001 });
    const executablePath = join(bench.path, "goferry");
    await writeFile(executablePath, "goferry");
    const before = await treeContents(bench.path);
    await bench.install(bundle, { path: "profile" }, { ...USER, executablePath });
    await bench.install(newer, { path: "profile" }, USER);
    expect(await readFile(join(bench.home, ".profile"), "utf8")).toContain("# >>> goferry");
    const { scope: _, ...dry } = await uninstallAll(bench.host(USER), { ...options(bench), dryRun: true });
    const done = await uninstallAll(bench.host(USER), options(bench));
    expect(done).toEqual(dry);
    expect(done).toMatchObject({ root: bench.root, left: [], rootGoes: true, findings: [] });
    expect(done.removed).toMatchObject({ sdks: ["1.26.8", "1.27.1"], modules: 1 });
    expect(await treeContents(bench.path)).toEqual(before);
    await expect(uninstallAll(bench.host(), options(bench))).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await treeContents(bench.path)).toEqual(before);
  });

  it("takes links of a machine away, and gives those of another root back", async () => {
    await using bench = await prepared();
    const machineFolders = { etc: join(bench.path, "etc"), bin: join(bench.path, "usr", "bin") };
    const facts = { uid: 0, home: undefined, env: {}, machineFolders };
    const bundle = await bench.bundle();
    const before = await treeContents(bench.path);
    await bench.install(bundle, { path: "profile" }, facts);
    const first = await treeContents(machineFolders.bin);
    const other = join(bench.path, "srv");
    await bench.install(bundle, { path: "profile", root: other }, facts);
    expect(await readlink(join(machineFolders.bin, "go"))).toBe(join(other, "bin", "go"));
    await uninstallAll(bench.host(facts), { root: other });
    expect(await treeContents(machineFolders.bin)).toEqual(first);
    await uninstallAll(bench.host(facts), options(bench));
    expect(await treeContents(bench.path)).toEqual(before);
  });

  it("takes only what is ours out of what others changed since, and says so", async () => {
    await using bench = await prepared();
    await bench.install(await bench.bundle(), { path: "profile" }, USER);
    await appendFile(join(bench.home, ".profile"), "alias ll='ls -l'\n");
    const fish = join(bench.home, ".config/fish/conf.d/goferry.fish");
    await writeFile(fish, `${await readFile(fish, "utf8")}set x 1\n`);
    const { findings } = await uninstallAll(bench.host(), options(bench));
    expect(findings.map(({ code, subject }) => [code, subject])).toEqual([
      ["OUTSIDE_CHANGED", fish],
      ["OUTSIDE_CHANGED", join(bench.home, ".profile")],
    ]);
    expect(await readFile(join(bench.home, ".profile"), "utf8")).toBe(`${PROFILE}\nalias ll='ls -l'\n`);
    expect(await readFile(fish, "utf8")).toBe("set x 1\n");
  });

  it("leaves links and files that somebody has put in the place of ours", async () => {
    await using bench = await prepared();
    const machineFolders = { etc: join(bench.path, "etc"), bin: join(bench.path, "usr", "bin") };
    const facts = { uid: 0, home: undefined, env: {}, machineFolders };
    await bench.install(await bench.bundle(), { path: "profile" }, facts);
    await unlink(join(machineFolders.bin, "go"));
    await symlink("/usr/lib/go/bin/go", join(machineFolders.bin, "go"));
    await writeFile(join(machineFolders.etc, "profile.d/goferry.sh"), "# >>> goferry >>>\nhalf\n");
    const { findings } = await uninstallAll(bench.host(facts), options(bench));
    expect(findings.map(({ code }) => code)).toEqual(["OUTSIDE_CHANGED", "OUTSIDE_CHANGED"]);
    expect(await readlink(join(machineFolders.bin, "go"))).toBe("/usr/lib/go/bin/go");
    await expect(lstat(join(machineFolders.bin, "gofmt"))).rejects.toMatchObject({ code: "ENOENT" });
    expect(await readFile(join(machineFolders.etc, "profile.d/goferry.sh"), "utf8")).toContain("half");
  });

  it("names and leaves what it did not put there, in the root and in its trees", async () => {
    await using bench = await prepared();
    await mkdir(bench.root, { recursive: true });
    await bench.install(await bench.bundle({ tiles: {} }));
    const own = [
      "notes.txt",
      "sdk/go1.27.1/src/mine.go",
      "mod/example.com/!a@v1.0.0/mine.go",
      "mod/other@v1.0.0",
    ];
    for (const name of own) await writeFile(join(bench.root, name), "mine");
    await writeFile(join(bench.root, "mod/cache/download/example.com/!a/@v/v1.0.0.lock"), "");
    const { left, rootGoes } = await uninstallAll(bench.host(), options(bench));
    expect(left).toEqual(own.map((name) => join(bench.root, name)).toSorted());
    expect(rootGoes).toBe(false);
    const files = Object.entries(picture(bench.root)).filter(([, what]) => !what.startsWith("folder"));
    expect(files.map(([name]) => name)).toEqual(own.toSorted());
  });

  it("takes away a link that a folder of the root became, and nothing that it leads to", async () => {
    await using bench = await prepared();
    await bench.install(await bench.bundle(), {}, USER);
    const [sdk, elsewhere] = [join(bench.root, "sdk"), join(bench.path, "elsewhere")];
    await rename(sdk, elsewhere);
    await symlink(elsewhere, sdk);
    await writeFile(join(elsewhere, "theirs"), "");
    await writeFile(join(elsewhere, "go1.27.1", "extra"), "");
    const before = await treeContents(elsewhere);
    await uninstallAll(bench.host(USER), options(bench));
    expect(await treeContents(elsewhere)).toEqual(before);
    await expect(lstat(sdk)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("leaves the root's folder where it was there before", async () => {
    await using bench = await prepared();
    await mkdir(bench.root, { recursive: true });
    await bench.install(await bench.bundle());
    expect(await uninstallAll(bench.host(), options(bench))).toMatchObject({ left: [], rootGoes: false });
    expect(picture(bench.root)).toEqual({});
  });

  it("says which processes run a program of the root", async () => {
    await using bench = await prepared();
    await bench.install(await bench.bundle());
    const sleep = join(bench.root, "sdk/go1.27.1/bin/sleep");
    await copyFile("/bin/sleep", sleep);
    const child = spawn(sleep, ["60"], { stdio: "ignore" });
    try {
      await new Promise((resolve) => child.once("spawn", resolve));
      const { findings } = await uninstallAll(bench.host(), { ...options(bench), dryRun: true });
      expect(findings).toMatchObject([
        { code: "GO_RUNNING", found: expect.stringContaining(`pid ${child.pid}`) },
      ]);
    } finally {
      child.kill();
    }
  });
});

describe("a root that is not where it was made", () => {
  it("is refused by every command, copied or moved, and neither it nor the other one changes", async () => {
    await using bench = await prepared();
    const bundle = await bench.bundle();
    await bench.install(bundle, { path: "profile" }, USER);
    const copy = join(bench.path, "copy");
    await cp(bench.root, copy, { recursive: true, verbatimSymlinks: true });
    const before = await treeContents(bench.path);
    const host = bench.host(USER);
    for (const command of [
      () => uninstallAll(host, { root: copy }),
      () => uninstall(host, { root: copy, what: { version: "1.27.1" } }),
      () => checkRoot(host, { root: copy, depth: "quick" }),
      () => repair(host, { root: copy, bundle: { opened: bundle, file: "small.tar" } }),
    ]) {
      await expect(command()).rejects.toMatchObject({
        code: "ROOT_MOVED",
        expected: copy,
        found: bench.root,
        next: expect.stringContaining(`move it back to ${bench.root}`),
      });
    }
    expect(await treeContents(bench.path)).toEqual(before);
  });
});
