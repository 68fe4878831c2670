import { createHash } from "node:crypto";
import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { dirhash, goModHash, toolchainModule } from "@goferry/core";
import { Header } from "tar";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import {
  goMirror,
  releaseSigner,
  type GoMirror,
  type MirroredArchive,
} from "../../../../test/kit/go-mirror.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { hashModuleZip } from "../go/zip.ts";
import { createCache } from "../net/cache.ts";
import { createHttp } from "../net/http.ts";
import { selfSigned } from "../net/test-certificates.ts";
import type { ToolchainSource } from "../toolchain-source.ts";
import { dlSource } from "./dl-source.ts";
import { googleKey } from "./google-key.ts";

const MODULE = toolchainModule("1.27.1", "linux/amd64");
const WINDOWS = toolchainModule("1.27.1", "windows/amd64");
const TAR = "go1.27.1.linux-amd64.tar.gz";
const ZIP = "go1.27.1.windows-amd64.zip";

/** A small Go as its archive has it. */
const TREE: Record<string, string> = {
  VERSION: "go1.27.1\n",
  "api/go1.txt": "left out",
  "bin/go": "the go command",
  "doc/README.md": "left out",
  "misc/x": "left out",
  "src/go.mod": "module std\n",
  "src/cmd/go.mod": "module cmd\n",
  "src/test/kept.go": "package test\n",
  "test/fixedbugs/Þ.go": "left out",
};

/** What the checksum database has of it: cmd/distpack's rule, written here once more. */
function recordOf(tree: Record<string, string>, { version } = MODULE): { h1: string; modH1: string } {
  const kept = Object.entries(tree).filter(([name]) => !/^(?:api|doc|misc|test)\//u.test(name));
  const files = kept.map(([name, content]) => ({
    name: `golang.org/toolchain@${version}/${name.replace(/\/go\.mod$/u, "/_go.mod")}`,
    sha256: createHash("sha256").update(content).digest("hex"),
  }));
  return { h1: dirhash(files), modH1: goModHash(Buffer.from("module golang.org/toolchain\n")) };
}

function tarGz(tree: Record<string, string>): Uint8Array {
  const parts = Object.entries(tree).flatMap(([name, text]) => {
    const content = Buffer.from(text);
    const block = Buffer.alloc(512);
    const path = `go/${name.replace("Þ", "T")}`;
    new Header({ path, type: "File", mode: 0o644, size: content.length, mtime: new Date(0) }).encode(
      block,
      0,
    );
    return [block, content, Buffer.alloc(-content.length & 511)];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]));
}

const zipOf = (tree: Record<string, string>): Uint8Array =>
  makeZip(Object.entries(tree).map(([name, content]) => ({ name: `go/${name}`, content })));

const own = await releaseSigner(new Date(Date.now() - 3_600_000));
const stranger = await releaseSigner(new Date(Date.now() - 3_600_000));
const archive = tarGz(TREE);
const good: MirroredArchive = { filename: TAR, content: archive, signature: await own.sign(archive) };

const zip = zipOf(TREE);
const goodZip: MirroredArchive = { filename: ZIP, content: zip, signature: await own.sign(zip) };

interface Tried {
  source: ToolchainSource;
  /** Folder of the cache. */
  downloads: string;
  fetch(module?: typeof MODULE, record?: { h1: string; modH1: string }): ReturnType<ToolchainSource["fetch"]>;
}

async function sourceAt(folder: string, url: string, options: { ca?: string } = {}): Promise<Tried> {
  const env = options.ca === undefined ? {} : { SSL_CERT_FILE: options.ca };
  const source = dlSource({
    http: createHttp({ env, userAgent: "test", sleep: async () => undefined }),
    url,
    keys: [await googleKey(), own.trusted],
    cache: createCache(join(folder, "downloads")),
    dir: join(folder, "work", String(Math.random())),
    now: new Date(),
    signal: undefined,
  });
  const fetch: Tried["fetch"] = (module = MODULE, expected = recordOf(TREE, module)) =>
    source.fetch(module, { expected, onProgress: () => undefined });
  return { source, downloads: join(folder, "downloads"), fetch };
}

