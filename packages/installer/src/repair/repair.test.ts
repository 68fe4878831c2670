// Roots that were damaged in every way that a check tells, mended: afterwards every byte is as it was.

import { writeFileSync } from "node:fs";
import {
  chmod,
  chown,
  cp,
  mkdir,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { installBench, MODULE_A, scriptedGo, type InstallBench } from "../../../../test/kit/install-bench.ts";
import type { LayeredBundle } from "../../../../test/kit/layered-bundle.ts";
import { treeContents, treeDifference, type Tree } from "../../../../test/kit/tree.ts";
import { checkRoot, placeOf } from "../check/check.ts";
import { layout } from "../layout.ts";
import { readState } from "../transaction/state.ts";
import { planRepair } from "./plan.ts";
import { repair, type Repaired, type RepairOptions } from "./repair.ts";
import { stageRepair } from "./stage.ts";

const LONE = { path: "example.com/lone", version: "v0.1.0" };
const COPY = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
const USER = { uid: 1000 };
const AT_V = "mod/cache/download/example.com/!a/@v";
const SUMDB = "mod/cache/download/sumdb/sum.example.com";
/** What every transaction writes. */
const WRITTEN = /^state\/(?:state\.json|audit\.jsonl|generations\/1\.json|units\/goferry\.sums)$/;

let bench: InstallBench;
let bundle: LayeredBundle;
let before: Tree;
let home: Tree;

beforeAll(async () => {
  bench = await installBench();
  const executablePath = join(bench.path, "goferry");
  await writeFile(executablePath, "goferry");
  bundle = await bench.bundle({ modules: [[MODULE_A, LONE]], tiles: {} });
  await bench.install(bundle, { path: "profile" }, { ...USER, executablePath });
  before = await bench.look();
  home = await treeContents(bench.home);
  for (const name of ["root", "home"])
    await cp(name === "root" ? bench.root : bench.home, join(bench.path, `kept-${name}`), COPY);
}, 60_000);
beforeEach(async () => {
  await rm(bench.root, { recursive: true });
  await rm(bench.home, { recursive: true });
  await cp(join(bench.path, "kept-root"), bench.root, COPY);
  await cp(join(bench.path, "kept-home"), bench.home, COPY);
});
afterAll(() => bench[Symbol.asyncDispose]());

const at = (name: string): string => join(bench.root, name);

async function mend(options: Partial<RepairOptions> = {}): Promise<Repaired> {
  const executablePath = join(bench.path, "goferry");
  return await repair(bench.host({ ...USER, executablePath }), { root: bench.root, ...options });
}

const withBundle = () => ({ bundle: { opened: bundle, file: "small.tar" } });

async function expectAsBefore(): Promise<void> {
  const changed = treeDifference(before, await bench.look());
  expect(changed.filter((name) => !WRITTEN.test(name))).toEqual([]);
  expect(await treeContents(bench.home)).toEqual(home);
  for (const depth of ["full", "quick"] as const)
    expect(await checkRoot(bench.host(USER), { root: bench.root, depth })).toMatchObject({ differences: [] });
}

describe("repair", () => {
  it("does nothing where nothing is wrong", async () => {
    expect(await mend(withBundle())).toEqual({
      changed: false,
      root: bench.root,
      generation: 1,
      mended: [],
      left: [],
    });
    expect(await bench.look()).toEqual(before);
  });

  it("makes again without a bundle what follows from the state, and takes strangers away", async () => {
    await unlink(at("bin/go"));
    await unlink(at("bin/gofmt"));
    await mkdir(at("bin/gofmt"));
    await unlink(at("current"));
    await symlink("/usr", at("current"));
    await writeFile(at("sdk/go1.27.1/go.env"), "GOPROXY=https://evil.example.com\n");
    await writeFile(at(`${AT_V}/list`), "v9.9.9\n");
    await rm(at(`${AT_V}/v1.0.0.info`));
    await rm(at(`${SUMDB}/lookup`), { recursive: true });
    await writeFile(at("bin/goferry"), "evil");
    await writeFile(at("bin/evil"), "");
    await mkdir(at("mod/example.com/!a@v1.0.0/evil"));
    await chmod(at("sdk/go1.27.1/bin/go"), 0o4777);
    await chmod(at("sdk/go1.27.1/VERSION"), 0o666);
    await chmod(at("sdk/go1.27.1/src"), 0o777);
    await chmod(at(`${AT_V}/v1.0.0.ziphash`), 0o666);
    if (process.getuid?.() === 0) await chown(at("sdk/go1.27.1/src/go.mod"), 65_534, 65_534);
    await writeFile(join(bench.home, ".profile"), "");
    const { scope: _, ...dry } = await mend({ dryRun: true });
    const done = await mend();
    expect(done).toEqual({ ...dry, changed: true });
    expect(done).toMatchObject({ generation: 1, left: [] });
    expect(await readFile(join(bench.home, ".profile"), "utf8")).toContain("# >>> goferry");
    await rm(join(bench.home, ".profile"));
    await cp(join(bench.path, "kept-home"), bench.home, COPY);
    await expectAsBefore();
    expect(await readFile(at("state/audit.jsonl"), "utf8")).toMatch(
      /"action":"repair","subject":"\d+ files"/u,
    );
  });

  it("gives files of the right content their time again, which an installation goes by", async () => {
    const touched = ["sdk/go1.27.1/bin/go", "mod/example.com/!a@v1.0.0/a.go", `${AT_V}/v1.0.0.zip`];
    for (const name of touched) await utimes(at(name), 1, 1);
    await chmod(at("sdk/go1.27.1/bin/go"), 0o777);
    const later = await bench.bundle({ toolchains: [scriptedGo("1.28.0")], name: "later" });
    await expect(bench.install(later, {}, USER)).rejects.toMatchObject({ code: "GENERATION_BROKEN" });
    const { scope = [] } = await mend({ dryRun: true });
    expect(scope.filter(({ change }) => change === "time").map(({ path }) => path)).toEqual(
      touched.slice(1).map(at),
    );
    const done = await mend();
    expect(done).toMatchObject({ changed: true, left: [] });
    expect(done.mended.filter(({ aspect }) => aspect === "time")).toHaveLength(3);
    await expectAsBefore();
    expect(await mend()).toMatchObject({ changed: false, mended: [] });
    expect(await bench.install(later, {}, USER)).toMatchObject({ changed: true });
  });

  it("says what it cannot mend without a bundle, and mends the rest", async () => {
    await writeFile(at("sdk/go1.27.1/VERSION"), "go9.9.9\n");
    await unlink(at("bin/go"));
    const done = await mend();
    expect(done.mended.map(({ subject }) => subject)).toEqual([at("bin/go")]);
    expect(done.left.map(({ subject }) => subject)).toEqual([at("sdk/go1.27.1/VERSION")]);
    expect(await mend()).toMatchObject({ changed: false, left: [{ subject: at("sdk/go1.27.1/VERSION") }] });
  });

  it("takes from a bundle single files, and nothing else", async () => {
    await writeFile(at("sdk/go1.27.1/VERSION"), "go9.9.9\n");
    await rm(at("sdk/go1.27.1/src/fmt"), { recursive: true });
    await unlink(at("mod/example.com/!a@v1.0.0/a.go"));
    await symlink("/etc/passwd", at("mod/example.com/!a@v1.0.0/a.go"));
    await writeFile(at(`${AT_V}/v1.0.0.mod`), "module evil\n");
    await unlink(at("mod/cache/download/example.com/lone/@v/v0.1.0.mod"));
    await writeFile(at(`${AT_V}/v1.0.0.zip`), "");
    for (const name of await readdir(at(`${SUMDB}/tile/8/0/000.p`)))
      await writeFile(at(`${SUMDB}/tile/8/0/000.p/${name}`), "");
    const done = await mend(withBundle());
    expect(done).toMatchObject({ changed: true, generation: 1, left: [] });
    expect(done.mended).toHaveLength(7);
    for (const depth of ["full", "quick"] as const)
      expect(await checkRoot(bench.host(USER), { root: bench.root, depth })).toMatchObject({
        differences: [],
      });
    const changed = treeDifference(before, await bench.look()).filter((name) => !WRITTEN.test(name));
    expect(changed.filter((name) => !/\.zip(?:\.sums)?$/.test(name))).toEqual([]);
  });

  it("puts whole trees back, with what is kept to compare them with", async () => {
    await rm(at("sdk/go1.27.1"), { recursive: true });
    await rm(at("mod/example.com"), { recursive: true });
    await unlink(at("state/units/golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64.go.env"));
    await writeFile(at("state/units/example.com/!a@v1.0.0.sums"), "");
    expect(await mend(withBundle())).toMatchObject({ changed: true, left: [] });
    const changed = treeDifference(before, await bench.look()).filter((name) => !WRITTEN.test(name));
    expect(changed.filter((name) => !name.endsWith(".sums"))).toEqual([]);
    for (const depth of ["full", "quick"] as const)
      expect(await checkRoot(bench.host(USER), { root: bench.root, depth })).toMatchObject({
        differences: [],
      });
  });

  it.each(["cut short", "empty", "of something else"])(
    "mends every list to compare with that is %s",
    async (how) => {
      const lists = (await readdir(at("state/units"), { recursive: true })).filter((name) =>
        name.endsWith(".sums"),
      );
      expect(lists.length).toBeGreaterThan(4);
      for (const name of lists) {
        const file = at(`state/units/${name}`);
        const text = await readFile(file, "utf8");
        await writeFile(file, how === "empty" ? "" : how === "cut short" ? text.slice(0, 70) : "nonsense\n");
      }
      expect(await mend(withBundle())).toMatchObject({ changed: true, left: [] });
      for (const depth of ["full", "quick"] as const)
        expect(await checkRoot(bench.host(USER), { root: bench.root, depth })).toMatchObject({
          differences: [],
        });
      const changed = treeDifference(before, await bench.look()).filter((name) => !WRITTEN.test(name));
      expect(changed.filter((name) => !/\.sums$|\.zip$/u.test(name))).toEqual([]);
    },
  );

  it("refuses a bundle that has not got what is needed, naming it, and changes nothing", async () => {
    await writeFile(at("sdk/go1.27.1/VERSION"), "go9.9.9\n");
    await unlink(at("mod/example.com/!a@v1.0.0/a.go"));
    const other = { ...MODULE_A, files: { ...MODULE_A.files, "a.go": "package b\n" } };
    const wrong = await bench.bundle({
      modules: [[other]],
      toolchains: [scriptedGo("1.26.8")],
      name: "wrong",
    });
    const damaged = await bench.look();
    await expect(mend({ bundle: { opened: wrong, file: "wrong.tar" } })).rejects.toMatchObject({
      code: "NOT_FOUND",
      subject: "wrong.tar",
      expected: expect.stringMatching(
        /example\.com\/A@v1\.0\.0, golang\.org\/toolchain@v0\.0\.1-go1\.27\.1/u,
      ),
    });
    expect(treeDifference(damaged, await bench.look())).toEqual([]);
  });

  it("takes everything back when a file that others may write is changed between the look and the copy", async () => {
    const file = at("sdk/go1.27.1/VERSION");
    await chmod(file, 0o666);
    const size = (await readFile(file)).length;
    const onProgress: RepairOptions["onProgress"] = (stage, done, total) => {
      if (stage === "check" && done === total) writeFileSync(file, "x".repeat(size));
    };
    await expect(mend({ onProgress })).rejects.toMatchObject({ code: "ROLLED_BACK", subject: file });
    expect((await stat(file)).mode & 0o777).toBe(0o666);
  });

  it("follows no link that took the place of a file or a folder since it was looked at", async () => {
    const [secret, closed] = [join(bench.path, "secret"), join(bench.path, "closed")];
    await writeFile(secret, "secret");
    await mkdir(closed, { mode: 0o700 });
    const host = bench.host(USER);
    const place = await placeOf(host, layout(bench.root));
    const state = await readState(place.fs, place.at);
    const plan = {
      ...(await planRepair(place, state, { differences: [], times: [] })),
      folders: [at("folder")],
    };
    await symlink(closed, at("folder"));
    await symlink(secret, at("file"));
    const request = { host, place, staging: bench.path, state, options: { root: bench.root } };
    await expect(stageRepair(request, plan)).rejects.toMatchObject({ subject: at("folder") });
    const copies = new Map([[at("file"), 0o644]]);
    await expect(stageRepair(request, { ...plan, folders: [], copies })).rejects.toMatchObject({
      subject: at("file"),
    });
    expect((await stat(closed)).mode & 0o777).toBe(0o700);
  });

  it("refuses where nothing is installed", async () => {
    const root = join(bench.path, "none");
    await expect(repair(bench.host(), { root })).rejects.toMatchObject({ code: "NOT_FOUND", subject: root });
    expect(await readdir(dirname(root))).not.toContain("none");
  });
});
