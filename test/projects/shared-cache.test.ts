// Builds that share a cache of builds, killed, at once, or while somebody empties it: each makes what it would have made alone.

import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build } from "../kit/build-site.ts";
import { claimOf } from "../kit/claim.ts";
import { runGoferry, type GoferryResult } from "../kit/run-goferry.ts";
import { built, twoModules, type TwoModules } from "../kit/two-modules.ts";

let modules: TwoModules;
beforeAll(async () => {
  modules = await twoModules();
});
afterAll(() => modules[Symbol.asyncDispose]());

describe("builds that share a cache", () => {
  it.each(["Fetching modules", "Packing", "Rehearsing", "Signing and writing"])(
    "find it good after one was killed while it was %s",
    async (stage) => {
      await using site = await modules.site("v1.0.0", "v1.0.0");
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
      const { indexDigest } = await claimOf(site.out);
      await built({ ...site, cache: join(site.folder, "another-cache") }, "--locked");
      expect((await claimOf(site.out)).indexDigest).toBe(indexDigest);
      const verified = await runGoferry(["cache", "verify", "--cache", site.cache, "--json"]);
      expect(verified.json).toMatchObject({ damaged: [] });
    },
  );

  it("at once make the same, and leave it whole", async () => {
    await using site = await modules.site("v1.0.0", "v1.0.0");
    await built({ ...site, cache: join(site.folder, "another-cache") });
    const { indexDigest } = await claimOf(site.out);
    const outs = ["one.tar", "two.tar", "three.tar"].map((name) => join(site.folder, "out", name));
    const results = await Promise.all(outs.map((out) => build({ ...site, out }, ["--json", "--locked"])));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    for (const out of outs) expect((await claimOf(out)).indexDigest).toBe(indexDigest);
    const verified = await runGoferry(["cache", "verify", "--cache", site.cache, "--json"]);
    expect(verified.json).toMatchObject({ damaged: [] });
  });

  it.each(["Fetching modules", "Packing", "Rehearsing"])(
    "lose nothing when it is emptied while one is %s",
    async (stage) => {
      await using site = await modules.site("v1.0.0", "v1.0.0");
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