/** Fetches from a mirror that has these archives, and says what came of it and what is left in the cache. */
async function attempt(
  archives: readonly MirroredArchive[],
  {
    module = MODULE,
    record = recordOf(TREE, module),
    ...mirror
  }: Partial<Parameters<typeof goMirror>[0]> & {
    module?: typeof MODULE;
    record?: { h1: string; modH1: string };
  } = {},
): Promise<{ error: Record<string, unknown>; kept: string[]; asked: string[] }> {
  await using folder = await temporaryFolder();
  await using server = await goMirror({ archives, ...mirror });
  const { fetch, downloads } = await sourceAt(folder.path, server.url);
  const error: unknown = await fetch(module, record).catch((reason: unknown) => reason);
  const files = await readdir(downloads, { recursive: true, withFileTypes: true }).catch(() => []);
  const kept = files.filter((each) => each.isFile()).map(({ name }) => name);
  return { error: error as Record<string, unknown>, kept, asked: server.asked };
}

describe("dlSource", () => {
  it.each([
    ["a tar.gz", MODULE, good],
    ["a zip", WINDOWS, goodZip],
  ])("makes of %s the module that the checksum database has", async (_name, module, mirrored) => {
    await using folder = await temporaryFolder();
    await using server = await goMirror({ archives: [mirrored] });
    const { fetch } = await sourceAt(folder.path, server.url);
    const fetched = await fetch(module);
    const { path, version } = module;
    expect(fetched).toMatchObject({ path, version, ...recordOf(TREE, module) });
    expect(await hashModuleZip(fetched.zip, `${path}@${version}/`)).toBe(fetched.h1);
  });

  it("downloads an archive once, proves it each time, and mends a damaged one in the cache", async () => {
    await using folder = await temporaryFolder();
    await using server = await goMirror({ archives: [good] });
    const fetchAgain = async (): Promise<void> => {
      await (await sourceAt(folder.path, server.url)).fetch();
    };
    const { source, downloads } = await sourceAt(folder.path, server.url);
    expect(await source.cost(MODULE)).toEqual({ size: archive.length, isCached: false });
    await fetchAgain();
    await fetchAgain();
    expect(await source.cost(MODULE)).toEqual({ size: archive.length, isCached: true });
    const downloadsOf = (mirror: GoMirror): number => mirror.asked.filter((path) => path === TAR).length;
    expect(downloadsOf(server)).toBe(1);
    const [name = ""] = (await readdir(downloads, { recursive: true })).filter((each) =>
      /[0-9a-f]{64}$/u.test(each),
    );
    await truncate(join(downloads, name), 100);
    await fetchAgain();
    expect(downloadsOf(server)).toBe(2);
    expect(Buffer.from(archive).equals(await readFile(join(downloads, name)))).toBe(true);
  });

  it("offers what the list calls stable, and serves more on request", async () => {
    await using folder = await temporaryFolder();
    const rc = { filename: "go1.28rc1.linux-amd64.tar.gz", content: archive };
    const old = { filename: "go1.26.9.linux-amd64.tar.gz", content: archive };
    await using server = await goMirror({ archives: [rc, good, old], unstable: ["go1.28rc1", "go1.26.9"] });
    const { source } = await sourceAt(folder.path, server.url);
    expect(await source.listGoVersions()).toEqual([MODULE.version]);
    expect(await source.askToolchain("v0.0.1-go1.28rc1.linux-amd64")).toEqual({ served: true });
    expect(await source.askToolchain("v0.0.1-go1.26.9.linux-amd64")).toEqual({ served: true });
    expect(await source.askToolchain("v0.0.1-go1.27.1.linux-386")).toEqual({
      served: false,
      answer: `no archive of it in the list of ${server.url}`,
    });
    expect(await source.askToolchain("nonsense")).toMatchObject({ served: false });
    expect(source.origin).toMatchObject({ from: "dl", url: server.url });
    expect(server.asked).toEqual(["?mode=json&include=all"]);
  });

  it("refuses an archive without a signature before it downloads it", async () => {
    const { error, asked } = await attempt([{ filename: TAR, content: archive }]);
    expect(error).toMatchObject({
      code: "SIGNATURE_MISSING",
      subject: TAR,
      expected: expect.stringMatching(
        /\.asc, by EB4C1BFD4F042F6DDDCCEC917721F63BD38B4796 \(Google .*\), or /u,
      ),
      found: "404",
      next: expect.stringContaining("https://go.dev/dl"),
    });
    expect(asked).not.toContain(TAR);
  });

  it("refuses a signature by another key", async () => {
    const { error, kept } = await attempt([{ ...good, signature: await stranger.sign(archive) }]);
    expect(error).toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
      subject: TAR,
      expected: expect.stringContaining("EB4C1BFD4F042F6DDDCCEC917721F63BD38B4796"),
      found: expect.stringContaining(stranger.trusted.fingerprint),
      next: expect.stringContaining("--release-key FILE"),
    });
    expect(kept).toEqual([]);
  });

  it("refuses a signature from the future", async () => {
    const tomorrow = new Date(Date.now() + 3 * 24 * 3_600_000);
    const { error, kept } = await attempt([{ ...good, signature: await own.sign(archive, tomorrow) }]);
    expect(error).toMatchObject({ code: "CLOCK_BEHIND", subject: TAR });
    expect(kept).toEqual([]);
  });

  const other = tarGz({ ...TREE, "bin/go": "something else" });

  it("refuses an archive that is not what the list says", async () => {
    const sha256 = createHash("sha256").update(archive).digest("hex");
    const { error, kept } = await attempt([{ ...good, content: other, listed: { sha256 } }]);
    expect(error).toMatchObject({
      code: "HASH_MISMATCH",
      subject: TAR,
      expected: `SHA-256 ${sha256}, ${other.length} bytes`,
      found: expect.stringContaining("SHA-256 "),
      next: expect.stringContaining("mirror"),
    });
    expect(kept).toEqual([]);
  });

  it("refuses an archive of another size than the list says", async () => {
    for (const size of [archive.length - 1, archive.length + 1]) {
      const { error, kept } = await attempt([{ ...good, listed: { size } }]);
      expect(error).toMatchObject({ code: "RESPONSE_INVALID", subject: TAR });
      expect(kept).toEqual([]);
    }
  });

  it("refuses an archive that was changed along with the list", async () => {
    const { error, kept } = await attempt([{ ...good, content: other }]);
    expect(error).toMatchObject({
      code: "SIGNATURE_INVALID",
      subject: TAR,
      expected: expect.stringContaining(own.trusted.fingerprint),
      next: expect.stringContaining("mirror"),
    });
    expect(kept).toEqual([]);
  });

  // Whoever has the key of the mirror, or Google's, has not changed the log.
  it("refuses an archive that a trusted key has signed and the checksum database does not know", async () => {
    const { error } = await attempt([{ ...good, content: other, signature: await own.sign(other) }]);
    expect(error).toMatchObject({
      code: "LOG_MISMATCH",
      subject: `golang.org/toolchain@${MODULE.version}`,
      expected: recordOf(TREE).h1,
      found: recordOf({ ...TREE, "bin/go": "something else" }).h1,
    });
    const record = { ...recordOf(TREE), modH1: recordOf(TREE).h1 };
    expect((await attempt([good], { record })).error).toMatchObject({ code: "LOG_MISMATCH" });
  });

  it.each<[string, Uint8Array, string]>([
    [
      "a zip with a link",
      makeZip([{ name: "go/x", content: "/etc/passwd", mode: 0o120777 }]),
      "MODULE_ZIP_INVALID",
    ],
    ["a zip whose name climbs", makeZip([{ name: "go/../x", content: "" }]), "ENTRY_REFUSED"],
    ["a zip that is none", Buffer.from("<html>"), "MODULE_ZIP_INVALID"],
    ["a zip of another folder", makeZip([{ name: "gone/x", content: "" }]), "MODULE_ZIP_INVALID"],
    [
      "a zip with a file twice",
      makeZip(["go/x", "go/x"].map((name) => ({ name, content: "" }))),
      "ENTRY_REFUSED",
    ],
    [
      "a zip that inflates to more",
      makeZip([{ name: "go/x", content: "xx", size: 1 }]),
      "MODULE_ZIP_INVALID",
    ],
    ["a file that hashes like go.mod", zipOf({ ...TREE, "src/_go.mod": "" }), "ENTRY_REFUSED"],
  ])("refuses %s, though it is signed", async (_name, content, code) => {
    const mirrored = { filename: ZIP, content, signature: await own.sign(content) };
    expect((await attempt([mirrored], { module: WINDOWS })).error).toMatchObject({ code });
  });

  it("refuses a list that names a path to climb, and asks for nothing more", async () => {
    const { error, asked } = await attempt([{ ...good, listed: { filename: `../${TAR}` } }]);
    expect(error).toMatchObject({ code: "RESPONSE_INVALID", subject: "the list of Go releases" });
    expect(asked).toHaveLength(1);
  });

  it("says what a mirror without a list, or without the archive, lacks", async () => {
    expect((await attempt([], { list: "<html>" })).error).toMatchObject({ code: "RESPONSE_INVALID" });
    const elsewhere = { ...good, filename: "go1.27.1.linux-arm64.tar.gz" };
    expect((await attempt([elsewhere])).error).toMatchObject({
      code: "NOT_FOUND",
      message: "there is no Go 1.27.1 for linux/amd64",
      next: expect.stringContaining("--from proxy"),
    });
    await using folder = await temporaryFolder();
    await using server = await goMirror({ archives: [] });
    const { fetch } = await sourceAt(folder.path, `${server.server.url}/nothing`);
    await expect(fetch()).rejects.toMatchObject({
      code: "NOT_FOUND",
      subject: "the list of Go releases",
      next: expect.stringContaining("--dl-url"),
    });
  });

  it("follows a redirect, as go.dev makes one, but not from https to http", async () => {
    await using folder = await temporaryFolder();
    await using plain = await goMirror({ archives: [good] });
    await using redirecting = await goMirror({ archives: [good], elsewhere: plain.server.url });
    expect(await (await sourceAt(folder.path, redirecting.url)).fetch()).toMatchObject(recordOf(TREE));
    const certificate = selfSigned("localhost");
    const ca = join(folder.path, "ca.pem");
    await writeFile(ca, certificate.cert);
    await using secure = await goMirror({ archives: [good], elsewhere: plain.server.url, certificate });
    const { fetch } = await sourceAt(folder.path, secure.url, { ca });
    await expect(fetch()).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      found: expect.stringContaining("a redirect from https to http"),
    });
  });

  it.each(["go.dev/dl", "ftp://go.dev/dl", "https://go.dev/dl?x=y", "https://go.dev/dl#x", "file:///dl"])(
    "refuses the address %s",
    async (url) => {
      await expect(sourceAt("/nonexistent", url)).rejects.toMatchObject({
        code: "ARGUMENT_INVALID",
        subject: "--dl-url",
      });
    },
  );

  it("keeps the login of an address to itself", async () => {
    await using folder = await temporaryFolder();
    await using server = await goMirror({ archives: [{ filename: TAR, content: archive }] });
    const url = server.url.replace("http://", "http://me:secret@");
    const { source, fetch } = await sourceAt(folder.path, url);
    const error: unknown = await fetch().catch((reason: unknown) => reason);
    expect(JSON.stringify([error, source.origin])).not.toContain("secret");
    expect(server.server.requests[0]?.headers.authorization).toMatch(/^Basic /u);
  });
});
