// What an installation does with the checksum database, over several bundles in one root: real tiles and lookups of a
// test's log; that the go command accepts them is shown by test/projects/sumdb.test.ts.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { EXIT, openTreeHead } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { checksumLog } from "../../../test/kit/checksum-log.ts";
import { testFolder } from "../../../test/kit/host-root.ts";
import {
  layeredBundle,
  scriptedToolchain,
  type LayeredBundle,
  type LayeredOptions,
} from "../../../test/kit/layered-bundle.ts";
import { PROCESS_FACTS } from "../../../test/kit/process-facts.ts";
import { testPlatform } from "../../../test/kit/real-go.ts";
import { treeContents } from "../../../test/kit/tree.ts";
import { checkRoot } from "./check/check.ts";
import { collectGarbage } from "./gc.ts";
import { createHost } from "./host.ts";
import { install, listRoot, type Installed, type InstallOptions } from "./install.ts";
import { rollback } from "./rollback.ts";

const SUMDB = "mod/cache/download/sumdb/sum.example.com";
const module = (name: string) => ({ path: `example.com/${name}`, version: "v1.0.0", files: { a: name } });

async function bench() {
  const folder = await testFolder();
  const { path, root } = folder;
  const home = join(path, "home");
  await mkdir(home);
  const host = createHost({
    ...PROCESS_FACTS,
    platform: testPlatform(),
    env: { HOME: home, PATH: "/usr/bin:/bin" },
    home,
    uid: process.getuid?.() ?? 0,
    userName: "test",
    cores: 1,
  });
  let serial = 1_700_000_000;
  return {
    ...folder,
    host,
    bundle: (name: string, options: LayeredOptions = {}): Promise<LayeredBundle> =>
      layeredBundle(path, {
        toolchains: [scriptedToolchain("1.27.1", testPlatform())],
        modules: [[module(name)]],
        tiles: {},
        serial: serial++,
        ...options,
      }),
    install: (bundle: LayeredBundle, options: Partial<InstallOptions> = {}): Promise<Installed> =>
      install(host, {
        root,
        bundle,
        bundleFile: "b.tar",
        logKey: bundle.log.vkey,
        zips: false,
        path: "none",
        direct: [],
        allowPrivate: [],
        selfTest: "tools",
        ...options,
      }),
    /** The size of the tree that a lookup names. */
    lookup: async (name: string): Promise<number> => {
      const text = await readFile(join(root, SUMDB, "lookup/example.com", `${name}@v1.0.0`), "utf8");
      return Number(/^go\.sum database tree\n(\d+)$/mu.exec(text)?.[1]);
    },
  };
}

const sizeOf = ({ log, contents }: LayeredBundle): number =>
  openTreeHead(contents.log?.head ?? "", log.vkey).size;

