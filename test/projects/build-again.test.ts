// The demo built once more: from its lock, in another folder, at the other end of the world, through proxies that want
// logins, with secrets everywhere that a careless program could pick up. The bundle must be the same to the last byte,
// and no secret must be anywhere. It is the longest build of the tests, so its memory is measured as well.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { selfSigned } from "../../packages/bundler/src/net/test-certificates.ts";
import { generateKey } from "../../packages/bundler/src/index.ts";
import { blobPath, toolchainModule } from "../../packages/core/src/index.ts";
import { build, buildSite, expectNothing, expectTidy, type BuildSite } from "../kit/build-site.ts";
import { claimOf } from "../kit/claim.ts";
import { serveModules, type ModuleServer } from "../kit/module-server.ts";
import { addModule, QUICK_VERSION, quickWorld } from "../kit/quick-go.ts";
import { testPlatform } from "../kit/real-go.ts";
import { realModules, realToolchain } from "../kit/real-modules.ts";
import type { GoferryResult } from "../kit/run-goferry.ts";
import { watchProcesses, type Seen } from "../kit/watch-processes.ts";

const demo = inject("demo");

const URL_LOGIN = { user: "url-user", password: "in-the-url-4711" };
const NETRC_LOGIN = { user: "netrc-user", password: "in-netrc-4712" };
const PASSPHRASE = "of-the-key-4713";

/** go gives logins away over https only. */
const certificate = selfSigned("localhost");

/** What must not be found anywhere; the logins also in the form in which they are sent. */
const SECRETS = [
  PASSPHRASE,
  "of-the-environment-4714",
  "of-a-database-4715",
  ...[URL_LOGIN, NETRC_LOGIN].flatMap(({ user, password }) => [
    password,
    Buffer.from(`${user}:${password}`).toString("base64"),
  ]),
];

/** Variables that many builds have, and some that change how programs write numbers, dates and letters. */
const ENVIRONMENT = {
  TZ: "Pacific/Kiritimati",
  LANG: "tr_TR.UTF-8",
  LC_ALL: "tr_TR.UTF-8",
  MY_API_TOKEN: "of-the-environment-4714",
  AWS_SECRET_ACCESS_KEY: "of-the-environment-4714",
  DATABASE_URL: "postgres://app:of-a-database-4715@db.example.com/app",
  GOFERRY_KEY_PASSPHRASE: PASSPHRASE,
};

/** The most that a command may use, in bytes. */
const MOST_MEMORY = 512_000_000;

function secretsIn(text: string): string[] {
  return SECRETS.filter((secret) => text.includes(secret));
}

/** A proxy that wants a login in the URL and has the toolchains only, and one that wants a login of netrc. */
async function serveBoth(site: BuildSite): Promise<{ first: ModuleServer; second: ModuleServer }> {
  const real = await realModules();
  const first = await serveModules(
    async (path) => (path.startsWith("golang.org/toolchain/") ? await real(path) : 404),
    { login: URL_LOGIN, certificate },
  );
  const second = await serveModules(real, { login: NETRC_LOGIN, certificate });
  const { user, password } = NETRC_LOGIN;
  // go looks for the name with the port, curl and others for the name alone.
  const machines = ["localhost", `localhost:${second.port}`];
  const netrc = machines.map((machine) => `machine ${machine} login ${user} password ${password}\n`);
  await writeFile(join(site.env["HOME"] ?? "", ".netrc"), netrc.join(""), { mode: 0o600 });
  const withLogin = first.url.replace("//", `//${URL_LOGIN.user}:${URL_LOGIN.password}@`);
  Object.assign(site.env, { GOPROXY: `${withLogin},${second.url}` });
  return { first, second };
}

/** The demo's spec, lock and project in a site, a key with a passphrase, and the toolchains in the cache. */
async function demoSite(): Promise<BuildSite> {
  const site = await buildSite({ env: { ...ENVIRONMENT, PATH: "/usr/bin:/bin" } });
  const there = { ...site, spec: join(site.folder, "there", basename(demo.spec)) };
  await cp(dirname(demo.spec), dirname(there.spec), { recursive: true });
  await plant(there);
  const { contents } = await claimOf(demo.bundle);
  for (const { kind, path, version } of contents.units) {
    if (kind !== "toolchain") continue;
    const place = join("downloads", "name", ...path.split("/"), "@v", `${version}.zip`);
    await mkdir(dirname(join(site.cache, place)), { recursive: true });
    await copyFile(realToolchain(`${path}/@v/${version}.zip`), join(site.cache, place));
  }
  return there;
}

/** Gives the key a passphrase, and the certificate to those who ask for SSL_CERT_FILE. */
async function plant({ key, folder, env }: BuildSite): Promise<void> {
  env["SSL_CERT_FILE"] = join(folder, "authority.pem");
  await writeFile(env["SSL_CERT_FILE"], certificate.cert);
  const now = new Date(Date.now() - 60_000);
  const pair = await generateKey({ name: "S", email: "s@example.com", passphrase: PASSPHRASE, now });
  await writeFile(key, pair.privateKey);
}

