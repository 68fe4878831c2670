// plan and build with toolchains from a mirror of go.dev/dl that this test makes, and a Go that is a shell script:
// everything real but the compiler. The real archives are in test/projects/dl.test.ts.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { inspectBundle, openFileSource, type Contents } from "@goferry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFiles } from "../../../../test/kit/bundler-go.ts";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import {
  goMirror,
  releaseSigner,
  serve,
  type GoMirror,
  type TestServer,
} from "../../../../test/kit/go-mirror.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { goPlatform } from "../machine.ts";
import { testToolchain } from "../testing/toolchain.ts";
import { goferry, testFolder, type TestResult } from "../testing/terminal.ts";

const PLATFORM = goPlatform({ os: process.platform, arch: process.arch });
const ARCHIVE = `go1.27.1.${PLATFORM.replace("/", "-")}.tar.gz`;
const { toolchain, files } = testToolchain(PLATFORM);
const MODULE = `${toolchain.path}@${toolchain.version}`;
const GOOGLE = "EB4C1BFD4F042F6DDDCCEC917721F63BD38B4796";

/** A while before the time of the runs. */
const SIGNED = new Date("2026-11-20T06:00:00Z");

let folder: Awaited<ReturnType<typeof testFolder>>;
/** The module proxy, with the checksum database behind it. */
let proxy: TestServer;
let mirror: GoMirror;
let env: Record<string, string>;
let archive: Uint8Array;
let signature: Uint8Array;
let fingerprint: string;

