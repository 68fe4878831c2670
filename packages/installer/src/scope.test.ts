// What --dry-run says will change is what changes, and nothing else: the whole machine is looked at before and after.

import { chmod, mkdir, readdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { installBench, MODULE_A, scriptedGo, type InstallBench } from "../../../test/kit/install-bench.ts";
import { treeContents, treeDifference, type Tree } from "../../../test/kit/tree.ts";
import { isBelow } from "./fs.ts";
import { collectGarbage } from "./gc.ts";
import { repair } from "./repair/repair.ts";
import { rollback } from "./rollback.ts";
import type { ScopeEntry } from "./scope.ts";
import { uninstallAll } from "./uninstall-all.ts";
import { uninstall } from "./uninstall.ts";
import { useVersion } from "./use.ts";

const USER = { uid: 1000 };
const B = { path: "example.com/b", version: "v1.1.0", files: { "go.mod": "module example.com/b\n" } };
const LONE = { path: "example.com/lone", version: "v0.1.0" };

/** Dry, with nothing changed, and then for real. */
async function expectScope(
  bench: InstallBench,
  dry: () => Promise<{ scope?: ScopeEntry[] }>,
  real: () => Promise<unknown>,
): Promise<ScopeEntry[]> {
  const before = await treeContents(bench.path);
  const { scope = [] } = await dry();
  expect(treeDifference(before, await treeContents(bench.path))).toEqual([]);
  await real();
  const after = await treeContents(bench.path);
  const changed = treeDifference(before, after).map((name) => join(bench.path, name));
  expect(changed.filter((path) => !isTold(path, scope, { before, after, top: bench.path }))).toEqual([]);
  expect(scope.filter(({ path }) => !changed.some((each) => each === path || isBelow(path, each)))).toEqual(
    [],
  );
  expect(new Set(scope.map(({ path }) => path)).size).toBe(scope.length);
  return scope;
}

/** Listed, below a folder that is, or a folder that was made or removed for one that is. */
function isTold(
  path: string,
  scope: readonly ScopeEntry[],
  { before, after, top }: { before: Tree; after: Tree; top: string },
): boolean {
  const name = path.slice(top.length + 1);
  const isFolder = [before[name], after[name]].every(
    (what) => what === undefined || what.startsWith("folder"),
  );
  return scope.some(
    (entry) =>
      entry.path === path ||
      (entry.kind === "folder" && entry.change !== "mode" && isBelow(entry.path, path)) ||
      (isFolder && isBelow(path, entry.path)),
  );
}

const brief = (scope: readonly ScopeEntry[], path: string): ScopeEntry | undefined =>
  scope.find((entry) => entry.path === path);

describe("the scope of a dry run is what changes", () => {
  it(
    "of install, use, rollback, uninstall, gc and repair, one after the other",
    { timeout: 120_000 },
    async () => {
      await using bench = await installBench();
      const { root } = bench;
      const host = bench.host(USER);
      const executablePath = join(bench.path, "goferry");
      await writeFile(executablePath, "goferry");
      await writeFile(join(bench.home, ".profile"), "umask 022\n");
      await mkdir(join(bench.home, ".config", "fish"), { recursive: true });
      const one = await bench.bundle({ name: "one", modules: [[MODULE_A, LONE]], tiles: {} });
      const two = await bench.bundle({
        name: "two",
        toolchains: [scriptedGo("1.26.8")],
        modules: [[{ ...MODULE_A, version: "v1.2.0" }, B]],
        tiles: {},
      });

      const first = await expectScope(
        bench,
        () => bench.install(one, { path: "profile", dryRun: true }, { ...USER, executablePath }),
        () => bench.install(one, { path: "profile" }, { ...USER, executablePath }),
      );
      expect(brief(first, join(root, "sdk/go1.27.1"))).toMatchObject({
        change: "make",
        kind: "folder",
        files: 6,
      });
      expect(brief(first, join(root, "bin/go"))).toMatchObject({ change: "make", kind: "link" });
      expect(brief(first, join(bench.home, ".profile"))).toMatchObject({
        change: "replace",
        lines: { removed: [], added: expect.arrayContaining(["# >>> goferry >>>"]) },
      });

      const second = await expectScope(
        bench,
        () => bench.install(two, { direct: ["git.example.com"], zips: false, dryRun: true }, USER),
        () => bench.install(two, { direct: ["git.example.com"], zips: false }, USER),
      );
      expect(brief(second, join(root, "sdk/go1.27.1/go.env"))).toMatchObject({
        change: "replace",
        lines: {
          removed: ["GONOPROXY=none", "GONOSUMDB="],
          added: ["GONOPROXY=git.example.com", "GONOSUMDB=git.example.com"],
        },
      });

      const used = await expectScope(
        bench,
        () => useVersion(host, { root, version: "1.26.8", dryRun: true }),
        () => useVersion(host, { root, version: "1.26.8" }),
      );
      expect(used.map(({ path }) => path.slice(root.length + 1))).toEqual([
        "current",
        "state/state.json",
        "state/generations/3.json",
        "state/audit.jsonl",
      ]);
      await expectScope(
        bench,
        () => rollback(host, { root, generation: 1, dryRun: true }),
        () => rollback(host, { root, generation: 1 }),
      );
      await rollback(host, { root, generation: 2 });
      await expectScope(
        bench,
        () => uninstall(host, { root, what: { bundle: "two" }, dryRun: true }),
        () => uninstall(host, { root, what: { bundle: "two" } }),
      );
      await expectScope(
        bench,
        () => collectGarbage(host, { root, keep: 1, dryRun: true }),
        () => collectGarbage(host, { root, keep: 1 }),
      );

      await unlink(join(root, "bin/gofmt"));
      await writeFile(join(root, "bin/evil"), "");
      await writeFile(join(root, "sdk/go1.27.1/VERSION"), "go9.9.9\n");
      await unlink(join(root, "mod/example.com/!a@v1.0.0/a.go"));
      await chmod(join(root, "sdk/go1.27.1/src"), 0o777);
      await chmod(join(root, "sdk/go1.27.1/bin/go"), 0o777);
      await writeFile(join(bench.home, ".profile"), "umask 077\n");
      const bundle = { opened: one, file: "one.tar" };
      await expectScope(
        bench,
        () => repair(host, { root, bundle, dryRun: true }),
        () => repair(host, { root, bundle }),
      );

      await writeFile(join(root, "own.txt"), "mine");
      await expectScope(
        bench,
        () => uninstallAll(host, { root, dryRun: true }),
        () => uninstallAll(host, { root }),
      );
    },
  );

  it("with start-up files: of a repair of what is kept to compare with, and of uninstalling the current version", async () => {
    await using bench = await installBench();
    const { root } = bench;
    const executablePath = join(bench.path, "goferry");
    await writeFile(executablePath, "goferry");
    await writeFile(join(bench.home, ".profile"), "umask 022\n");
    const host = bench.host({ ...USER, executablePath });
    const one = await bench.bundle({ toolchains: [scriptedGo("1.27.1"), scriptedGo("1.26.8")], tiles: {} });
    await bench.install(one, { path: "profile" }, { ...USER, executablePath });

    const units = join(root, "state/units");
    // Who mends that of goferry writes bin/goferry too, with the bytes that it has.
    const lists = (await readdir(units, { recursive: true })).filter(
      (name) => name.endsWith(".sums") && name !== "goferry.sums",
    );
    for (const name of lists) await writeFile(join(units, name), "");
    const bundle = { opened: one, file: "one.tar" };
    await expectScope(
      bench,
      () => repair(host, { root, bundle, dryRun: true }),
      () => repair(host, { root, bundle }),
    );

    const gone = await expectScope(
      bench,
      () => uninstall(host, { root, what: { version: "1.27.1" }, dryRun: true }),
      () => uninstall(host, { root, what: { version: "1.27.1" } }),
    );
    expect(brief(gone, join(root, "current"))).toMatchObject({ change: "replace", kind: "link" });
    expect(gone.filter(({ path }) => isBelow(bench.home, path))).toEqual([]);
  });

  it("of an install of Go alone, and then of the modules", async () => {
    await using bench = await installBench();
    const bundle = await bench.bundle({ tiles: {} });
    for (const modules of ["none", "all"] as const) {
      const select = { go: "all", modules } as const;
      await expectScope(
        bench,
        () => bench.install(bundle, { select, dryRun: true }, USER),
        () => bench.install(bundle, { select }, USER),
      );
    }
  });
});