describe("install", () => {
  it("gives go what it asks of the checksum database, under one head, over bundles that follow each other", async () => {
    await using on = await bench();
    await using first = await on.bundle("a");
    expect((await on.install(first)).findings).toEqual([]);
    expect(await on.lookup("a")).toBe(sizeOf(first));
    expect(await readFile(join(on.root, SUMDB, "supported"), "utf8")).toBe("");

    await using second = await on.bundle("b", { tiles: { earlier: [first.contents.log?.head ?? ""] } });
    expect((await on.install(second)).findings).toEqual([]);
    expect(sizeOf(second)).toBeGreaterThan(sizeOf(first));
    expect([await on.lookup("a"), await on.lookup("b")]).toEqual([sizeOf(second), sizeOf(second)]);
    const { log } = await listRoot(on.host, on.root);
    expect(log).toEqual({
      key: first.log.vkey,
      heads: [second.contents.log?.head, first.contents.log?.head],
      lookups: second.contents.log?.head,
    });
    const before = await treeContents(on.root);
    expect((await on.install(second)).changed).toBe(false);
    expect(await treeContents(on.root)).toEqual(before);
  });

  it("leaves nothing to a quick check where two bundles bring the same tile, nor after going back and gc", async () => {
    await using on = await bench();
    await using first = await on.bundle("a");
    await on.install(first);
    await using second = await on.bundle("b", { tiles: { earlier: [first.contents.log?.head ?? ""] } });
    // Later than what the list of the first bundle says of its files.
    await setTimeout(10);
    await on.install(second);
    const folder = join(on.root, "state/units/tiles");
    const [some, others] = await Promise.all(
      (await readdir(folder)).map(async (name) => await readFile(join(folder, name), "utf8")),
    );
    const twice = (some ?? "").match(/mod\/\S+/gu)?.filter((name) => others?.includes(`${name}\n`));
    expect(twice).not.toEqual([]);
    const differences = async () => (await checkRoot(on.host, { root: on.root, depth: "quick" })).differences;
    expect(await differences()).toEqual([]);
    await rollback(on.host, { root: on.root });
    await collectGarbage(on.host, { root: on.root, keep: 1 });
    expect(await differences()).toEqual([]);
  });

  it("replaces a tile that no bundle brought, and says where go asks although it has other files there", async () => {
    await using on = await bench();
    await using bare = await layeredBundle(on.path, {
      toolchains: [scriptedToolchain("1.27.1", testPlatform())],
      modules: [[module("a")]],
    });
    await on.install(bare);
    const earlier = [bare.contents.log?.head ?? ""];
    await using second = await on.bundle("b", { tiles: { earlier }, serial: 1_700_000_001 });
    const size = sizeOf(second);
    const tile = join(on.root, SUMDB, `tile/8/0/000.p/${size}`);
    await mkdir(dirname(tile), { recursive: true });
    await writeFile(tile, "as go keeps it where it may write");
    await on.install(second);
    expect(await readFile(join(on.root, SUMDB, "supported"), "utf8")).toBe("");
    for (const depth of ["full", "quick"] as const)
      expect(await checkRoot(on.host, { root: on.root, depth })).toMatchObject({ differences: [] });
  });

  it("says that a proxy has the database also where its tiles came before the first module", async () => {
    await using on = await bench();
    await using bundle = await on.bundle("a");
    await on.install(bundle, { select: { go: "all", modules: "none" } });
    await on.install(bundle);
    expect(await on.lookup("a")).toBe(sizeOf(bundle));
    expect(await readFile(join(on.root, SUMDB, "supported"), "utf8")).toBe("");
    expect((await checkRoot(on.host, { root: on.root, depth: "full" })).differences).toEqual([]);
  });

  it("says where nothing connects a bundle's tree with the one before, and installs it: each unit is proven", async () => {
    await using on = await bench();
    await using first = await on.bundle("a");
    await using second = await on.bundle("b");
    await on.install(first);
    const { changed, findings } = await on.install(second);
    expect([changed, findings.map(({ code }) => code)]).toEqual([true, ["LOG_UNCONNECTED"]]);
  });

  it("says which modules go cannot look up where a bundle has no tiles", async () => {
    await using on = await bench();
    await using bare = await layeredBundle(on.path, {
      toolchains: [scriptedToolchain("1.27.1", testPlatform())],
      modules: [[module("a")]],
    });
    const { findings } = await on.install(bare);
    expect(findings.map(({ code, found }) => [code, found])).toEqual([
      ["LOOKUPS_MISSING", "none for 1: example.com/a@v1.0.0"],
    ]);
  });

  it("refuses another database, and one that has signed two histories, and leaves the root as it was", async () => {
    await using on = await bench();
    await using first = await on.bundle("a");
    await on.install(first);
    const before = await treeContents(on.root);
    const size = sizeOf(first);
    // The same size, the same key, another root: what a log shows that was rewritten.
    const root = Buffer.from(checksumLog().root(0)).toString("base64");
    const forked = { head: first.log.note(`go.sum database tree\n${size}\n${root}\n`), proof: "" };
    await using second = await on.bundle("b");
    const log = { name: "sum.example.com", head: second.contents.log?.head ?? "", earlier: [forked] };
    const fork = { ...second, contents: { ...second.contents, log } };
    const attempts = [() => on.install(fork), () => on.install(first, { logKey: checksumLog().vkey })];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code: "LOG_MISMATCH", exitCode: EXIT.refused });
    }
    expect(await treeContents(on.root)).toEqual(before);
  });
});
