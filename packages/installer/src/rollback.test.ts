import { mkdir, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { installBench, MODULE_A, scriptedGo, type InstallBench } from "../../../test/kit/install-bench.ts";
import type { LayeredBundle, LayeredModule } from "../../../test/kit/layered-bundle.ts";
import { treeStamps } from "../../../test/kit/tree.ts";
import { checkRoot } from "./check/check.ts";
import { readGoEnv } from "./configure/go-env.ts";
import { readGeneration } from "./generations.ts";
import type { Host } from "./host.ts";
import { layout } from "./layout.ts";
import { nodeFs } from "./node-fs.ts";
import { rollback, type RollbackOptions, type RolledBack } from "./rollback.ts";
import { repair } from "./repair/repair.ts";
import { changePrivatePatterns } from "./trust.ts";
import { uninstall } from "./uninstall.ts";
import { useVersion } from "./use.ts";

const A2: LayeredModule = {
  ...MODULE_A,
  version: "v1.2.0",
  files: { "go.mod": "module example.com/A\n", "a.go": "package a // 2\n" },
};
const B: LayeredModule = {
  path: "example.com/b",
  version: "v1.1.0",
  files: { "go.mod": "module example.com/b\n" },
};

const LIST_A = "mod/cache/download/example.com/!a/@v/list";
const LIST_B = "mod/cache/download/example.com/b/@v/list";
const LOOKUPS = "mod/cache/download/sumdb/sum.example.com/lookup";

/** Generation 1 has Go 1.26.8 and A@v1.0.0, generation 2 also Go 1.27.1, A@v1.2.0 and b. */
async function twoGenerations(each: InstallBench): Promise<LayeredBundle> {
  const old = await each.bundle({ toolchains: [scriptedGo("1.26.8")], serial: 1_790_000_001, tiles: {} });
  await each.install(old);
  const bundle = await newer(each);
  await each.install(bundle, { direct: ["git.example.com/*"] });
  return bundle;
}

async function newer(each: InstallBench) {
  const toolchains = [scriptedGo("1.27.1"), scriptedGo("1.26.8")];
  const options = { toolchains, modules: [[MODULE_A, B], [A2]], serial: 1_790_000_002, tiles: {} };
  return await each.bundle(options);
}

function back(each: InstallBench, options: Partial<RollbackOptions> = {}): Promise<RolledBack> {
  return rollback(each.host(), { root: each.root, ...options });
}

/** A machine on which go does not start, as where a security module stops it. */
const refuseToStart: Host["run"] = async (command) =>
  await Promise.resolve({ code: command === "sync" ? 0 : 126, ended: "exit", stdout: "", stderr: "denied" });

/** What Go sees: all but goferry's own records, and the trees of modules and Go versions, which stay until gc. */
async function whatGoSees(each: InstallBench): Promise<Record<string, unknown>> {
  const seen = Object.entries(await each.look()).filter(
    ([name]) =>
      /\/list$|\/lookup\/|^bin\/|^current$|^sdk\/.*go\.env$/u.test(name) && !name.includes("go1.27.1/"),
  );
  return Object.fromEntries(seen);
}

describe("rollback", () => {
  it("gives Go what the generation before gave it, and makes a generation of its own", async () => {
    await using each = await installBench();
    await each.install(await each.bundle({ toolchains: [scriptedGo("1.26.8")], serial: 1, tiles: {} }));
    const first = await whatGoSees(each);
    await each.install(await newer(each), { direct: ["git.example.com/*"] });
    const second = await whatGoSees(each);
    expect(second).not.toEqual(first);

    expect(await back(each)).toMatchObject({
      changed: true,
      generation: 3,
      target: 1,
      previous: "1.27.1",
      current: "1.26.8",
      removed: { sdks: ["1.27.1"], modules: ["example.com/A@v1.2.0", "example.com/b@v1.1.0"] },
      added: { sdks: [], modules: [] },
    });
    const third = await whatGoSees(each);
    const withoutHeads = (seen: object): string[] => Object.keys(seen);
    expect(withoutHeads(third)).toEqual(withoutHeads(first));
    expect(third[LIST_A]).toEqual(first[LIST_A]);
    expect(third["sdk/go1.26.8/go.env"]).toEqual(first["sdk/go1.26.8/go.env"]);
    expect(await readdir(join(each.root, "bin"))).toEqual(["go", "go1.26.8", "gofmt"]);
    expect(await readlink(join(each.root, "current"))).toBe("sdk/go1.26.8");
    expect(await readdir(join(each.root, LOOKUPS, "example.com"))).toEqual(["!a@v1.0.0"]);
    // Everything is there still, so the way back needs no bundle either.
    expect(await back(each, { generation: 2 })).toMatchObject({ generation: 4, current: "1.27.1" });
    expect(await whatGoSees(each)).toEqual(second);
    expect(await readFile(join(each.root, LIST_B), "utf8")).toBe("v1.1.0\n");
  });

  it("again is back where one was", async () => {
    await using each = await installBench();
    await twoGenerations(each);
    expect(await back(each)).toMatchObject({ target: 1, generation: 3, current: "1.26.8" });
    expect(await back(each)).toMatchObject({ target: 2, generation: 4, current: "1.27.1" });
    const kept = await readGeneration(nodeFs(each.host()), layout(each.root), 4);
    expect(kept).toMatchObject({ current: "1.27.1", change: { command: "rollback" } });
  });

  it("takes back the choice of a version", async () => {
    await using each = await installBench();
    await twoGenerations(each);
    await useVersion(each.host(), { root: each.root, version: "1.26.8" });
    expect(await back(each)).toMatchObject({ previous: "1.26.8", current: "1.27.1" });
    expect(await readlink(join(each.root, "current"))).toBe("sdk/go1.27.1");
  });

  it("leaves what the administrator decided since", async () => {
    await using each = await installBench();
    await twoGenerations(each);
    const patterns = { root: each.root, action: "allow", patterns: ["corp.example/*"] } as const;
    await changePrivatePatterns(each.host(), patterns);
    expect(await back(each, { generation: 1 })).toMatchObject({ changed: true, generation: 4 });
    const settings = readGoEnv(await readFile(join(each.root, "sdk/go1.26.8/go.env"), "utf8"));
    expect(settings.get("GONOSUMDB")).toBe("corp.example/*");
    expect(settings.get("GONOPROXY")).toBe("none");
    // go.env of a version that was not installed at that time is brought up to date when it comes back.
    await changePrivatePatterns(each.host(), { ...patterns, action: "remove" });
    await back(each, { generation: 2 });
    const other = readGoEnv(await readFile(join(each.root, "sdk/go1.27.1/go.env"), "utf8"));
    expect(other.get("GONOSUMDB")).toBe("git.example.com/*");
  });

  it("changes nothing where the root has what that generation had, and with dryRun", async () => {
    await using each = await installBench();
    await twoGenerations(each);
    const before = await treeStamps(each.root, ["", "state"]);
    expect(await back(each, { generation: 2 })).toMatchObject({ changed: false, generation: 2 });
    expect(await back(each, { dryRun: true })).toMatchObject({
      changed: true,
      generation: 2,
      target: 1,
      removed: { sdks: ["1.27.1"] },
    });
    expect(await treeStamps(each.root, ["", "state"])).toEqual(before);
  });

  it("refuses a generation that is not kept, and makes no root of an empty folder", async () => {
    await using each = await installBench();
    await expect(back(each)).rejects.toMatchObject({ code: "NOT_FOUND", found: "nothing is installed here" });
    await expect(readdir(each.root)).rejects.toMatchObject({ code: "ENOENT" });
    await each.install(await each.bundle());
    await expect(back(each)).rejects.toMatchObject({ code: "NOT_FOUND", found: "generation 1 alone" });
    const far = back(each, { generation: 7 });
    await expect(far).rejects.toMatchObject({ code: "NOT_FOUND", expected: "one of 1", exitCode: 7 });
  });

  it.each([
    ["sdk/go1.26.8/bin/go", "GENERATION_BROKEN"],
    ["mod/example.com/!a@v1.0.0", "GENERATION_BROKEN"],
    ["state/generations/1.json", "NOT_FOUND"],
  ])("refuses a generation of which %s was deleted by hand", async (name, code) => {
    await using each = await installBench();
    await twoGenerations(each);
    await rm(join(each.root, name), { recursive: true });
    const before = await each.look();
    await expect(back(each, { generation: 1 })).rejects.toMatchObject({ code });
    expect(await each.look()).toEqual(before);
  });

  it("says of what is installed no more that an installation puts it there again, which it does", async () => {
    await using each = await installBench();
    const host = each.host();
    const { root } = each;
    const both = await each.bundle({ toolchains: [scriptedGo("1.27.1"), scriptedGo("1.26.8")], tiles: {} });
    await each.install(both);
    await uninstall(host, { root, what: { version: "1.26.8" } });
    await rm(join(root, "sdk/go1.26.8/src"), { recursive: true });
    await expect(back(each)).rejects.toMatchObject({
      code: "GENERATION_BROKEN",
      next: expect.stringContaining(
        `goferry install BUNDLE --root ${root}, with a bundle that holds golang.org/toolchain@v0.0.1-go1.26.8.`,
      ),
    });
    // Neither would have helped.
    expect(await checkRoot(host, { root, depth: "full" })).toMatchObject({ differences: [] });
    const bundle = { opened: both, file: "both.tar" };
    expect(await repair(host, { root, bundle })).toMatchObject({ changed: false });
    expect(await each.install(both)).toMatchObject({ changed: true, added: { sdks: ["1.26.8"] } });
    expect(await back(each, { generation: 1 })).toMatchObject({ changed: false });
  });

  it.each([
    ["damaged", "{", "STATE_DAMAGED"],
    ["of a later goferry", '{"stateVersion": 2}', "STATE_NEWER"],
  ])("refuses a generation whose file is %s", async (_, text, code) => {
    await using each = await installBench();
    await twoGenerations(each);
    const file = join(each.root, "state/generations/1.json");
    await writeFile(file, text);
    await expect(back(each, { generation: 1 })).rejects.toMatchObject({ code, subject: file });
    await rm(file);
    await writeFile(file, await readFile(join(each.root, "state/generations/2.json")));
    await expect(back(each, { generation: 1 })).rejects.toMatchObject({
      code: "STATE_DAMAGED",
      found: "generation 2",
    });
  });

  it("takes everything back when its self-test fails", async () => {
    await using each = await installBench();
    await twoGenerations(each);
    const before = await each.look();
    const host = { ...each.host(), run: refuseToStart };
    const failing = rollback(host, { root: each.root });
    await expect(failing).rejects.toMatchObject({ code: "ROLLED_BACK", exitCode: 8 });
    expect(await each.look()).toEqual(before);
  });
});

describe("a bundle after its generation was left", () => {
  it("is installed again, from the bundle: nobody vouches for what lay there meanwhile", async () => {
    await using each = await installBench();
    const bundle = await twoGenerations(each);
    await back(each);
    const sdk = join(each.root, "sdk/go1.27.1/VERSION");
    const file = join(each.root, "mod/example.com/!a@v1.2.0/a.go");
    for (const path of [sdk, file]) await writeFile(path, "changed");
    expect(await each.install(bundle, { direct: ["git.example.com/*"] })).toMatchObject({
      changed: true,
      generation: 4,
      current: "1.27.1",
      added: { sdks: ["1.27.1"], modules: 2 },
    });
    expect(await readFile(sdk, "utf8")).toBe("go1.27.1\n");
    expect(await readFile(file, "utf8")).toBe("package a // 2\n");
    const { differences } = await checkRoot(each.host(), { root: each.root, depth: "quick" });
    expect(differences).toEqual([]);
  });

  it("is refused where somebody else has put something", async () => {
    await using each = await installBench();
    await each.install(await each.bundle({ toolchains: [scriptedGo("1.26.8")], serial: 1 }));
    await mkdir(join(each.root, "sdk/go1.27.1"));
    await expect(each.install(await newer(each))).rejects.toMatchObject({ code: "PATH_OCCUPIED" });
  });
});