beforeAll(async () => {
  folder = await testFolder();
  const log = checksumLog();
  log.add(toolchain);
  const zip = makeZip(files.map(({ name, bytes }) => ({ name: `${MODULE}/${name}`, content: bytes })));
  proxy = await serve((request, response) => {
    const path = request.url ?? "";
    const [, ofLog] = /^\/sumdb\/sum\.example\.com\/(.*)$/u.exec(path) ?? [];
    const fixed = new Map<string, Uint8Array>([
      ["/sumdb/sum.example.com/supported", Buffer.of()],
      [`/${toolchain.path}/@v/list`, Buffer.from(`${toolchain.version}\n`)],
      [`/${toolchain.path}/@v/${toolchain.version}.zip`, zip],
    ]).get(path);
    const answer =
      fixed === undefined ? log.fetch(decodeURIComponent(ofLog ?? "none")) : Promise.resolve(fixed);
    answer.then(
      (bytes) => response.setHeader("content-length", bytes.length).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  env = { GOPROXY: proxy.url, GOSUMDB: log.vkey, GOFERRY_KEY_PASSPHRASE: "right" };

  const tree = Object.fromEntries(files.map(({ name, bytes }) => [`go/${name}`, bytes]));
  await writeFiles(folder.path, { ...tree, "go/api/go1.txt": "left out\n", "go/test/x.go": "left out\n" });
  const file = join(folder.path, ARCHIVE);
  await promisify(execFile)("tar", ["--format=ustar", "-czf", file, "-C", folder.path, "go"]);
  archive = await readFile(file);

  const signer = await releaseSigner(SIGNED);
  ({ fingerprint } = signer.trusted);
  signature = await signer.sign(archive);
  await writeFile(join(folder.path, "mirror.asc"), signer.publicKey);
  mirror = await goMirror({ archives: [{ filename: ARCHIVE, content: archive, signature }] });

  await writeFile(join(folder.path, "goferry.yaml"), `name: site\ngo: stable\nplatforms: [${PLATFORM}]\n`);
  await site(["key", "generate", "--name", "Site", "--email", "b@example.com", "--out", "keys"]);
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await mirror[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function site(words: string[], more: Record<string, string> = {}): Promise<TestResult> {
  return goferry(words, { cwd: folder.path, env: { ...env, ...more } });
}

const fromDl = (url = mirror.url): string[] =>
  `--from dl --dl-url ${url} --release-key mirror.asc`.split(" ");

const sign = (out: string): string[] => ["build", "--sign-key", "keys/private.asc", "--out", out];

async function contentsOf(name: string): Promise<{ contents: Contents; indexDigest: string }> {
  await using source = await openFileSource(join(folder.path, name));
  return await inspectBundle(source);
}

describe("plan --from dl", () => {
  it("says where toolchains would come from, and who must have signed them", async () => {
    const { code, stdout } = await site(["plan", ...fromDl()]);
    expect(code).toBe(0);
    expect(stdout).toContain(`toolchains  from ${mirror.url}, signed by ${GOOGLE} or ${fingerprint}\n`);
    const planned = (await site(["plan", "--json", ...fromDl()])).json();
    expect(planned).toMatchObject({
      source: { from: "dl", url: mirror.url, keys: [GOOGLE, fingerprint] },
      go: ["1.27.1"],
      toolchains: [{ module: MODULE, size: archive.length, cached: false }],
    });
    expect((await site(["plan", "--json"])).json()).toMatchObject({ source: { from: "proxy" } });
  });

  it("asks no module proxy, and needs to know of none", async () => {
    const asked = proxy.requests.length;
    const settings = { GOFERRY_DL_URL: mirror.url, GOPROXY: "", PATH: "" };
    const { code } = await site(["plan", "--from", "dl"], settings);
    expect(code).toBe(0);
    expect(proxy.requests).toHaveLength(asked);
    const unknown = await site(["plan", "--json"], settings);
    expect(unknown.json()).toMatchObject({
      error: { code: "PROXY_UNKNOWN", next: expect.stringContaining("--from dl") },
    });
  });

  it.each([
    { what: "another source", words: ["--from", "disk"], exit: 2, error: "ARGUMENT_INVALID" },
    { what: "an address that is none", words: ["--dl-url", "go.dev"], exit: 2, error: "ARGUMENT_INVALID" },
    { what: "a key that is not there", words: ["--release-key", "x.asc"], exit: 7, error: "NOT_FOUND" },
    { what: "a key that is none", words: ["--release-key", "goferry.yaml"], exit: 2, error: "KEY_INVALID" },
  ])("refuses $what", async ({ words, exit, error }) => {
    const { code, json } = await site(["plan", "--from", "dl", "--json", ...words]);
    expect({ code, error: json()["error"] }).toMatchObject({ code: exit, error: { code: error } });
  });
});

describe("build --from dl", () => {
  it("makes the bundle that the module proxy gives, but for what was asked for", async () => {
    expect(await site(sign("proxy.tar"))).toMatchObject({ code: 0 });
    const lock = join(folder.path, "goferry.lock");
    const locked = JSON.parse(await readFile(lock, "utf8")) as { request: object };
    const asked = { ...locked, request: { from: "dl", ...locked.request } };
    await writeFile(lock, JSON.stringify(asked));

    // Of the proxy only the checksum database is asked.
    const before = proxy.requests.length;
    const built = await site([...sign("dl.tar"), "--locked", ...fromDl()]);
    expect(built).toMatchObject({ code: 0 });
    const asking = proxy.requests.slice(before).map(({ url }) => url ?? "");
    expect(asking.filter((url) => !url.startsWith("/sumdb/"))).toEqual([]);

    const [one, two] = [await contentsOf("proxy.tar"), await contentsOf("dl.tar")];
    const { from, ...request } = two.contents.request;
    expect(from).toBe("dl");
    expect({ ...two.contents, request }).toEqual(one.contents);
    expect(one.contents.layers.length).toBeGreaterThan(1);
  });

  it("makes the same bytes again from its lock, which remembers the source", async () => {
    const { indexDigest } = await contentsOf("dl.tar");
    const words = ["--locked", "--dl-url", mirror.url, "--release-key", "mirror.asc"];
    expect(await site([...sign("again.tar"), ...words])).toMatchObject({ code: 0 });
    expect((await contentsOf("again.tar")).indexDigest).toBe(indexDigest);
    const { code, json } = await site([...sign("never.tar"), "--locked", "--from", "proxy", "--json"]);
    expect({ code, ...json() }).toMatchObject({
      code: 2,
      error: { code: "LOCK_DRIFT", message: expect.stringContaining("toolchains from: removed dl") },
    });
  });

  it("takes the source from the spec too", async () => {
    const spec = `name: site\ngo: stable\nplatforms: [${PLATFORM}]\nfrom: dl\n`;
    await writeFile(join(folder.path, "dl.yaml"), spec);
    const settings = { GOFERRY_DL_URL: mirror.url, GOFERRY_RELEASE_KEY: "mirror.asc" };
    const planned = await site(["plan", "dl.yaml", "--json"], settings);
    expect(planned.json()).toMatchObject({ source: { from: "dl", keys: [GOOGLE, fingerprint] } });
    expect((await site(["plan", "dl.yaml", "--from", "proxy", "--json"])).json()).toMatchObject({
      source: { from: "proxy" },
    });
  });

  it("refuses what Google has not signed, unless its key was named", async () => {
    const { code, json } = await site([
      ...sign("never.tar"),
      "--json",
      "--from",
      "dl",
      "--dl-url",
      mirror.url,
    ]);
    expect({ code, ...json() }).toMatchObject({
      code: 3,
      error: {
        code: "SIGNATURE_UNTRUSTED",
        subject: ARCHIVE,
        expected: expect.stringContaining(GOOGLE),
        found: expect.stringContaining(fingerprint),
        next: expect.stringContaining("--release-key FILE"),
      },
    });
  });

  it("refuses an archive that was changed after it was signed", async () => {
    const changed = Buffer.concat([archive, Buffer.of(0)]);
    await using other = await goMirror({ archives: [{ filename: ARCHIVE, content: changed, signature }] });
    const { code, json } = await site([...sign("never.tar"), ...fromDl(other.url), "--json"]);
    expect({ code, ...json() }).toMatchObject({
      code: 3,
      error: { code: "SIGNATURE_INVALID", subject: ARCHIVE },
    });
    const sha256 = createHash("sha256").update(archive).digest("hex");
    await using listed = await goMirror({
      archives: [{ filename: ARCHIVE, content: changed, signature: Buffer.of(), listed: { sha256 } }],
    });
    expect((await site([...sign("never.tar"), "--from", "dl", "--dl-url", listed.url, "--json"])).code).toBe(
      3,
    );
  });
});
