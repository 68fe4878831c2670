// plan and build, with a module proxy of this test and a Go that is a shell script: everything real but the compiler.

import { createServer, type Server } from "node:http";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { goPlatform } from "../machine.ts";
import { bytesText } from "../output/units.ts";
import { testToolchain } from "../testing/toolchain.ts";
import { goferry, testFolder, type TestResult } from "../testing/terminal.ts";

const PLATFORM = goPlatform({ os: process.platform, arch: process.arch });
const { toolchain, files } = testToolchain(PLATFORM);
const PLACE = "/golang.org/toolchain/@v/";

let server: Server;
let zipSize: number;
let folder: Awaited<ReturnType<typeof testFolder>>;
let env: Record<string, string>;

beforeAll(async () => {
  const log = checksumLog();
  log.add(toolchain);
  const zip = makeZip(
    files.map(({ name, bytes }) => ({
      name: `${toolchain.path}@${toolchain.version}/${name}`,
      content: bytes,
    })),
  );
  zipSize = zip.length;
  const served = new Map<string, Uint8Array>([
    [`${PLACE}list`, Buffer.from(`${toolchain.version}\n`)],
    [`${PLACE}${toolchain.version}.mod`, Buffer.from(`module ${toolchain.path}\n`)],
    [`${PLACE}${toolchain.version}.zip`, zip],
    ["/sumdb/sum.example.com/supported", Buffer.from("")],
  ]);
  server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    const found = served.get(path);
    const answer =
      found === undefined ? log.fetch(path.replace("/sumdb/sum.example.com/", "")) : Promise.resolve(found);
    answer.then(
      (bytes) => response.setHeader("content-length", bytes.length).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  env = { GOPROXY: `http://user:pl4nted@127.0.0.1:${port}`, GOSUMDB: log.vkey, GOFLAGS: "" };
  folder = await testFolder();
  await goferry(["key", "generate", "--name", "Site builds", "--email", "b@example.com", "--out", "keys"], {
    cwd: folder.path,
    env: { GOFERRY_KEY_PASSPHRASE: "right" },
  });
  await writeFile(
    join(folder.path, "goferry.yaml"),
    `name: site\ngo: ["1.27.1"]\nplatforms: [${PLATFORM}]\nexpires: 30d\n`,
  );
  await mkdir(join(folder.path, "dist"));
  await writeFile(join(folder.path, "dist", `goferry-${PLATFORM.replace("/", "-")}`), "not really\n");
});

afterAll(async () => {
  server.close();
  await folder[Symbol.asyncDispose]();
});

function site(
  words: string[],
  more: { env?: Record<string, string>; typed?: string[] } = {},
): Promise<TestResult> {
  const { typed } = more;
  return goferry(words, {
    cwd: folder.path,
    env: { ...env, ...more.env },
    ...(typed === undefined ? {} : { typed }),
  });
}

describe("plan", () => {
  it("shows what a build would decide, for goferry.yaml unless another is named", async () => {
    const { code, stdout, stderr } = await site(["plan"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "goferry: Planning\n" });
    expect(stdout).toMatch(/^site would be made of\n/u);
    expect(stdout).toContain(`toolchains  1.27.1 for ${PLATFORM}: ${bytesText(zipSize)}\n`);
    expect(stdout).toMatch(/lock +\S+goferry\.lock: none yet\n/u);
    expect(stdout).toContain("expires     2026-12-21T06:00:00Z");
    const result = await site(["plan", "goferry.yaml", "--json"]);
    expect(result.json()).toMatchObject({
      name: "site",
      go: ["1.27.1"],
      platforms: [PLATFORM],
      toolchains: [
        {
          module: `golang.org/toolchain@${toolchain.version}`,
          go: "1.27.1",
          platform: PLATFORM,
          size: zipSize,
          cached: false,
          carried: true,
        },
      ],
      downloadSize: zipSize,
      units: { from: "go.sum", modules: [], gomods: null },
      locked: false,
      lock: null,
      changes: [],
      newModules: [],
    });
    expect(await readdir(folder.path)).not.toContain("goferry.lock");
  });

  it.each([
    { what: "a spec that is not there", spec: undefined, exit: 2, error: "SPEC_UNREADABLE" },
    {
      what: "an unknown key",
      spec: "name: x\nplatforms: [linux/amd64]\ngoo: ['1.27.1']\n",
      exit: 2,
      error: "SPEC_INVALID",
      place: ":3:1",
    },
    {
      what: "a Go that the proxy has not",
      spec: "name: x\nplatforms: [linux/amd64]\ngo: ['1.26.9']\n",
      exit: 7,
      error: "NOT_FOUND",
    },
  ])("refuses $what", async ({ spec, exit, error, place = "" }) => {
    await using other = await testFolder();
    const file = join(other.path, "other.yaml");
    if (spec !== undefined) await writeFile(file, spec);
    const result = await site(["plan", file, "--json"]);
    const found = result.json() as { error: { code: string; subject: string } };
    expect(found.error.code).toBe(error);
    expect(found.error.subject.endsWith(place)).toBe(true);
    expect(result.code).toBe(exit);
  });

  it("refuses a file of authorities that is none, by flag or setting, before it asks anybody", async () => {
    await using other = await testFolder();
    await writeFile(join(other.path, "empty.pem"), "");
    const asked: string[] = [];
    const listen = ({ url = "" }: { url?: string }): void => void asked.push(url);
    server.on("request", listen);
    const byFlag = await site(["plan", "--json", "--ca-file", join(other.path, "empty.pem")]);
    const bySetting = await site(["plan", "--json"], { env: { GOFERRY_CA_FILE: "/nowhere/ca.pem" } });
    server.off("request", listen);
    for (const result of [byFlag, bySetting]) {
      expect(result.code).toBe(2);
      expect(result.json()).toMatchObject({ error: { code: "CA_FILE_INVALID" } });
    }
    expect(bySetting.json()).toMatchObject({ error: { subject: "/nowhere/ca.pem" } });
    expect(asked).toEqual([]);
  });

  it("says when nobody knows a proxy", async () => {
    const unknown = await site(["plan", "--json"], { env: { GOPROXY: "", PATH: "" } });
    expect(unknown.code).toBe(2);
    expect(unknown.json()).toMatchObject({ error: { code: "PROXY_UNKNOWN" } });
  });

  it("needs a place for its cache", async () => {
    const result = await goferry(["plan", "--json"], {
      cwd: folder.path,
      env,
      system: { folders: undefined },
    });
    expect(result.json()).toMatchObject({ error: { code: "HOME_MISSING", subject: "cache" } });
    const words = ["plan", "--json", "--cache", "own-cache"];
    expect(await goferry(words, { cwd: folder.path, env, system: { folders: undefined } })).toMatchObject({
      code: 0,
    });
  });
});

describe("build", () => {
  const words = ["build", "--sign-key", "keys/private.asc", "--out", "site.tar"];

  it("builds, rehearses, signs and says what it did; then the bundle verifies and installs", async () => {
    const built = await site([...words, "--with-executables", "dist"], {
      env: { GOFERRY_KEY_PASSPHRASE: "right" },
    });
    expect(built.stderr).toMatch(/^(?:goferry: [A-Z][^\n]*\n)+$/u);
    expect(built.code).toBe(0);
    expect(built.stdout).toMatch(/^Built site\n/u);
    expect(built.stdout).toMatch(/units +1 toolchain, 0 modules/u);
    expect(built.stdout).toMatch(/signed by +[0-9A-F]{40}\n/u);
    expect(built.stdout).toMatch(/lock +\S+goferry\.lock/u);
    expect(built.stdout + built.stderr).not.toMatch(/pl4nted|right/u);

    const sums = await readFile(join(folder.path, "SHA256SUMS"), "utf8");
    expect(sums).toMatch(/ {2}goferry-.*\n.* {2}install\.sh\n.* {2}site\.tar\n$/u);
    expect(await readFile(join(folder.path, "SHA256SUMS.asc"), "utf8")).toContain("BEGIN PGP SIGNATURE");
    expect((await stat(join(folder.path, "install.sh"))).mode & 0o111).not.toBe(0);

    const trust = ["site.tar", "--key", "keys/public.asc", "--log-key", env["GOSUMDB"] ?? ""];
    expect(await site(["verify", ...trust, "--quiet"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(await site(["install", ...trust, "--root", "root", "--quiet"])).toMatchObject({
      code: 0,
      stderr: "",
    });
  });

  it("builds the same again with --locked, and tells all of it with --json", async () => {
    const before = (await site(["inspect", "site.tar", "--json"])).json();
    const result = await site([...words, "--locked", "--json"], { env: { GOFERRY_KEY_PASSPHRASE: "right" } });
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.json()).toMatchObject({
      file: join(folder.path, "site.tar"),
      name: "site",
      indexDigest: before["indexDigest"],
      counts: { toolchains: 1, modules: 0, gomods: 0, private: 0 },
      log: { name: "sum.example.com", treeSize: 1 },
      signers: [expect.stringMatching(/^[0-9A-F]{40}$/u)],
      rehearsals: [],
      lockFile: join(folder.path, "goferry.lock"),
      executables: [],
    });
  });

  it("plans from the lock, and says what is new since it", async () => {
    const same = (await site(["plan", "--json"])).json();
    expect(same).toMatchObject({
      toolchains: [{ size: zipSize, cached: true }],
      downloadSize: 0,
      units: { from: "lock", modules: [], gomods: 0 },
      lock: { file: join(folder.path, "goferry.lock"), created: "2026-11-21T06:00:00Z" },
      changes: [],
    });
    const spec = `name: site\ngo: ["1.27"]\nplatforms: [${PLATFORM}]\n`;
    await writeFile(join(folder.path, "changed.yaml"), spec);
    const plan = ["plan", "changed.yaml", "--lock", "goferry.lock"];
    const changed = (await site([...plan, "--json"])).json();
    expect(changed["changes"]).toEqual([
      { area: "request", subject: "expires", before: "30d" },
      { area: "request", subject: "go", before: "1.27.1", after: "1.27" },
    ]);
    expect((await site(plan)).stdout).toMatch(/changed +expires: removed 30d\n +go: 1\.27\.1 -> 1\.27\n/u);
    const refused = await site([...plan, "--locked", "--json"]);
    expect(refused.code).toBe(2);
    expect(refused.json()).toMatchObject({
      error: {
        code: "LOCK_DRIFT",
        message: expect.stringMatching(/expires: removed 30d; go: 1\.27\.1 -> 1\.27$/u),
      },
    });
  });

  it("takes the key and its passphrase from settings", async () => {
    await writeFile(join(folder.path, "pass"), "right\n");
    const settings = { GOFERRY_SIGN_KEY: "keys/private.asc", GOFERRY_PASSPHRASE_FILE: "pass" };
    const result = await site(["build", "--out", "x.tar", "--dry-run", "--json"], { env: settings });
    expect(result.json()).toMatchObject({ dryRun: true, name: "site" });
    expect(await readdir(folder.path)).not.toContain("x.tar");
  });

  it("asks for the passphrase, up to three times", async () => {
    const dry = [...words, "--dry-run"];
    const right = await site(dry, { typed: ["wrong\r", "\r", "right\r"] });
    expect(right.code).toBe(0);
    expect(right.stderr.match(/That is not its passphrase/gu)).toHaveLength(2);
    const wrong = await site(dry, { typed: ["a\r", "b\r", "c\r", "right\r"] });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("PASSPHRASE_WRONG");
    const gone = await site(dry, { typed: ["\u0003"] });
    expect(gone.code).toBe(130);
  });

  it.each([
    { what: "no passphrase", exit: 2, error: "PASSPHRASE_MISSING" },
    { what: "a wrong one", pass: "wrong", exit: 2, error: "PASSPHRASE_WRONG" },
    { what: "no key", flag: "--sign-key", value: "nope.asc", exit: 7, error: "NOT_FOUND" },
    { what: "a public key", flag: "--sign-key", value: "keys/public.asc", exit: 2, error: "KEY_INVALID" },
    { what: "a folder for a key", flag: "--sign-key", value: "keys", exit: 6, error: "IO_FAILED" },
    {
      what: "no executables",
      flag: "--with-executables",
      value: "keys",
      pass: "right",
      exit: 2,
      error: "ARGUMENT_INVALID",
    },
    {
      what: "an output that cannot be",
      flag: "--out",
      value: "goferry.yaml/x",
      pass: "right",
      exit: 6,
      error: "IO_FAILED",
    },
    {
      what: "a lock that is none",
      flag: "--lock",
      value: "goferry.yaml",
      pass: "right",
      exit: 2,
      error: "LOCK_INVALID",
    },
  ])("refuses $what", async ({ flag, value = "", pass, exit, error }) => {
    const flags = new Map([
      ["--sign-key", "keys/private.asc"],
      ["--out", "new.tar"],
    ]);
    if (flag !== undefined) flags.set(flag, value);
    const result = await site(["build", ...[...flags].flat(), "--json"], {
      env: pass === undefined ? {} : { GOFERRY_KEY_PASSPHRASE: pass },
    });
    expect(result.json()).toMatchObject({ error: { code: error } });
    expect(result.code).toBe(exit);
    expect(result.stdout).not.toContain("pl4nted");
    expect(await readdir(folder.path)).not.toContain("new.tar");
  });

  it("refuses the same key twice", async () => {
    const result = await site([...words, "--sign-key", "./keys/private.asc", "--json"], {
      env: { GOFERRY_KEY_PASSPHRASE: "right" },
    });
    expect(result.json()).toMatchObject({ error: { code: "ARGUMENT_INVALID", subject: "--sign-key" } });
  });

  it("leaves nothing when it is interrupted", async () => {
    const reason = new GoferryError("INTERRUPTED", { subject: "goferry", message: "stopped by the test" });
    const result = await goferry(
      ["build", "--sign-key", "keys/private.asc", "--out", "never.tar", "--json"],
      {
        cwd: folder.path,
        env: { ...env, GOFERRY_KEY_PASSPHRASE: "right" },
        signal: AbortSignal.abort(reason),
      },
    );
    expect(result.json()).toMatchObject({ error: { code: "INTERRUPTED" } });
    expect(result.code).toBe(130);
    expect(await readdir(folder.path)).not.toContain("never.tar");
    expect(await readdir(join(folder.path, "home/cache/work"))).toEqual([]);
  });
});

describe("build --smallest", () => {
  it("packs anew, is remembered by the lock, and refused where the lock says otherwise", async () => {
    const passphrase = { env: { GOFERRY_KEY_PASSPHRASE: "right" } };
    const words = ["build", "--sign-key", "keys/private.asc", "--out", "small.tar", "--lock", "small.lock"];
    expect(await site([...words, "--quiet"], passphrase)).toMatchObject({ code: 0, stderr: "" });
    const usual = (await site(["inspect", "small.tar", "--json"])).json();
    const refused = await site([...words, "--locked", "--smallest", "--json"], passphrase);
    expect(refused.json()).toMatchObject({ error: { code: "LOCK_DRIFT" } });
    expect(await site([...words, "--smallest", "--quiet"], passphrase)).toMatchObject({ code: 0 });
    expect(await readFile(join(folder.path, "small.lock"), "utf8")).toContain('"smallest": true');
    const small = (await site(["inspect", "small.tar", "--json"])).json();
    expect(small["indexDigest"]).not.toBe(usual["indexDigest"]);
    // Who has the lock need not say it again.
    expect(await site([...words, "--locked", "--quiet"], passphrase)).toMatchObject({ code: 0 });
    const again = (await site(["inspect", "small.tar", "--json"])).json();
    expect(again["indexDigest"]).toBe(small["indexDigest"]);
  });
});

describe("init", () => {
  it("writes a spec that plan takes as it is, once", async () => {
    await using other = await testFolder();
    const app = join(other.path, "app");
    await mkdir(app);
    await writeFile(join(app, "go.mod"), "module example.com/app\n\ngo 1.21\n");
    await writeFile(join(app, "Dockerfile"), "FROM golang:1.27.1-alpine\n");
    const here = (words: string[]): Promise<TestResult> => goferry(words, { cwd: app, env });

    const dry = await here(["init", "--dry-run"]);
    expect(dry).toMatchObject({ code: 0, stderr: "" });
    expect(await readdir(app)).toEqual(["Dockerfile", "go.mod"]);

    const written = await here(["init"]);
    expect(written).toMatchObject({ code: 0, stderr: "" });
    expect(written.stdout).toContain("1.27.1: Dockerfile:1");
    expect(await readFile(join(app, "goferry.yaml"), "utf8")).toBe(dry.stdout);
    expect((await here(["plan", "--json"])).json()).toMatchObject({
      name: "app",
      go: ["1.27.1"],
      platforms: [PLATFORM],
      projects: [{ name: "app", dir: app }],
    });

    const again = await here(["init", "--json"]);
    expect(again.code).toBe(2);
    expect(again.json()).toMatchObject({ error: { code: "OUTPUT_EXISTS" } });
    const elsewhere = await goferry(["init", "app", "--out", "x.yaml", "--no-schema", "--json"], {
      cwd: other.path,
      env,
    });
    expect(elsewhere.json()).toMatchObject({
      file: join(other.path, "x.yaml"),
      schemaFile: null,
      projects: [{ path: "./app", active: true }],
    });
    expect(await readdir(other.path)).toEqual(["app", "x.yaml"]);
  });
});
