import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testFolder } from "../../../test/kit/host-root.ts";
import { layeredBundle, scriptedToolchain, type LayeredBundle } from "../../../test/kit/layered-bundle.ts";
import { PROCESS_FACTS } from "../../../test/kit/process-facts.ts";
import { testPlatform } from "../../../test/kit/real-go.ts";
import { treeContents } from "../../../test/kit/tree.ts";
import { readGoEnv } from "./configure/go-env.ts";
import { createHost } from "./host.ts";
import { install, listRoot, type Installed } from "./install.ts";
import { changePrivatePatterns, type PatternChange, type PatternsChanged } from "./trust.ts";

const platform = testPlatform();
const OWN = { path: "corp.example/own", version: "v1.0.0", files: { "go.mod": "module corp.example/own\n" } };

interface Bench extends AsyncDisposable {
  path: string;
  root: string;
  change(
    action: PatternChange["action"],
    patterns: readonly string[],
    options?: Partial<PatternChange>,
  ): Promise<PatternsChanged>;
  /** A bundle with one private module. */
  install(allowPrivate?: readonly string[]): Promise<Installed>;
  /** GONOSUMDB of the Go that is installed. */
  setting(): Promise<string | undefined>;
  audit(): Promise<{ action: string; subject: string }[]>;
}

async function bench(): Promise<Bench> {
  const folder = await testFolder();
  const { path, root } = folder;
  const home = join(path, "home");
  await mkdir(home);
  const facts = {
    env: { PATH: "/usr/bin:/bin", HOME: home },
    home,
    uid: process.getuid?.(),
    userName: "tester",
  };
  const host = createHost({ platform, ...facts, ...PROCESS_FACTS, cores: 1 });
  const bundle = await layeredBundle(path, {
    toolchains: [scriptedToolchain("1.27.1", platform)],
    modules: [[OWN]],
  });
  return {
    path,
    root,
    change: (action, patterns, options = {}) =>
      changePrivatePatterns(host, { root, action, patterns, ...options }),
    install: (allowPrivate = []) =>
      install(host, {
        root,
        bundle: withoutRecord(bundle),
        bundleFile: "small.tar",
        logKey: bundle.log.vkey,
        zips: true,
        path: "none",
        direct: [],
        allowPrivate,
        selfTest: "tools",
      }),
    setting: async () =>
      readGoEnv(await readFile(join(root, "sdk/go1.27.1/go.env"), "utf8")).get("GONOSUMDB"),
    async audit() {
      const lines = (await readFile(join(root, "state/audit.jsonl"), "utf8")).trim().split("\n");
      return lines.map((line) => JSON.parse(line) as { action: string; subject: string });
    },
    async [Symbol.asyncDispose]() {
      await bundle[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function withoutRecord(bundle: LayeredBundle): LayeredBundle {
  const units = bundle.contents.units.map((unit) =>
    unit.path === OWN.path ? { ...unit, evidence: "private" as const } : unit,
  );
  return { ...bundle, contents: { ...bundle.contents, units } };
}

describe("patterns of private modules", () => {
  it("are pinned in a root that is not there yet, so that its first bundle may hold such modules", async () => {
    await using each = await bench();
    await expect(each.install()).rejects.toMatchObject({
      code: "PRIVATE_REFUSED",
      subject: "corp.example/own@v1.0.0",
      next: expect.stringContaining(`goferry trust allow-private 'corp.example/*' --root ${each.root}`),
    });
    await expect(stat(each.root)).rejects.toMatchObject({ code: "ENOENT" });

    const patterns = ["corp.example/o*", "a.example"];
    expect(await each.change("allow", patterns)).toEqual({
      changed: true,
      root: each.root,
      patterns: patterns.toSorted(),
      uncovered: [],
    });
    expect(await readdir(each.root)).toEqual(["state"]);
    const { evidence } = await each.install();
    expect(evidence.patterns).toEqual([{ pattern: "corp.example/o*", units: ["corp.example/own@v1.0.0"] }]);
    expect(await each.setting()).toBe("a.example,corp.example/o*");
    expect(await each.audit()).toMatchObject([
      { action: "trust allow-private", subject: "corp.example/o* a.example" },
      { action: "install", subject: "layered serial 1700000000 (small.tar)" },
    ]);
  });

  it("change nothing when they are there already, and keep their place in a bundle's installation", async () => {
    await using each = await bench();
    await each.install(["corp.example/own"]);
    const before = await treeContents(each.root);
    expect(await each.change("allow", ["corp.example/own"])).toMatchObject({ changed: false });
    expect(await treeContents(each.root)).toEqual(before);
    expect(await each.audit()).toMatchObject([
      { subject: "layered serial 1700000000 (small.tar), allowing private modules of corp.example/own" },
    ]);
  });

  it("are taken back from Go too, and what they let in stays, and is named", async () => {
    await using each = await bench();
    await each.install(["corp.example/own", "other.example"]);
    expect(await each.change("remove", ["other.example"])).toMatchObject({ uncovered: [] });
    expect(await each.setting()).toBe("corp.example/own");
    expect(await each.change("remove", ["corp.example/own"])).toMatchObject({
      changed: true,
      patterns: [],
      uncovered: ["corp.example/own@v1.0.0"],
    });
    expect(await each.setting()).toBe("");
    expect((await stat(join(each.root, "mod/corp.example/own@v1.0.0"))).isDirectory()).toBe(true);
    await expect(each.install()).rejects.toMatchObject({ code: "PRIVATE_REFUSED" });
  });

  it("are only reported with dryRun", async () => {
    await using each = await bench();
    const options = { dryRun: true };
    expect(await each.change("allow", ["a.example"], options)).toMatchObject({
      changed: true,
      patterns: ["a.example"],
    });
    await expect(stat(each.root)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it.each(["", "a b", "a,b", "https://corp.example/*", "/corp.example", "corp.example/[", "a\nb"])(
    "are refused where nothing could match them: %j",
    async (pattern) => {
      await using each = await bench();
      await expect(each.change("allow", ["good.example", pattern])).rejects.toMatchObject({
        code: "ARGUMENT_INVALID",
        subject: pattern,
      });
      await expect(stat(each.root)).rejects.toMatchObject({ code: "ENOENT" });
    },
  );

  it("cannot be removed when they are not there, and none of the others goes", async () => {
    await using each = await bench();
    await each.change("allow", ["a.example"]);
    await expect(each.change("remove", ["a.example", "b.example"])).rejects.toMatchObject({
      code: "NOT_FOUND",
      subject: "b.example",
      expected: "one of: a.example",
    });
    const { privatePatterns, generation } = await listRoot(
      createHost({ platform, env: {}, home: undefined, uid: 0, userName: "t", ...PROCESS_FACTS }),
      each.root,
    );
    expect([privatePatterns, generation]).toEqual([["a.example"], 1]);
  });

  it("are not written into a folder of somebody else", async () => {
    await using each = await bench();
    await mkdir(each.root, { recursive: true });
    await writeFile(join(each.root, "thesis.txt"), "");
    await expect(each.change("allow", ["a.example"])).rejects.toMatchObject({ code: "ROOT_NOT_OURS" });
    expect(await readdir(each.root)).toEqual(["thesis.txt"]);
    await expect(each.change("allow", ["a.example"], { root: `${each.path}/a:b` })).rejects.toMatchObject({
      code: "ROOT_NAME_REFUSED",
    });
  });
});
