// Entries of tools: and modules:, from goferry.yaml to the signed bundle: tried before it is signed, refused with the
// right words when they are wrong, and not tried again when nothing changed. With the small world of kit/quick-go.ts.

import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, buildSite, expectNothing, type BuildSite } from "../kit/build-site.ts";
import { addModule, quickWorld, type QuickWorld } from "../kit/quick-go.ts";
import { testPlatform } from "../kit/real-go.ts";
import type { GoferryResult } from "../kit/run-goferry.ts";

let world: QuickWorld;
beforeAll(async () => {
  world = await quickWorld();
  // Programs cannot be made without the standard library, so what is a command here has no real main.
  addModule(world, module("example.com/good", "v1.0.0", { "good.go": "package good\n\nconst Thing = 1\n" }));
  addModule(world, {
    ...module("example.com/taken", "v1.0.0", { "taken.go": "package taken\n" }),
  });
  addModule(world, module("example.com/taken", "v1.0.1", { "taken.go": "package taken\n" }, TAKEN_BACK));
  world.answers.set("example.com/taken/@v/list", "v1.0.0\nv1.0.1\n");
  addModule(world, module("example.com/nested", "v1.2.3", { "deep/deep.go": "package deep\n" }));
  const liar = module("example.com/liar", "v1.0.0", { "liar.go": "package liar\n" });
  addModule(world, { ...liar, files: { ...liar.files, "go.mod": "module example.com/truth\n" } });
  addModule(world, module("example.com/gone", "v1.0.0", { "gone.go": "package gone\n" }));
  for (const end of ["info", "mod", "zip"]) world.answers.set(`example.com/gone/@v/v1.0.0.${end}`, 410);
});
afterAll(() => world[Symbol.asyncDispose]());

const TAKEN_BACK = "\nretract (\n\tv1.0.0 // Loses data on leap days.\n)\n";

function module(
  path: string,
  version: string,
  files: Record<string, string>,
  more = "",
): Parameters<typeof addModule>[1] {
  return { path, version, files: { "go.mod": `module ${path}\n\ngo 1.21\n${more}`, ...files } };
}

async function siteWith(yaml: string): Promise<BuildSite> {
  const site = await buildSite({ env: { ...world.env, PATH: "/usr/bin:/bin" } });
  await appendFile(site.spec, yaml);
  return site;
}

async function refused(yaml: string): Promise<GoferryResult> {
  await using site = await siteWith(yaml);
  const result = await build(site);
  await expectNothing(site);
  return result;
}

describe("an entry that is wrong", () => {
  it.each([
    {
      what: "a version that the proxy no longer has",
      yaml: "modules: [example.com/gone@v1.0.0]",
      exit: 7,
      error: { code: "NOT_FOUND", subject: "example.com/gone@v1.0.0", found: expect.stringMatching(/410/u) },
    },
    {
      what: "a query that nothing answers",
      yaml: "modules: [example.com/good@v9]",
      exit: 7,
      error: {
        code: "NOT_FOUND",
        subject: "example.com/good@v9",
        found: expect.stringMatching(/no matching versions/u),
      },
    },
    {
      what: "a module whose go.mod names another path",
      yaml: "modules: [example.com/liar@v1.0.0]",
      exit: 2,
      error: {
        code: "MODULE_INVALID",
        subject: "example.com/liar",
        found: expect.stringMatching(/^example\.com\/truth$/u),
      },
    },
    {
      what: "a package where a module is asked for",
      yaml: "modules: [example.com/nested/deep@v1.2.3]",
      exit: 2,
      error: {
        code: "MODULE_INVALID",
        subject: "example.com/nested/deep@v1.2.3",
        expected: expect.stringMatching(/example\.com\/nested@v1\.2\.3/u),
        found: expect.stringMatching(/^the package deep of it$/u),
      },
    },
    {
      what: "a tool without a main package",
      yaml: "tools: [example.com/good@v1.0.0]",
      exit: 2,
      error: {
        code: "TOOL_INVALID",
        subject: "example.com/good@v1.0.0",
        found: expect.stringMatching(/^package good$/u),
      },
    },
  ])("is refused: $what", async ({ yaml, exit, error }) => {
    const { code, json, stdout } = await refused(`${yaml}\n`);
    expect(code, stdout).toBe(exit);
    expect(json.error).toMatchObject({ ...error, next: expect.stringMatching(/\S/u) });
  });
});

describe("entries and a project", () => {
  let site: BuildSite;
  let first: GoferryResult;
  beforeAll(async () => {
    site = await siteWith("modules: [example.com/good@latest, example.com/taken@v1.0.0]\n");
    first = await build(site);
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const tried = (reused: boolean): object[] => {
    const common = { platform: testPlatform(), crossBuilt: false, findings: [], reused };
    return [
      { kind: "project", project: "app", build: "ok", ...common },
      { kind: "module", module: "example.com/good@v1.0.0", get: "ok", ...common },
      { kind: "module", module: "example.com/taken@v1.0.0", get: "ok", ...common },
    ];
  };

  it("are tried before the bundle is signed", () => {
    expect(first.code, first.stdout).toBe(0);
    expect(first.json).toMatchObject({ rehearsals: tried(false) });
  });

  it("are carried with a note when their author has taken them back, and why", () => {
    expect(first.json["notes"]).toEqual([
      expect.stringMatching(/^example\.com\/taken@v1\.0\.0 was retracted .*Loses data on leap days\./u),
    ]);
  });

  it("are not tried again when nothing changed, which is said", async () => {
    const again = await build(site, ["--locked", "--json"]);
    expect(again.code, again.stdout).toBe(0);
    expect(again.json["indexDigest"]).toBe(first.json["indexDigest"]);
    expect(again.json).toMatchObject({ rehearsals: tried(true) });
  });

  it("are tried again when a byte of the project changed", async () => {
    await appendFile(join(site.app, "app.go"), "\n// One more line.\n");
    const again = await build(site, ["--locked", "--json"]);
    expect(again.code, again.stdout).toBe(0);
    expect(again.json["indexDigest"]).toBe(first.json["indexDigest"]);
    expect(again.json).toMatchObject({ rehearsals: tried(false) });
  });

  it("do not hide a project that no longer builds", async () => {
    await writeFile(join(site.app, "app.go"), "package app\n\nconst Thing = nothing\n");
    const again = await build(site, ["--locked", "--json"]);
    expect(again).toMatchObject({ code: 10, json: { error: { code: "REHEARSAL_FAILED" } } });
  });
});
