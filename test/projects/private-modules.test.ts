// Modules that only a company knows: one on a git server over HTTPS with a password, one on a module proxy with another.
// Built, carried, refused, allowed, installed and used, and neither password is anywhere afterwards.

import { execFile } from "node:child_process";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { splitWords } from "../../packages/goferry/src/testing/words.ts";
import { selfSigned } from "../../packages/bundler/src/net/test-certificates.ts";
import { readGoEnv } from "../../packages/installer/src/configure/go-env.ts";
import { build, buildSite, expectTidy, type BuildSite } from "../kit/build-site.ts";
import { writeFiles } from "../kit/bundler-go.ts";
import { canGit, gitServer, GIT_HOST, type GitServer } from "../kit/git-server.ts";
import { canUnshare, OFFLINE } from "../kit/offline.ts";
import {
  addModule,
  changeModule,
  goSumOf,
  quickWorld,
  type QuickWorld,
  type TestModule,
} from "../kit/quick-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryResult } from "../kit/run-goferry.ts";
import { secretFinder, withLogin } from "../kit/secrets.ts";

const isPossible = (await canGit()) && (await canUnshare());

const GIT_LOGIN = { user: "git-user", password: "of-the-git-server-4721" };
const PROXY_LOGIN = { user: "proxy-user", password: "of-the-proxy-4722" };
const secrets = secretFinder(GIT_LOGIN, PROXY_LOGIN);

/** On the git server, at two versions. */
const LIB = `${GIT_HOST}/lib`;
const lib = (version: string): TestModule => ({
  path: LIB,
  version,
  files: {
    "go.mod": `module ${LIB}\n\ngo 1.21\n`,
    "lib.go": `package lib\n\nconst Version = "${version}"\n`,
  },
});

/** On the module proxy, in no checksum database. */
const TOOLS = moduleOf("modules.corp.example/tools", "tools");
/** Known to the checksum database, which is not asked, because a pattern of the user names it. */
const PUBLIC = moduleOf("public.example/known", "known");

function moduleOf(path: string, name: string): TestModule {
  const files = {
    "go.mod": `module ${path}\n\ngo 1.21\n`,
    [`${name}.go`]: `package ${name}\n\nconst Name = 1\n`,
  };
  return { path, version: "v0.3.0", files };
}

/** The last names the toolchain too, which is never private. */
const GONOSUMDB = [`${GIT_HOST}/*`, "modules.corp.example", "public.example/k*", "golang.org"];

/** What the administrator of the host is told to allow. */
const ALLOWED = [`${GIT_HOST}/*`, "modules.corp.example/*", "public.example/*"];

const UNITS = [`${LIB}@v1.0.0`, `${TOOLS.path}@v0.3.0`, `${PUBLIC.path}@v0.3.0`];

let world: QuickWorld;
let git: GitServer;
let site: BuildSite;
let root: string;

beforeAll(async () => {
  if (!isPossible) return;
  const certificate = selfSigned("localhost");
  world = await quickWorld({ login: PROXY_LOGIN, certificate });
  git = await gitServer({ login: GIT_LOGIN });
  for (const version of ["v1.0.0", "v1.1.0"]) await git.tag("lib", version, textFiles(lib(version)));
  const goSum = changeModule(world, TOOLS) + addModule(world, PUBLIC) + goSumOf(lib("v1.0.0"));
  site = await buildSite({ files: { ...PROJECT, "go.sum": goSum } });
  root = join(site.folder, "root");
  await writeFiles(site.folder, { "authorities.pem": git.authority + certificate.cert });
  await writeFiles(join(site.folder, "home"), {
    ".netrc": `machine ${GIT_HOST} login ${GIT_LOGIN.user} password ${GIT_LOGIN.password}\n`,
  });
  Object.assign(site.env, world.env, {
    PATH: PLAIN_PATH,
    GOPROXY: withLogin(world.server.url, PROXY_LOGIN),
    GOPRIVATE: GIT_HOST,
    GONOSUMDB: GONOSUMDB.join(","),
    HTTPS_PROXY: git.proxy,
    SSL_CERT_FILE: join(site.folder, "authorities.pem"),
    GIT_SSL_CAINFO: join(site.folder, "authorities.pem"),
  });
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await git?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

function textFiles({ files }: TestModule): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.toString()]));
}

