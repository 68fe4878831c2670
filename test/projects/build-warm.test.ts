// What a build takes from the builds before it: nothing is downloaded, asked, packed or tried twice, and the bundle is the one
// that a build with an empty cache makes. On the small world of modules of this machine.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClaimedBundle } from "../../packages/core/src/index.ts";
import type { BuildSite } from "../kit/build-site.ts";
import { claimOf } from "../kit/claim.ts";
import { built, twoModules, type TwoModules } from "../kit/two-modules.ts";

let modules: TwoModules;
beforeAll(async () => {
  modules = await twoModules();
});
afterAll(() => modules[Symbol.asyncDispose]());

/** What was fetched since the last time, but for what says which versions there are. */
function fetched(): string[] {
  const taken = modules.world.server.requests.splice(0);
  return taken.filter((path) => /\.(?:zip|mod|info)$/u.test(path) || path.includes("lookup/"));
}

describe("a second build", () => {
  let site: BuildSite;
  let first: ClaimedBundle;
  beforeAll(async () => {
    site = await modules.site("v1.0.0", "v1.0.0");
    await built(site);
    first = await claimOf(site.out);
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
    const { contents } = await claimOf(site.out);
    const { created, serial } = first.contents;
    expect({ ...contents, created, serial }).toEqual(first.contents);
  });

  it("from the lock is the same, byte by byte", async () => {
    const before = await claimOf(site.out);
    await built(site, "--locked");
    expect((await claimOf(site.out)).indexDigest).toBe(before.indexDigest);
  });

  it("without a cache is the same too", async () => {
    const before = await claimOf(site.out);
    await built({ ...site, cache: join(site.folder, "another-cache") }, "--locked");
    expect((await claimOf(site.out)).indexDigest).toBe(before.indexDigest);
  });

  it("after one module changed fetches that module, and packs its layer", async () => {
    for (const [name, text] of Object.entries(modules.needing("v1.1.0", "v1.0.0"))) {
      await writeFile(join(site.app, name), text);
    }
    fetched();
    await built(site);
    const taken = fetched();
    expect(taken.filter((path) => path.endsWith(".zip"))).toEqual(["example.com/dep/@v/v1.1.0.zip"]);
    // Of the other one only the newest go.mod is asked for, which says what was retracted; go looks up what it is told of it.
    expect(taken.filter((path) => path.includes("/@v/v1.0.0"))).toEqual([]);
    const { layers } = (await claimOf(site.out)).contents;
    const digest = (kind: string, all: typeof layers): string[] =>
      all.filter((each) => each.kind === kind).map((each) => each.digest);
    expect(digest("sdk", layers)).toEqual(digest("sdk", first.contents.layers));
    expect(digest("mod", layers)).not.toEqual(digest("mod", first.contents.layers));
  });
});
