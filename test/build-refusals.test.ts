// What `goferry build` refuses, on a small world of modules that this machine serves: each refusal has its code and
// exit code, names its subject, and leaves nothing behind.

import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateKey } from "../packages/bundler/src/index.ts";
import { toolchainModule } from "../packages/core/src/index.ts";
import { build, buildSite, expectNothing, expectTidy, type BuildSite } from "./kit/build-site.ts";
import { writeFiles } from "./kit/bundler-go.ts";
import type { Answer } from "./kit/module-server.ts";
import { addModule, changeModule, QUICK_VERSION, quickWorld, type QuickWorld } from "./kit/quick-go.ts";
import { testPlatform } from "./kit/real-go.ts";
import type { GoferryResult } from "./kit/run-goferry.ts";

const TOOLCHAIN = toolchainModule(QUICK_VERSION, testPlatform());
const TOOLCHAIN_NAME = `${TOOLCHAIN.path}@${TOOLCHAIN.version}`;

let world: QuickWorld;
/** Its cache gets the toolchain once for all tests. */
let shared: BuildSite;
let unreachable: Promise<{ result: GoferryResult; ms: number; site: BuildSite }>;
beforeAll(async () => {
  unreachable = buildWithoutServer();
  world = await quickWorld();
  shared = await buildSite();
});
afterAll(async () => {
  await shared[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** Beside the other tests, because it mostly waits. Port 1 is closed. */
async function buildWithoutServer(): Promise<Awaited<typeof unreachable>> {
  const site = await buildSite({ env: { GOPROXY: "http://127.0.0.1:1" } });
  const start = performance.now();
  const result = await build(site);
  return { result, ms: performance.now() - start, site };
}

/** A site that asks the small world. */
async function quickSite(files: Record<string, string> = {}): Promise<BuildSite> {
  return await buildSite({ cache: shared.cache, env: world.env, files });
}

/** A project that requires the module of the test. */
function projectOn(path: string, goSum: string): Record<string, string> {
  return {
    "go.mod": `module example.com/app\n\ngo 1.21\n\nrequire ${path} v1.0.0\n`,
    "go.sum": goSum,
    "app.go": `package app\n\nimport dep "${path}"\n\nconst Thing = dep.Thing\n`,
  };
}

function depOf(path: string): { path: string; version: string; files: Record<string, string> } {
  const files = { "go.mod": `module ${path}\n\ngo 1.21\n`, "dep.go": "package dep\n\nconst Thing = 1\n" };
  return { path, version: "v1.0.0", files };
}

/** With other answers in the world for as long as `work` takes. */
async function withAnswers<T>(answers: Record<string, Answer>, work: () => Promise<T>): Promise<T> {
  const before = Object.keys(answers).map((path) => [path, world.answers.get(path)] as const);
  for (const [path, answer] of Object.entries(answers)) world.answers.set(path, answer);
  try {
    return await work();
  } finally {
    for (const [path, answer] of before) {
      if (answer === undefined) world.answers.delete(path);
      else world.answers.set(path, answer);
    }
  }
}

function expectRefused({ code, json, stderr }: GoferryResult, exit: number, error: object): void {
  expect(json.error, stderr).toMatchObject(error);
  expect(code).toBe(exit);
  expect(stderr).toBe("");
}

const text = (pattern: RegExp): unknown => expect.stringMatching(pattern);

describe("goferry build refuses, before it asks anybody,", () => {
  it.each([
    ["name: a\ngo: [stable]\nplatforms: [linux/amd64]\nprojets: [./app]\n", 4, 1, /projets/u],
    ["name: a\ngo: [stable]\nplatforms:\n  - linux/amd64\n  - 7\n", 5, 5, /7/u],
    ["name: a\ngo: [stable]\nplatforms: [linux/amd64]\nprojects: {app: ./app}\n", 4, 11, /projects/u],
  ])("a spec with an unknown key or a wrong type: %j", async (yaml, line, column, about) => {
    await using site = await quickSite();
    await writeFile(site.spec, yaml);
    const asked = world.server.requests.length;
    const result = await build(site);
    expectRefused(result, 2, {
      code: "SPEC_INVALID",
      subject: text(new RegExp(`goferry\\.yaml:${line}:${column}`, "u")),
    });
    expect(JSON.stringify(result.json)).toMatch(about);
    await expectNothing(site);
    expect(world.server.requests).toHaveLength(asked);
  });

  const reasons = { expected: expect.any(String), found: expect.any(String), next: expect.any(String) };
  const needy = (path: string): string => `module example.com/${path}\n\ngo 1.21\n\nrequire a.b/c v1.0.0\n`;

  it.each<[string, string, Record<string, string>, string, RegExp]>([
    ["a folder without a go.mod", "[./gone]", {}, "PROJECT_INVALID", /^\.\/gone$/u],
    ["a name used twice", "[./app, {path: ./two, name: app}]", {}, "SPEC_INVALID", /goferry\.yaml:4:/u],
    ["a platform of no Go", "[{path: ./app, platforms: [linux/amd46]}]", {}, "SPEC_INVALID", /yaml:4:/u],
    [
      "a replace out of reach",
      "[./app]",
      { "go.mod": `${needy("app")}replace a.b/c => ../../elsewhere\n` },
      "REPLACE_OUT_OF_REACH",
      /^\.\/app\/go\.mod$/u,
    ],
    [
      "a replace by a path of this machine",
      "[./app]",
      { "go.mod": `${needy("app")}replace a.b/c => /srv/c\n` },
      "REPLACE_OUT_OF_REACH",
      /^\.\/app\/go\.mod$/u,
    ],
    ["no go.sum", "[./app]", { "go.mod": needy("app") }, "GO_SUM_MISSING", /^\.\/app\/go\.sum$/u],
    [
      "no go.sum in one module of a workspace",
      "[./app]",
      { "go.work": "go 1.21\nuse ./a\nuse .\n", "a/go.mod": needy("a"), "go.sum": "" },
      "GO_SUM_MISSING",
      /^\.\/app\/a\/go\.sum$/u,
    ],
    [
      "a workspace without its module",
      "[./app]",
      { "go.work": "go 1.21\nuse ./gone\n" },
      "REPLACE_OUT_OF_REACH",
      /^\.\/app\/go\.work$/u,
    ],
  ])("a project with %s", async (_, projects, files, code, subject) => {
    await using site = await quickSite(files);
    await writeFiles(site.folder, { "two/go.mod": "module example.com/two\n" });
    const head = `name: site\ngo: ["1.27.1"]\nplatforms: [${testPlatform()}]\n`;
    await writeFile(site.spec, `${head}projects: ${projects}\n`);
    const asked = world.server.requests.length;
    expectRefused(await build(site), 2, { code, subject: text(subject), ...reasons });
    await expectNothing(site);
    expect(world.server.requests).toHaveLength(asked);
  });

  it("a key whose passphrase is missing or wrong", async () => {
    await using site = await quickSite();
    const secret = "correct horse battery";
    const pair = await generateKey({
      name: "S",
      email: "s@example.com",
      passphrase: secret,
      now: new Date(),
    });
    await writeFile(site.key, pair.privateKey);
    const asked = world.server.requests.length;
    expectRefused(await build(site), 2, { code: "PASSPHRASE_MISSING", subject: site.key });
    const wrong = await build(site, ["--json"], { env: { GOFERRY_KEY_PASSPHRASE: "incorrect horse" } });
    expectRefused(wrong, 2, { code: "PASSPHRASE_WRONG", subject: site.key });
    expect(wrong.stdout).not.toContain("horse");
    await expectNothing(site);
    expect(world.server.requests).toHaveLength(asked);
  });

  it("a machine where nobody names a module proxy", async () => {
    await using site = await buildSite();
    expectRefused(await build(site), 2, {
      code: "PROXY_UNKNOWN",
      subject: "GOPROXY",
      found: text(/go\/env/u),
      next: text(/export GOPROXY=/u),
    });
    await expectNothing(site);
  });

  // Below /sys nobody can make a file, not even root.
  it("an output that cannot be made: no such folder, a folder in its place, no permission", async () => {
    await using site = await quickSite();
    const asked = world.server.requests.length;
    for (const out of [join(site.folder, "absent", "site.tar"), join(site.folder, "home"), "/sys/site.tar"]) {
      expectRefused(await build({ ...site, out }), 6, { code: "IO_FAILED", subject: out });
    }
    await expectNothing(site);
    expect(world.server.requests).toHaveLength(asked);
  });

  it("a lock that cannot be written, before it downloads anything", async () => {
    await using site = await quickSite();
    const asked = world.server.requests.length;
    const result = await build(site, ["--json", "--lock", "/sys/goferry.lock"]);
    expectRefused(result, 6, { code: "IO_FAILED", subject: "/sys/goferry.lock" });
    await expectNothing(site);
    expect(world.server.requests.slice(asked)).toEqual([`${TOOLCHAIN.path}/@v/list`]);
  });

  it("to follow a lock that is not there", async () => {
    await using site = await quickSite();
    const result = await build(site, ["--json", "--locked"]);
    expectRefused(result, 7, { code: "NOT_FOUND", subject: site.lock });
    await expectNothing(site);
  });
});

describe("goferry build refuses what the network does not give:", () => {
  it("a Go version that there is not, and names those nearest to it", async () => {
    await using site = await quickSite();
    const spec = await readFile(site.spec, "utf8");
    await writeFile(site.spec, spec.replace("1.27.1", "1.26.9"));
    expectRefused(await build(site), 7, {
      code: "NOT_FOUND",
      subject: text(/go1\.26\.9/u),
      expected: text(/1\.26\.8/u),
      next: text(/goferry\.yaml:2:/u),
    });
    await expectNothing(site);
  });

  it.each([403, 404])("a toolchain that the proxy refuses with %i", async (status) => {
    await using site = await quickSite();
    const own = { ...site, cache: join(site.folder, "cache") };
    const result = await withAnswers({ [`${TOOLCHAIN.path}/@v/${TOOLCHAIN.version}.zip`]: status }, () =>
      build(own),
    );
    expectRefused(result, 7, {
      code: "NOT_FOUND",
      subject: TOOLCHAIN_NAME,
      found: text(new RegExp(`^${status}`, "u")),
    });
    await expectNothing(own);
  });

  it.each([
    [403, ".mod"],
    [404, ".zip"],
  ])("a module that the proxy refuses with %i for its %s", async (status, file) => {
    const path = `example.com/refused${status}`;
    const goSum = addModule(world, depOf(path));
    await using site = await quickSite(projectOn(path, goSum));
    const result = await withAnswers({ [`${path}/@v/v1.0.0${file}`]: status }, () => build(site));
    expectRefused(result, 7, {
      code: "NOT_FOUND",
      subject: `${path}@v1.0.0`,
      found: text(new RegExp(`${status}`, "u")),
    });
    await expectNothing(site);
  });

  it("everything, when there is no server, and says so while somebody is still waiting", async () => {
    const { result, ms, site } = await unreachable;
    expectRefused(result, 6, {
      code: "NETWORK_UNREACHABLE",
      subject: TOOLCHAIN.path,
      found: text(/ECONNREFUSED.*127\.0\.0\.1:1/u),
    });
    await expectNothing(site);
    await site[Symbol.asyncDispose]();
    // Six attempts with up to 15.5 s between them.
    expect(ms).toBeLessThan(30_000);
  });
});

describe("goferry build refuses what Go does not accept:", () => {
  it("a module whose go.mod names another path", async () => {
    const path = "example.com/renamed";
    const goSum = addModule(world, {
      ...depOf(path),
      files: { "go.mod": "module example.com/new-name\n", "dep.go": "package dep\n\nconst Thing = 1\n" },
    });
    await using site = await quickSite(projectOn(path, goSum));
    expectRefused(await build(site), 2, {
      code: "MODULE_INVALID",
      subject: path,
      expected: path,
      found: "example.com/new-name",
      next: expect.any(String),
    });
    await expectNothing(site);
  });

  it("a platform that this version of it does not build for", async () => {
    await using site = await quickSite();
    const spec = await readFile(site.spec, "utf8");
    await writeFile(site.spec, spec.replace("[./app]", "[{path: ./app, platforms: [windows/arm]}]"));
    expectRefused(await build(site), 2, {
      code: "SPEC_INVALID",
      subject: text(/goferry\.yaml:4:37$/u),
      expected: text(/1\.27\.1/u),
      found: "windows/arm",
      next: expect.any(String),
    });
    await expectNothing(site);
  });

  it("a project that needs a newer Go than the one asked for", async () => {
    const files = { "go.work": "go 1.27.0\ntoolchain go1.27.2\nuse .\n" };
    await using site = await quickSite(files);
    expectRefused(await build(site), 2, {
      code: "GO_TOO_OLD",
      subject: "./app/go.work",
      expected: text(/1\.27\.2/u),
      found: "Go 1.27.1",
      next: text(/go\.mod/u),
    });
    await expectNothing(site);
  });

  it("a go.work that is older than one of its modules", async () => {
    const files = { "go.work": "go 1.20\nuse .\n" };
    await using site = await quickSite(files);
    expectRefused(await build(site), 2, {
      code: "PROJECT_INVALID",
      subject: "app",
      found: text(/requires go >= 1\.21, but go\.work lists go 1\.20/u),
      next: expect.any(String),
    });
    await expectNothing(site);
  });
});

describe("goferry build refuses what is not what it should be:", () => {
  it("a module that is not the one in go.sum", async () => {
    const path = "example.com/other";
    const goSum = addModule(world, depOf(path));
    const wrong = goSum.replace(/h1:\S+\n/u, `h1:${Buffer.alloc(32).toString("base64")}\n`);
    await using site = await quickSite(projectOn(path, wrong));
    expectRefused(await build(site), 3, {
      code: "GO_SUM_MISMATCH",
      subject: text(/example\.com\/other@v1\.0\.0/u),
    });
    expect(await readFile(join(site.app, "go.sum"), "utf8")).toBe(wrong);
    await expectNothing(site);
  });

  // go itself believes go.sum and does not ask the checksum database about what stands in it.
  it("a changed module whose go.sum was changed to match", async () => {
    const path = "example.com/changed";
    const dep = depOf(path);
    addModule(world, dep);
    const changed = { ...dep, files: { ...dep.files, "evil.go": "package dep\n\nconst Evil = 1\n" } };
    await using site = await quickSite(projectOn(path, changeModule(world, changed)));
    expectRefused(await build(site), 3, { code: "LOG_MISMATCH", subject: `${path}@v1.0.0` });
    await expectNothing(site);
  });

  it("a project that does not build", async () => {
    const files = { "app.go": "package app\n\nconst Thing = nonsense\n" };
    await using site = await quickSite(files);
    await writeFile(site.out, "the older bundle");
    expectRefused(await build(site), 10, {
      code: "REHEARSAL_FAILED",
      subject: `app for ${testPlatform()}`,
      found: text(/app\.go:3:15: undefined: nonsense/u),
    });
    expect(await readdir(join(site.out, ".."))).toEqual(["site.tar"]);
    expect(await readFile(site.out, "utf8")).toBe("the older bundle");
    await rm(site.out);
    await expectNothing(site);
    await expectTidy(site);
  });
});