const PROJECT = {
  "go.mod": `module example.com/app

go 1.21

require (
	${LIB} v1.0.0
	${TOOLS.path} v0.3.0
	${PUBLIC.path} v0.3.0
)
`,
  "app.go": `package app

import (
	"${LIB}"
	"${TOOLS.path}"
	"${PUBLIC.path}"
)

const Thing = lib.Version

const Sum = tools.Name + known.Name
`,
};

/** A command on the host: no network, and nothing of the builder's settings. */
async function onHost(args: readonly string[]): Promise<GoferryResult> {
  const env = { HOME: join(site.folder, "host"), PATH: PLAIN_PATH };
  return await runGoferry([...args, "--json"], { within: OFFLINE, env });
}

const install = (): string[] => [
  "install",
  site.out,
  "--key",
  site.publicKey,
  "--root",
  root,
  "--log-key",
  world.log.vkey,
];

/** Go of the root, as `env -i HOME=… PATH=…` starts it, without a network. */
async function go(cwd: string, ...args: string[]): Promise<string> {
  const [unshare = "", ...alone] = OFFLINE;
  const env = ["env", "-i", `HOME=${join(site.folder, "host")}`, `PATH=${join(root, "bin")}:${PLAIN_PATH}`];
  const words = [...alone, ...env, "go", ...args];
  const { stdout, stderr } = await promisify(execFile)(unshare, words, { cwd });
  return stdout + stderr;
}

