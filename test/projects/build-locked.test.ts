// Building from the lock: the same bytes as long as nothing drifted, though the world went on; and where something did,
// a refusal that names all of it. Each of the things that a lock depends on is changed here: the spec, go.mod, go.sum,
// what `latest` leads to, and what the proxy serves.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { build, buildSite, type BuildSite } from "../kit/build-site.ts";
import { claimOf } from "../kit/claim.ts";
import { addModule, changeModule, quickWorld, type QuickWorld } from "../kit/quick-go.ts";
import { testPlatform } from "../kit/real-go.ts";
import { runGoferry } from "../kit/run-goferry.ts";

const SECRET = "corp.example.com/secret";
const GO_MOD = "module example.com/app\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n";
const SPEC = `name: site
go: ["1.27.1"]
platforms: [${testPlatform()}]
projects: [./app]
modules: [example.com/lib@latest, example.com/pinned@v1.0.0, ${SECRET}@v1.0.0]
`;

let world: QuickWorld;
let site: BuildSite;
let goSum: string;
let lock: string;
let digest: string;

beforeAll(async () => {
  world = await quickWorld();
  goSum = addModule(world, module("example.com/dep", "v1.0.0"));
  addModule(world, module("example.com/lib", "v1.0.0"));
  world.answers.set("example.com/lib/@latest", JSON.stringify({ Version: "v1.0.0" }));
  // A newer one is there, in whose go.mod go looks whether v1.0.0 was retracted.
  for (const version of ["v1.0.0", "v1.1.0"]) addModule(world, module("example.com/pinned", version));
  world.answers.set("example.com/pinned/@v/list", "v1.0.0\nv1.1.0\n");
  addModule(world, module(SECRET, "v1.0.0"));
  site = await buildSite({
    env: { ...world.env, GONOSUMDB: "corp.example.com" },
    files: { "app.go": '// Package app uses dep.\npackage app\n\nimport _ "example.com/dep"\n' },
  });
  await writeSite({});
  const built = await build(site);
  if (built.code !== 0) throw new Error(built.stdout + built.stderr);
  digest = await digestOf(site.out);
  lock = await readFile(site.lock, "utf8");
});

beforeEach(() => writeSite({}));

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

function module(
  path: string,
  version: string,
  text = "package one\n",
): { path: string; version: string; files: Record<string, string> } {
  return { path, version, files: { "go.mod": `module ${path}\n`, "one.go": text } };
}

async function writeSite({ spec = SPEC, goMod = GO_MOD, sum = goSum }): Promise<void> {
  await writeFile(site.spec, spec);
  await writeFile(join(site.app, "go.mod"), goMod);
  await writeFile(join(site.app, "go.sum"), sum);
}

const digestOf = async (file: string): Promise<string> => (await claimOf(file)).indexDigest;

/** What a locked build and a locked plan say, which must be the same. */
async function drift(): Promise<string> {
  const result = await build(site, ["--locked", "--json"]);
  const planned = await runGoferry(["plan", site.spec, "--locked", "--json", "--cache", site.cache], {
    env: site.env,
  });
  for (const { code, json } of [result, planned]) {
    expect(json).toMatchObject({ error: { code: "LOCK_DRIFT", subject: site.lock } });
    expect(code).toBe(2);
  }
  expect(planned.json.error).toEqual(result.json.error);
  await expectUntouched();
  return result.json.error?.message ?? "";
}

/** A refusal leaves the bundle and the lock that were there. */
async function expectUntouched(): Promise<void> {
  expect(await digestOf(site.out)).toBe(digest);
  expect(await readFile(site.lock, "utf8")).toBe(lock);
}

describe("--locked", () => {
  it("makes the same bytes, though latest is another version by now", async () => {
    addModule(world, module("example.com/lib", "v1.1.0"));
    world.answers.set("example.com/lib/@v/list", "v1.0.0\nv1.1.0\n");
    world.answers.set("example.com/lib/@latest", JSON.stringify({ Version: "v1.1.0" }));
    addModule(world, module("example.com/pinned", "v1.2.0"));
    world.answers.set("example.com/pinned/@v/list", "v1.0.0\nv1.1.0\nv1.2.0\n");
    const result = await build(site, ["--locked", "--json"]);
    expect(result.code, result.stdout).toBe(0);
    await expectUntouched();
    const plan = await runGoferry(["plan", site.spec, "--locked", "--json", "--cache", site.cache], {
      env: site.env,
    });
    expect(plan.json).toMatchObject({
      locked: true,
      modules: [`${SECRET}@v1.0.0`, "example.com/lib@v1.0.0", "example.com/pinned@v1.0.0"],
      units: {
        from: "lock",
        modules: [
          `${SECRET}@v1.0.0`,
          "example.com/dep@v1.0.0",
          "example.com/lib@v1.0.0",
          "example.com/pinned@v1.0.0",
        ],
        gomods: 0,
      },
      changes: [],
      newModules: [],
    });
  });

  it("names every difference at once: spec, go.mod and go.sum", async () => {
    await writeSite({
      spec: SPEC.replace('"1.27.1"', '"1.27"')
        .replace("lib@latest", "lib@v1.0.0")
        .replace("platforms: [", "expires: 30d\nplatforms: [plan9/386, "),
      goMod: `${GO_MOD}\n// changed\n`,
      sum: `${goSum}example.com/new v1.0.0 h1:${"A".repeat(43)}=\n`,
    });
    const message = await drift();
    for (const named of [
      "expires: added 30d",
      "go: 1.27.1 -> 1.27",
      "platform: added plan9/386",
      "project app go.mod: sha256:",
      "project app go.sum: sha256:",
      "module example.com/lib: latest -> v1.0.0",
    ]) {
      expect(message).toContain(named);
    }
  });

  it("refuses other bytes of a module for which nobody else vouches", async () => {
    changeModule(world, module(SECRET, "v1.0.0", "package other\n"));
    // The cache of the first build still has the bytes that the lock names.
    expect((await build(site, ["--locked"])).code).toBe(0);
    expect(await digestOf(site.out)).toBe(digest);
    const elsewhere = { ...site, cache: join(site.folder, "empty-cache") };
    const result = await build(elsewhere, ["--locked", "--json"]);
    expect(result.json).toMatchObject({
      error: {
        code: "LOCK_DRIFT",
        message: expect.stringMatching(
          /module corp\.example\.com\/secret v1\.0\.0: h1:\S+ h1:\S+ private -> h1:/u,
        ),
      },
    });
    expect(result.code).toBe(2);
    await expectUntouched();
  });
});