/** Everything from the first layer on. */
async function digestOfLayers(bundle: string): Promise<string> {
  const sum = createHash("sha256");
  const [start = 0] = (await claimOf(bundle)).layerOffsets;
  for await (const bytes of createReadStream(bundle, { start })) sum.update(bytes as Uint8Array);
  return sum.digest("hex");
}

describe("the demo, built again from its lock", () => {
  let site: BuildSite;
  let servers: { first: ModuleServer; second: ModuleServer };
  let result: GoferryResult;
  let seen: Seen;
  beforeAll(async () => {
    site = await demoSite();
    servers = await serveBoth(site);
    const building = await watchProcesses(() => build(site, ["--locked"], { memory: true }));
    ({ result, seen } = building);
  });
  afterAll(async () => {
    await servers.first[Symbol.asyncDispose]();
    await servers.second[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  it("is built, through both proxies", async () => {
    expect(result.code, result.stderr).toBe(0);
    expect(servers.first.requests).not.toEqual([]);
    expect(servers.second.requests).toContain("golang.org/x/text/@v/v0.21.0.zip");
    await expectTidy(site);
  });

  it("has the same bytes, but for the signature", async () => {
    const [before, after] = [await claimOf(demo.bundle), await claimOf(site.out)];
    // What differs is easier to see here than in the digest, which is what counts.
    expect(after.contents).toEqual(before.contents);
    expect(after.readme).toBe(before.readme);
    expect(after.indexDigest).toBe(before.indexDigest);
    expect(await digestOfLayers(site.out)).toBe(await digestOfLayers(demo.bundle));
    expect(result.stdout).toContain(before.indexDigest);
  });

  it("leaves the lock and the project as they were", async () => {
    for (const name of ["goferry.lock", "app/go.mod", "app/go.sum"]) {
      const [before, after] = [dirname(demo.spec), dirname(site.spec)].map((folder) => join(folder, name));
      expect(await readFile(after ?? "", "utf8")).toBe(await readFile(before ?? "", "utf8"));
    }
  });

  it("has no secret in what it printed, wrote and kept", async () => {
    expect(secretsIn(result.stdout + result.stderr)).toEqual([]);
    const patterns = join(site.folder, "patterns");
    await writeFile(patterns, `${SECRETS.join("\n")}\n`);
    const grep = async (command: string, ...words: string[]): Promise<string> => {
      // 1: nothing was found.
      const script = `{ ${command}; } | { grep -acFf "$0" || [ $? = 1 ]; }`;
      const { stdout } = await promisify(execFile)("sh", ["-c", script, patterns, ...words]);
      return stdout.trim();
    };
    const kept = dirname(site.spec);
    expect(
      await grep('cat "$1" && find "$2" "$3/log" -type f -exec cat {} +', site.out, kept, site.cache),
    ).toBe("0");
    const { contents } = await claimOf(site.out);
    for (const { digest } of contents.layers) {
      expect(await grep('tar -xOf "$1" "$2" | zstd -dc', site.out, blobPath(digest))).toBe("0");
    }
    // What could not be found, were it there.
    await writeFile(join(site.folder, "planted"), `x${SECRETS[0]}x`);
    expect(await grep('cat "$1"', join(site.folder, "planted"))).toBe("1");
  });

  it("shows no secret to the other users of the machine, and hands on only what go needs", () => {
    const commands = [...seen.commands];
    expect(
      commands.filter((command) => /\/bin\/go (?:mod|list|build|vet) /u.test(command)).length,
    ).toBeGreaterThan(3);
    expect(commands.flatMap(secretsIn)).toEqual([]);
    const ofGo = [...seen.environments].filter(
      (text) => text.includes("GOMODCACHE=") || text.includes("GOCACHE="),
    );
    expect(ofGo).not.toEqual([]);
    const given = new Set(ofGo.flatMap(secretsIn));
    // go itself has to log in at the proxy.
    expect([...given]).toEqual([URL_LOGIN.password]);
  });

  it("stays below 512 MB", () => {
    expect(result.peakBytes).toBeGreaterThan(100_000_000);
    expect(result.peakBytes).toBeLessThan(MOST_MEMORY);
  });
});

describe("a build that is refused", () => {
  const toolchain = toolchainModule(QUICK_VERSION, testPlatform());

  it.each([`${toolchain.path}/@v/${toolchain.version}.zip`, "example.com/dep/@v/v1.0.0.mod"])(
    "has no secret in what it says of %s",
    async (refused) => {
      await using world = await quickWorld({ login: URL_LOGIN, certificate });
      const goSum = addModule(world, {
        path: "example.com/dep",
        version: "v1.0.0",
        files: { "dep.go": "package dep\n" },
      });
      const GOPROXY = world.server.url.replace("//", `//${URL_LOGIN.user}:${URL_LOGIN.password}@`);
      const files = {
        "go.mod": "module example.com/app\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n",
        "go.sum": goSum,
      };
      const env = { ...ENVIRONMENT, ...world.env, GOPROXY, GOFERRY_DEBUG: "1" };
      await using site = await buildSite({ env, files });
      await plant(site);
      world.answers.set(refused, 403);
      const result = await build(site, ["--json"]);
      expect(result.code, result.stdout).toBe(7);
      expect(secretsIn(result.stdout + result.stderr)).toEqual([]);
      expect(result.stderr).toContain("at ");
      await expectNothing(site);
    },
  );
});
