// A site as companies have them: the module proxy and the git server have certificates of the site's own authority, and
// both are reached only through an HTTP proxy that wants a password. The names of the servers are known to nobody else.

import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issue } from "../../packages/bundler/src/net/test-certificates.ts";
import { serveProxy } from "../../packages/bundler/src/net/test-server.ts";
import { build, buildSite, expectNothing, expectTidy, type BuildSite } from "../kit/build-site.ts";
import { writeFiles } from "../kit/bundler-go.ts";
import { canGit, gitServer, GIT_HOST, type GitServer } from "../kit/git-server.ts";
import { addModule, goSumOf, quickWorld, type QuickWorld, type TestModule } from "../kit/quick-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryResult } from "../kit/run-goferry.ts";
import { secretFinder, withLogin } from "../kit/secrets.ts";

const isPossible = await canGit();

const MODULE_HOST = "modules.corp.example";
const PROXY_LOGIN = { user: "CORP\\me", password: "p@ss/w:rd-4733" };
const GIT_LOGIN = { user: "git-user", password: "of-the-git-server-4734" };
const secrets = secretFinder(PROXY_LOGIN, GIT_LOGIN);

const LIB = `${GIT_HOST}/lib`;
const PRIVATE = moduleOf(LIB);
const PUBLIC = moduleOf("public.example/known");

function moduleOf(path: string): TestModule & { files: Record<string, string> } {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const files = {
    "go.mod": `module ${path}\n\ngo 1.21\n`,
    [`${name}.go`]: `package ${name}\n\nconst Number = 1\n`,
  };
  return { path, version: "v1.0.0", files };
}

const PROJECT = {
  "go.mod": `module example.com/app\n\ngo 1.21\n\nrequire (\n\t${LIB} v1.0.0\n\t${PUBLIC.path} v1.0.0\n)\n`,
  "app.go": `package app\n\nimport (\n\t"${LIB}"\n\t"${PUBLIC.path}"\n)\n\nconst Sum = lib.Number + known.Number\n`,
};

const root = issue("Corp Root Authority");

let world: QuickWorld;
let git: GitServer;
let proxy: Awaited<ReturnType<typeof serveProxy>>;
let site: BuildSite;
let authority: string;

beforeAll(async () => {
  if (!isPossible) return;
  world = await quickWorld({ certificate: issue(MODULE_HOST, { by: root }) });
  git = await gitServer({ login: GIT_LOGIN, certificate: issue(GIT_HOST, { by: root }) });
  await git.tag("lib", PRIVATE.version, PRIVATE.files);
  const ports = { [GIT_HOST]: git.port, [MODULE_HOST]: world.server.port };
  proxy = await serveProxy({ ports, login: PROXY_LOGIN });
  site = await buildSite({ files: { ...PROJECT, "go.sum": goSumOf(PRIVATE) + addModule(world, PUBLIC) } });
  authority = join(site.folder, "corp-root.pem");
  await writeFile(authority, root.cert);
  await writeFiles(join(site.folder, "home"), {
    ".netrc": `machine ${GIT_HOST} login ${GIT_LOGIN.user} password ${GIT_LOGIN.password}\n`,
  });
  Object.assign(site.env, {
    PATH: PLAIN_PATH,
    GOPROXY: `https://${MODULE_HOST}`,
    GOSUMDB: world.log.vkey,
    GOPRIVATE: GIT_HOST,
    HTTPS_PROXY: withLogin(proxy.url, PROXY_LOGIN),
  });
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await git?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

/** Both modules are in the bundle, and the private one is known to be. */
async function expectWhole(): Promise<void> {
  const { json } = await runGoferry(["inspect", site.out, "--json"]);
  expect(json).toMatchObject({
    counts: { toolchains: 1, modules: 2, private: 1 },
    private: [`${LIB}@v1.0.0`],
  });
}

function expectNoSecrets({ stdout, stderr }: GoferryResult): void {
  expect(secrets.inText(stdout + stderr)).toEqual([]);
}

describe.skipIf(!isPossible)("a site with a proxy and an authority of its own", () => {
  it("is refused without the authority, which is named, and how to name it", async () => {
    const refused = await build(site);
    expect(refused).toMatchObject({
      code: 6,
      json: {
        error: {
          code: "CERTIFICATE_UNTRUSTED",
          message: `the certificate of ${MODULE_HOST} is not trusted`,
          found: expect.stringContaining("issued by Corp Root Authority"),
          next: expect.stringContaining("--ca-file FILE"),
        },
      },
    });
    expect(world.server.requests).toEqual([]);
    expectNoSecrets(refused);
    await expectNothing(site);
  });

  it.each([
    ["without a login", ""],
    ["with a wrong password", "CORP%5Cme:x@"],
  ])("is refused %s, by the name of the proxy", async (_, login) => {
    const refused = await build(site, ["--ca-file", authority, "--json"], {
      env: { HTTPS_PROXY: proxy.url.replace("//", `//${login}`) },
    });
    expect(refused).toMatchObject({
      code: 6,
      json: {
        error: {
          code: "PROXY_AUTH_REQUIRED",
          found: expect.stringContaining(`the proxy 127.0.0.1:${proxy.port}`),
          next: expect.stringContaining(`LOGIN:PASSWORD@127.0.0.1:${proxy.port}`),
        },
      },
    });
    expect(world.server.requests).toEqual([]);
    expectNoSecrets(refused);
    await expectNothing(site);
  });

  it("gives a bundle with --ca-file, and no password is anywhere afterwards", async () => {
    const trace = join(site.folder, "trace");
    const within = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=execve", "-s", "65536", "-o", trace];
    const built = await build(site, ["--ca-file", authority], { within });
    expect(built, built.stderr).toMatchObject({ code: 0 });
    await expectWhole();

    const asked = new Set(proxy.connects.map(({ url }) => url));
    expect(asked).toEqual(new Set([`${GIT_HOST}:443`, `${MODULE_HOST}:443`]));
    expect(git.requests.some((path) => path.includes("git-upload-pack"))).toBe(true);

    const started = await readFile(trace, "utf8");
    expect(started).toMatch(/git-remote-https/u);
    expect(secrets.inText(started)).toEqual([]);
    expectNoSecrets(built);
    await rm(trace);
    expect(await secrets.inFiles(site.folder, join(site.folder, "home"))).toEqual([]);
    const { stdout } = await promisify(execFile)("tar", ["-xOf", site.out], {
      encoding: "latin1",
      maxBuffer: 1 << 28,
    });
    expect(secrets.inText(stdout)).toEqual([]);
    await expectTidy(site);
  });

  it.each([
    ["SSL_CERT_FILE", () => authority],
    ["NODE_EXTRA_CA_CERTS", () => authority],
    ["SSL_CERT_DIR", () => join(site.folder, "certificates")],
  ])("gives one with %s, which go and git learn of too", async (name, value) => {
    await writeFiles(site.folder, { "certificates/corp.crt": root.cert });
    // The toolchain stays; modules would be taken from the cache too, without a question to the server.
    for (const kept of ["modules", "closures"]) await rm(join(site.cache, kept), { recursive: true });
    const before = git.requests.length;
    const built = await build(site, ["--json"], { env: { [name]: value() } });
    expect(built, built.stderr).toMatchObject({ code: 0 });
    await expectWhole();
    expect(git.requests.length).toBeGreaterThan(before);
    expectNoSecrets(built);
  });
});
