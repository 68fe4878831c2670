// Several Go versions and several projects in one bundle: a host takes a part of it and more later, and Go finds what a
// go.mod asks for. With real go commands of two releases, in toolchains without the standard library (kit/quick-go.ts).

import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateKey } from "../../packages/bundler/src/index.ts";
import { build, buildSite, type BuildSite } from "../kit/build-site.ts";
import { writeFiles } from "../kit/bundler-go.ts";
import { canUnshare, OFFLINE } from "../kit/offline.ts";
import { addModule, quickWorld, type QuickWorld } from "../kit/quick-go.ts";
import { testPlatform } from "../kit/real-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryResult } from "../kit/run-goferry.ts";

const OLD = "1.26.8";
const NEW = "1.27.1";

const offline = await canUnshare();

let world: QuickWorld;
let site: BuildSite;
let root: string;
/** The Go versions that the entries of the spec stand for. */
let carried: unknown;

beforeAll(async () => {
  world = await quickWorld({}, [NEW, OLD]);
  site = await buildSite({ env: world.env });
  root = join(site.folder, "root");
  const sum = new Map(["one", "two", "shared"].map((name) => [name, addLibrary(name)]));
  await writeProject("app", { asks: NEW, uses: ["one", "shared"], sum });
  await writeProject("other", { asks: "1.21", uses: ["two", "shared"], sum });
  const yaml = `name: site\ngo: [go.mod, oldstable]\nplatforms: [${testPlatform()}]\nprojects: [./other, ./app]\n`;
  await writeFile(site.spec, yaml);
  const { publicKey, privateKey } = await generateKey({
    name: "Site",
    email: "site@example.com",
    now: new Date(Date.now() - 60_000),
  });
  await writeFile(site.key, privateKey, { mode: 0o600 });
  await writeFile(join(site.folder, "public.asc"), publicKey);
  const built = await build(site);
  if (built.code !== 0) throw new Error(built.stdout + built.stderr);
  carried = built.json["go"];
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** A module of one package that imports nothing. */
function addLibrary(name: string): string {
  const path = `example.com/${name}`;
  const files = {
    "go.mod": `module ${path}\n\ngo 1.21\n`,
    "a.go": `package ${name}\n\nconst Name = "${name}"\n`,
  };
  return addModule(world, { path, version: "v1.0.0", files });
}

async function writeProject(
  name: string,
  { asks, uses, sum }: { asks: string; uses: string[]; sum: Map<string, string> },
): Promise<void> {
  const imports = uses.map((each) => `import _ "example.com/${each}"\n`).join("");
  const requires = uses.map((each) => `\texample.com/${each} v1.0.0\n`).join("");
  await writeFiles(join(site.folder, name), {
    "go.mod": `module example.com/${name}\n\ngo ${asks}\n\nrequire (\n${requires})\n`,
    "go.sum": uses.map((each) => sum.get(each) ?? "").join(""),
    "app.go": `package ${name}\n\n${imports}`,
  });
}

/** goferry on the host: no network, no Go, no settings. */
async function host(...args: string[]): Promise<GoferryResult> {
  const env = { HOME: site.env["HOME"] ?? "", PATH: PLAIN_PATH };
  return await runGoferry([...args, "--root", root, "--json"], { within: OFFLINE, env });
}

async function install(...part: string[]): Promise<GoferryResult> {
  const key = join(site.folder, "public.asc");
  return await host("install", site.out, "--key", key, "--log-key", world.log.vkey, ...part);
}

/** A command of the root, without a network, in a copy of a project or any other folder of the site. */
async function go(
  folder: string,
  [command = "", ...args]: string[],
  more: Record<string, string> = {},
): Promise<{ output: string; failed: boolean }> {
  const env = { HOME: site.env["HOME"] ?? "", PATH: `${join(root, "bin")}:${PLAIN_PATH}`, ...more };
  const [program = "", ...words] = [...OFFLINE, "env", command, ...args];
  const cwd = join(site.folder, folder);
  return await promisify(execFile)(program, words, { env, cwd }).then(
    ({ stdout, stderr }) => ({ output: stdout + stderr, failed: false }),
    (error: unknown) => ({ output: String(error), failed: true }),
  );
}

/** Everything that a developer does, in a copy of the project. */
async function workIn(project: string): Promise<void> {
  const copy = `${project}-on-host`;
  await cp(join(site.folder, project), join(site.folder, copy), { recursive: true });
  for (const command of [
    "build ./...",
    "vet ./...",
    "list -m all",
    "list -deps -test ./...",
    "mod download",
    "mod verify",
    "mod tidy",
    "mod vendor",
    "mod why -m all",
  ]) {
    const { output, failed } = await go(copy, ["go", ...command.split(" ")]);
    expect(failed ? output : "", `go ${command} in ${project}`).toBe("");
  }
}

async function modulesThere(): Promise<string[]> {
  const names = await readdir(join(root, "mod", "example.com"));
  const listed = await readdir(join(root, "mod/cache/download/example.com"));
  expect(listed.toSorted()).toEqual(names.map((name) => name.split("@")[0]).toSorted());
  return names.toSorted();
}

describe.skipIf(!offline)("a bundle of two Go versions and two projects, on a host", () => {
  it("carries what go.mod files ask for, and the newest of the line before", () => {
    expect(carried).toEqual([NEW, OLD]);
  });

  it("refuses a part that it does not have, and contradictions, before anything is made", async () => {
    for (const [part, exit, code, expected] of [
      [["--only", "go1.25.0"], 7, "NOT_FOUND", `one of ${NEW}, ${OLD}`],
      [["--only", `${NEW},1.26`], 7, "NOT_FOUND", `one of ${NEW}, ${OLD}`],
      [["--project", "ap"], 7, "NOT_FOUND", "one of app, other"],
      [["--only", "newest"], 2, "ARGUMENT_INVALID", "a version such as go1.27.1"],
      [["--project", "app", "--no-modules"], 2, "ARGUMENT_INVALID", "one of them, or none"],
    ] as const) {
      const refused = await install(...part);
      expect(refused, part.join(" ")).toMatchObject({ code: exit, json: { error: { code, expected } } });
    }
    await expect(readdir(root)).rejects.toMatchObject({ code: "ENOENT" });
    const nothing = await host("use", OLD);
    expect(nothing).toMatchObject({ code: 7, json: { error: { code: "NOT_FOUND" } } });
    await expect(readdir(root)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("installs one version and what one project needs, which is enough for that project", async () => {
    const dry = await install("--only", `go${OLD}`, "--project", "other", "--dry-run");
    expect(dry).toMatchObject({ code: 0, json: { changed: true, added: { sdks: [OLD], modules: 2 } } });
    const first = await install("--only", `go${OLD}`, "--project", "other");
    expect(first).toMatchObject({
      code: 0,
      json: { changed: true, current: OLD, added: { sdks: [OLD], modules: 2, gomods: 0 } },
    });
    expect(await readdir(join(root, "sdk"))).toEqual([`go${OLD}`]);
    expect(await modulesThere()).toEqual(["shared@v1.0.0", "two@v1.0.0"]);
    await workIn("other");
    const { json } = await host("list");
    expect(json).toMatchObject({
      sdks: [{ version: OLD, current: true }],
      bundles: [{ name: "site", projects: ["other"], complete: false }],
      counts: { modules: 2 },
    });

    // What a go.mod asks for and the root has not, Go names.
    const { output, failed } = await go("app", ["go", "build"]);
    expect(failed).toBe(true);
    expect(output).toContain(`cannot find "go${NEW}" in PATH`);
  });

  it("does nothing the second time, and nothing for less", async () => {
    for (const part of [["--project", "other"], ["--no-modules"]]) {
      const again = await install("--only", OLD, ...part);
      expect(again).toMatchObject({ code: 0, json: { changed: false, generation: 1, current: OLD } });
    }
    expect(await modulesThere()).toEqual(["shared@v1.0.0", "two@v1.0.0"]);
  });

  it("adds what is missing of a wider part, and makes the newest current", async () => {
    const wider = await install("--only", `${OLD},${NEW}`, "--project", "app");
    expect(wider).toMatchObject({
      code: 0,
      json: { changed: true, current: NEW, added: { sdks: [NEW], modules: 1 } },
    });
    expect(await modulesThere()).toEqual(["one@v1.0.0", "shared@v1.0.0", "two@v1.0.0"]);
    await workIn("app");
    const whole = await install();
    // Nothing is missing any more, so asking for everything changes nothing.
    expect(whole).toMatchObject({ code: 0, json: { changed: false } });
    expect((await host("list")).json).toMatchObject({
      bundles: [{ projects: ["app", "other"], complete: true }],
    });
  });

  it("lets Go find what a go.mod or GOTOOLCHAIN asks for", async () => {
    await mkdir(join(site.folder, "nowhere"));
    const versionIn = async (folder: string, command: string, toolchain?: string): Promise<string> => {
      const env = toolchain === undefined ? {} : { GOTOOLCHAIN: toolchain };
      return (await go(folder, [command, "version"], env)).output;
    };
    expect(await versionIn("nowhere", "go")).toContain(`go${NEW} `);
    expect(await versionIn("nowhere", `go${OLD}`)).toContain(`go${OLD} `);
    expect(await versionIn("nowhere", "go", `go${OLD}`)).toContain(`go${OLD} `);
    // Of its own, an older Go started by its name switches to the newer one that the go.mod asks for.
    expect(await versionIn("app", `go${OLD}`)).toContain(`go${NEW} `);
    // By GOTOOLCHAIN alone go also asks its proxy, which has no toolchains.
    expect(await versionIn("app", "go", "go1.25.0")).toContain("toolchain not available");
    await writeFiles(join(site.folder, "line"), { "go.mod": "module example.com/line\n\ngo 1.27\n" });
    // A line means its first release, and the newest that is current is newer.
    expect(await versionIn("line", "go")).toContain(`go${NEW} `);
    expect(await versionIn("line", `go${OLD}`)).toContain('cannot find "go1.27.0" in PATH');
  });

  it("uses an older version when told to, and Go still switches to the newer one", async () => {
    const dry = await host("use", `go${OLD}`, "--dry-run");
    expect(dry).toMatchObject({ code: 0, json: { changed: true, previous: NEW, dryRun: true } });
    const used = await host("use", `go${OLD}`);
    expect(used).toMatchObject({
      code: 0,
      json: {
        changed: true,
        previous: NEW,
        current: OLD,
        generation: 3,
        findings: [{ code: "GO_NOT_NEWEST" }],
      },
    });
    expect((await go("nowhere", ["go", "version"])).output).toContain(`go${OLD} `);
    expect((await go("app", ["go", "version"])).output).toContain(`go${NEW} `);
    expect((await go("app-on-host", ["go", "build"])).failed).toBe(false);
    expect((await host("use", OLD)).json).toMatchObject({ changed: false, generation: 3 });
    // Installing a part again does not take the choice back.
    expect((await install("--only", NEW)).json).toMatchObject({ changed: false, current: OLD });
    expect(await host("use", "1.25.0")).toMatchObject({
      code: 7,
      json: { error: { code: "NOT_FOUND", expected: `one of ${NEW}, ${OLD}` } },
    });
    expect((await host("use", NEW)).json).toMatchObject({ changed: true, findings: [] });
    const audit = await readFile(join(root, "state", "audit.jsonl"), "utf8");
    expect(
      audit
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { action: string; result: string })
        .map(({ action, result }) => `${action} ${result}`),
    ).toEqual(["install done", "install done", "use done", "use NOT_FOUND", "use done"]);
  });

  it("switches while a build is running, which ends with the Go that it began with", async () => {
    const folder = join(site.folder, "slow");
    const waits = `#!/bin/sh\ntouch ${folder}/begun\nwhile [ ! -e ${folder}/go-on ]; do sleep 0.05; done\nexec "$@"\n`;
    await writeFiles(folder, {
      "go.mod": "module example.com/slow\n\ngo 1.21\n",
      "slow.go": "package slow\n\nconst Slow = 1\n",
      waits,
    });
    await chmod(join(folder, "waits"), 0o755);
    const building = go("slow", ["go", "build", "-x", "-toolexec", join(folder, "waits"), "./..."]);
    while (!(await readdir(folder)).includes("begun")) await sleep(20);
    expect((await host("use", OLD)).json).toMatchObject({ changed: true, current: OLD });
    expect((await go("nowhere", ["go", "version"])).output).toContain(`go${OLD} `);
    await writeFile(join(folder, "go-on"), "");
    const { output, failed } = await building;
    expect(failed, output).toBe(false);
    expect(output).toContain(`sdk/go${NEW}/pkg/tool`);
    expect(output).not.toContain(`sdk/go${OLD}/`);
    await host("use", NEW);
  });

  it("goes back to an earlier generation without a bundle, and go answers as it did then", async () => {
    const { generation } = (await host("list")).json as { generation: number };
    const then = await answers("then");
    expect(then.versions).toContain("example.com/shared v1.0.0\n");
    expect(then.got).toContain("example.com/shared v1.0.0 // indirect\n");

    const files = { "go.mod": "module example.com/shared\n\ngo 1.21\n", "a.go": "package shared\n" };
    addModule(world, { path: "example.com/shared", version: "v1.1.0", files });
    const yaml = await readFile(site.spec, "utf8");
    await writeFile(site.spec, `${yaml}modules: [example.com/shared@v1.1.0]\n`);
    const second = { ...site, out: join(site.folder, "out", "second.tar") };
    const built = await build(second);
    expect(built.code, built.stdout).toBe(0);
    const key = join(site.folder, "public.asc");
    const installed = await host(
      "install",
      second.out,
      "--key",
      key,
      "--log-key",
      world.log.vkey,
      "--direct",
      "git.example/*",
    );
    expect(installed).toMatchObject({ code: 0, json: { changed: true, added: { modules: 1 } } });
    const now = await answers("now");
    expect(now.versions).toContain("example.com/shared v1.0.0 v1.1.0\n");
    expect(now.got).toContain("example.com/shared v1.1.0 // indirect\n");
    expect(now.env).not.toBe(then.env);

    const back = await host("rollback", String(generation));
    expect(back).toMatchObject({
      code: 0,
      json: { changed: true, removed: { modules: ["example.com/shared@v1.1.0"] } },
    });
    expect(await answers("again")).toEqual(then);
    expect((await host("rollback")).json).toMatchObject({ changed: true });
    expect(await answers("forward")).toEqual(now);

    // What a generation that is kept needs stays.
    expect((await host("gc", "--keep", "2")).json).toMatchObject({ changed: true, sdks: [], modules: [] });
    await host("rollback");
    expect(await answers("after-gc")).toEqual(then);
    const freed = await host("gc", "--keep", "1");
    expect(freed.json).toMatchObject({ changed: true, modules: ["example.com/shared@v1.1.0"] });
    expect(await answers("last")).toEqual(then);
    expect(await host("check", "--quick")).toMatchObject({ code: 0, json: { clean: true } });
  });
});

/** What Go says of itself and of the modules that it finds, in a new module. */
async function answers(folder: string): Promise<{ env: string; versions: string; got: string }> {
  await writeFiles(join(site.folder, folder), { "go.mod": "module example.com/new\n\ngo 1.21\n" });
  const say = async (...words: string[]): Promise<string> => (await go(folder, ["go", ...words])).output;
  const env = await say(
    "env",
    "GOROOT",
    "GOVERSION",
    "GOPROXY",
    "GONOPROXY",
    "GONOSUMDB",
    "GOSUMDB",
    "GOTOOLCHAIN",
  );
  const versions = await say("list", "-m", "-versions", "example.com/shared", "example.com/two");
  await say("get", "example.com/shared@latest");
  return { env, versions, got: await readFile(join(site.folder, folder, "go.mod"), "utf8") };
}
