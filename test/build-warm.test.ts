// What a build takes from the builds before it: nothing is downloaded, asked, packed or tried twice, and the bundle is the one
// that a build with an empty cache makes. On the small world of modules of this machine.

import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspectBundle, openFileSource, type ClaimedBundle } from "../packages/core/src/index.ts";
import { build, buildSite, expectTidy, type BuildSite } from "./kit/build-site.ts";
import { addModule, quickWorld, type QuickWorld } from "./kit/quick-go.ts";
import { runGoferry, type GoferryResult } from "./kit/run-goferry.ts";

let world: QuickWorld;
const sums: Record<string, string> = {};
beforeAll(async () => {
  world = await quickWorld();
  for (const name of ["dep", "other"]) {
    for (const version of ["v1.0.0", "v1.1.0"]) {
      const path = `example.com/${name}`;
      const files = {
        "go.mod": `module ${path}\n`,
        "x.go": `package ${name}\n\nconst V = "${version}"\n`,
      };
      sums[`${name} ${version}`] = addModule(world, { path, version, files });
    }
  }
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

/** A project that needs these versions. */
function needing(dep: string, other: string): Record<string, string> {
  return {
    "go.mod": `module example.com/app\n\ngo 1.21\n\nrequire (\n\texample.com/dep ${dep}\n\texample.com/other ${other}\n)\n`,
    "go.sum": `${sums[`dep ${dep}`]}${sums[`other ${other}`]}`,
    "app.go": 'package app\n\nimport (\n\t_ "example.com/dep"\n\t_ "example.com/other"\n)\n',
  };
}

async function siteNeeding(dep: string, other: string): Promise<BuildSite> {
  return await buildSite({ env: world.env, files: needing(dep, other) });
}

async function built(site: BuildSite, ...words: string[]): Promise<GoferryResult> {
  const result = await build(site, ["--json", ...words]);
  expect(result.code, result.stderr + result.stdout).toBe(0);
  await expectTidy(site);
  return result;
}

async function claimOf({ out }: BuildSite): Promise<ClaimedBundle> {
  await using source = await openFileSource(out);
  return await inspectBundle(source);
}

/** What was fetched since the last time, but for what says which versions there are. */
function fetched(): string[] {
  const taken = world.server.requests.splice(0);
  return taken.filter((path) => /\.(?:zip|mod|info)$/u.test(path) || path.includes("lookup/"));
}

describe("a second build", () => {
  let site: BuildSite;
  let first: ClaimedBundle;
  beforeAll(async () => {
    site = await siteNeeding("v1.0.0", "v1.0.0");
    await built(site);
    first = await claimOf(site);
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  it("of the same fetches nothing, tries nothing, and differs in its date only", async () => {
    fetched();
    const { json } = await built(site);
    expect(fetched()).toEqual([]);
    const tried = json["rehearsals"] as { reused: boolean; network: string }[];
    expect(tried.length).toBeGreaterThan(0);
    for (const { reused, network } of tried) expect(reused).toBe(network === "none (namespace)");
    const { contents } = await claimOf(site);
    const { created, serial } = first.contents;
    expect({ ...contents, created, serial }).toEqual(first.contents);
  });

  it("from the lock is the same, byte by byte", async () => {
    const before = await claimOf(site);
    await built(site, "--locked");
    expect((await claimOf(site)).indexDigest).toBe(before.indexDigest);
  });

  it("without a cache is the same too", async () => {
    const before = await claimOf(site);
    await built({ ...site, cache: join(site.folder, "another-cache") }, "--locked");
    expect((await claimOf(site)).indexDigest).toBe(before.indexDigest);
  });

  it("after one module changed fetches that module, and packs its layer", async () => {
    for (const [name, text] of Object.entries(needing("v1.1.0", "v1.0.0"))) {
      await writeFile(join(site.app, name), text);
    }
    fetched();
    await built(site);
    const taken = fetched();
    expect(taken.filter((path) => path.endsWith(".zip"))).toEqual(["example.com/dep/@v/v1.1.0.zip"]);
    // Of the other one only the newest go.mod is asked for, which says what was retracted; go looks up what it is told of it.
    expect(taken.filter((path) => path.includes("/@v/v1.0.0"))).toEqual([]);
    const { layers } = (await claimOf(site)).contents;
    const digest = (kind: string, all: typeof layers): string[] =>
      all.filter((each) => each.kind === kind).map((each) => each.digest);
    expect(digest("sdk", layers)).toEqual(digest("sdk", first.contents.layers));
    expect(digest("mod", layers)).not.toEqual(digest("mod", first.contents.layers));
  });
});

describe("builds that share a cache", () => {
  it.each(["Fetching modules", "Packing", "Rehearsing", "Signing and writing"])(
    "find it good after one was killed while it was %s",
    async (stage) => {
      await using site = await siteNeeding("v1.0.0", "v1.0.0");
      let reached = false;
      const killed = await build(site, [], {
        onStderr: (text, kill) => {
          if (reached || !text.includes(`goferry: ${stage}\n`)) return;
          reached = true;
          kill("SIGKILL");
        },
      });
      expect({ code: killed.code, reached }).toEqual({ code: -1, reached: true });
      // A killed build leaves its folder; nothing of it is in the way, and a later build removes it.
      await rm(join(site.cache, "work"), { recursive: true });
      await built(site);
      const { indexDigest } = await claimOf(site);
      await built({ ...site, cache: join(site.folder, "another-cache") }, "--locked");
      expect((await claimOf(site)).indexDigest).toBe(indexDigest);
      const verified = await runGoferry(["cache", "verify", "--cache", site.cache, "--json"]);
      expect(verified.json).toMatchObject({ damaged: [] });
    },
  );

  it("at once make the same, and leave it whole", async () => {
    await using site = await siteNeeding("v1.0.0", "v1.0.0");
    await built({ ...site, cache: join(site.folder, "another-cache") });
    const { indexDigest } = await claimOf(site);
    const outs = ["one.tar", "two.tar", "three.tar"].map((name) => join(site.folder, "out", name));
    const results = await Promise.all(outs.map((out) => build({ ...site, out }, ["--json", "--locked"])));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    for (const out of outs) expect((await claimOf({ ...site, out })).indexDigest).toBe(indexDigest);
    const verified = await runGoferry(["cache", "verify", "--cache", site.cache, "--json"]);
    expect(verified.json).toMatchObject({ damaged: [] });
  });

  it.each(["Fetching modules", "Packing", "Rehearsing"])(
    "lose nothing when it is emptied while one is %s",
    async (stage) => {
      await using site = await siteNeeding("v1.0.0", "v1.0.0");
      await built(site);
      await writeFile(join(site.app, "more.go"), "package app\n");
      let trimmed: Promise<GoferryResult> | undefined;
      const result = await build(site, [], {
        onStderr: (text) => {
          if (!text.includes(`goferry: ${stage}\n`)) return;
          trimmed ??= runGoferry(["cache", "trim", "--all", "--cache", site.cache, "--json"]);
        },
      });
      expect(result.code, result.stderr).toBe(0);
      expect((await trimmed)?.code).toBe(0);
      expect((await readdir(join(site.cache, "layers"))).length).toBeLessThan(20);
    },
  );
});