describe.skipIf(!isPossible)("private modules", () => {
  it("are built from a git server and a proxy with passwords, which are nowhere afterwards", async () => {
    const trace = join(site.folder, "trace");
    const within = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=execve", "-s", "65536", "-o", trace];
    const built = await build(site, [], { within });
    expect(built, built.stderr).toMatchObject({ code: 0 });
    expect(built.stdout).toMatch(
      /private +1 unit under git\.corp\.example\/\*\n +git\.corp\.example\/lib@v1\.0\.0\n/u,
    );
    expect(built.stdout).toMatch(/1 unit under public\.example\/k\*\n/u);
    expect(built.stdout).toContain("for public modules under them too");
    expect(built.stdout).not.toContain("under golang.org");
    expect(world.server.requests.filter((path) => /lookup\/(?!golang\.org)/u.test(path))).toEqual([]);

    const started = await readFile(trace, "utf8");
    expect(started).toMatch(/git-remote-https/u);
    expect(secrets.inText(started + built.stdout + built.stderr)).toEqual([]);
    await rm(trace);
    expect(await secrets.inFiles(site.folder, join(site.folder, "home"))).toEqual([]);
    await expectTidy(site);
    const { stdout } = await promisify(execFile)("tar", ["-xOf", site.out], {
      encoding: "latin1",
      maxBuffer: 1 << 28,
    });
    expect(secrets.inText(stdout)).toEqual([]);
  });

  it("are told by inspect, and verified under the patterns that are given", async () => {
    const claimed = await onHost(["inspect", site.out]);
    expect(claimed.json).toMatchObject({ counts: { toolchains: 1, modules: 3, private: 3 }, private: UNITS });
    const words = ["verify", site.out, "--key", site.publicKey, "--log-key", world.log.vkey];
    expect(await onHost(words)).toMatchObject({
      code: 3,
      json: { error: { code: "PRIVATE_REFUSED", subject: UNITS[0] } },
    });
    const allowed = ALLOWED.flatMap((pattern) => ["--allow-private", pattern]);
    expect(await onHost([...words, ...allowed])).toMatchObject({
      code: 0,
      json: { logged: 1, patterns: ALLOWED.map((pattern, i) => ({ pattern, units: [UNITS[i]] })) },
    });
  });

  it("are refused by a host until its administrator types what the refusal says", async () => {
    const refused = await onHost(install());
    expect(refused).toMatchObject({
      code: 3,
      json: {
        error: { code: "PRIVATE_REFUSED", subject: UNITS[0], expected: expect.stringContaining("(none is)") },
      },
    });
    await expect(stat(root)).rejects.toMatchObject({ code: "ENOENT" });
    const [, command = ""] = /(goferry trust .*)$/u.exec(refused.json.error?.next ?? "") ?? [];
    const [, ...words] = splitWords(command);
    expect(words).toEqual(["trust", "allow-private", ...ALLOWED, "--root", root]);

    expect(await onHost(["trust", "allow-private", ALLOWED[0] ?? "", "--root", root])).toMatchObject({
      code: 0,
    });
    expect((await onHost(install())).json.error).toMatchObject({
      code: "PRIVATE_REFUSED",
      subject: UNITS[1],
      expected: expect.stringContaining(`(${ALLOWED[0]})`),
      next: expect.not.stringContaining(GIT_HOST),
    });
    expect(await onHost(words)).toMatchObject({ code: 0, json: { changed: true, privatePatterns: ALLOWED } });
    expect(await onHost(install())).toMatchObject({
      code: 0,
      json: { changed: true, evidence: { logged: 1, private: 3 } },
    });
  });

  it("are known to Go by exactly the patterns of the host, and to every listing", async () => {
    const file = join(root, "sdk/go1.27.1/go.env");
    const setting = async (): Promise<unknown> => readGoEnv(await readFile(file, "utf8")).get("GONOSUMDB");
    expect(await setting()).toBe(ALLOWED.join(","));
    const used = ALLOWED.map((pattern, i) => ({ pattern, units: [UNITS[i]] }));
    expect((await onHost(["trust", "list", "--root", root])).json).toMatchObject({ privatePatterns: used });
    expect((await onHost(["list", "--root", root])).json).toMatchObject({ patterns: used, uncovered: [] });

    const taken = [ALLOWED[2] ?? "", "--root", root];
    expect((await onHost(["trust", "remove-private", ...taken])).json).toMatchObject({
      uncovered: [UNITS[2]],
    });
    expect(await setting()).toBe(ALLOWED.slice(0, 2).join(","));
    expect((await onHost(install())).json.error).toMatchObject({
      code: "PRIVATE_REFUSED",
      subject: UNITS[2],
    });
    expect((await onHost(["trust", "allow-private", ...taken])).json).toMatchObject({ uncovered: [] });
    expect(await setting()).toBe(ALLOWED.join(","));
    // With the two that were refused, but for the one before there was a root.
    const audit = (await readFile(join(root, "state/audit.jsonl"), "utf8")).trim().split("\n");
    expect(audit.map((line) => JSON.parse(line) as { action: string }).map(({ action }) => action)).toEqual([
      "trust allow-private",
      "install",
      "trust allow-private",
      "install",
      "trust remove-private",
      "install",
      "trust allow-private",
    ]);
  });

  it("are used there without a network", async () => {
    await mkdir(join(site.folder, "host"), { recursive: true });
    await go(site.app, "build", "./...");
    await go(site.app, "vet", "./...");
    expect(await go(site.app, "mod", "verify")).toContain("all modules verified");
    expect(await go(site.app, "mod", "download")).toBe("");

    const fresh = join(site.folder, "fresh");
    await writeFiles(fresh, {
      "go.mod": "module example.com/fresh\n\ngo 1.21\n",
      "fresh.go": `package fresh\n\nimport "${LIB}"\n\nconst Thing = lib.Version\n`,
    });
    await go(fresh, "mod", "tidy");
    await go(fresh, "build", "./...");
    expect(await readFile(join(fresh, "go.sum"), "utf8")).toBe(goSumOf(lib("v1.0.0")));
  });

  /** From the cache they would be taken as go.sum knows them, without a question to anybody. */
  const fresh = (): BuildSite => ({
    ...site,
    out: join(site.folder, "again.tar"),
    cache: join(site.folder, "empty-cache"),
  });

  it("are refused by a build that has them not in its cache, when somebody has tagged them anew", async () => {
    const changed = lib("v1.0.0");
    await git.tag("lib", "v1.0.0", { ...textFiles(changed), "more.go": "package lib\n" });
    const refused = await build(fresh());
    expect(refused).toMatchObject({
      code: 3,
      json: { error: { code: "GO_SUM_MISMATCH", subject: UNITS[0] } },
    });
    await expect(stat(join(site.folder, "again.tar"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("are refused with a wrong password, by the module, the answer and the next step", async () => {
    const { password } = GIT_LOGIN;
    await writeFile(join(site.folder, "home/.netrc"), `machine ${GIT_HOST} login a password x${password}\n`);
    const refused = await build(fresh());
    expect(refused).toMatchObject({
      code: 7,
      json: {
        error: {
          code: "NOT_FOUND",
          subject: UNITS[0],
          found: expect.stringContaining("401 Unauthorized"),
          next: expect.stringContaining("netrc"),
        },
      },
    });
    expect(secrets.inText(refused.stdout + refused.stderr)).toEqual([]);
  });
});
