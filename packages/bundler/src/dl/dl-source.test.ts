import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { goMirror, type GoMirror } from "../../../../test/kit/go-mirror.ts";
import { hashModuleZip } from "../go/zip.ts";
import { selfSigned } from "../net/test-certificates.ts";
import {
  archive,
  attempt,
  good,
  goodZip,
  MODULE,
  recordOf,
  sourceAt,
  TAR,
  TREE,
  WINDOWS,
} from "../../../../test/kit/release-archives.ts";

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
