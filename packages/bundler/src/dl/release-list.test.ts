import { describe, expect, it } from "vitest";
import { parseReleaseList, type ReleaseList } from "./release-list.ts";

const SHA256 = "a".repeat(64);

type Fields = Record<string, unknown>;

function file(version: string, os: string, arch: string, more: Fields = {}): Fields {
  const end = os === "windows" ? "zip" : "tar.gz";
  const filename = `${version}.${os}-${arch}.${end}`;
  return { filename, os, arch, version, sha256: SHA256, size: 70_000_000, kind: "archive", ...more };
}

function release(version: string, files: Fields[], more: Fields = {}): Fields {
  return { version, stable: true, files, ...more };
}

const parse = (value: unknown): ReleaseList =>
  parseReleaseList(Buffer.from(JSON.stringify(value)), "https://mirror.example/dl/");

describe("parseReleaseList", () => {
  // The shape of https://go.dev/dl/?mode=json&include=all, with what its oldest entries look like.
  const list = parse([
    release("go1.27.1", [
      file("go1.27.1", "", "", { filename: "go1.27.1.src.tar.gz", kind: "source" }),
      file("go1.27.1", "linux", "amd64"),
      file("go1.27.1", "linux", "armv6l", { uploaded: "a key of tomorrow" }),
      file("go1.27.1", "windows", "amd64"),
      file("go1.27.1", "windows", "amd64", { filename: "go1.27.1.windows-amd64.msi", kind: "installer" }),
      file("go1.27.1", "freebsd", "arm"),
    ]),
    release("go1.28rc1", [file("go1.28rc1", "linux", "amd64")], { stable: false }),
    release("go1.26.9", [file("go1.26.9", "linux", "amd64")], { stable: false }),
    release("go1.20.1", [file("go1.20.1", "linux", "amd64")]),
    release("go1.2.2", [
      file("go1.2.2", "darwin", "amd64", { filename: "go1.2.2.darwin-amd64-osx10.6.tar.gz", sha256: "" }),
    ]),
  ]);

  it("has the archives of releases that the list calls stable, from Go 1.21 on", () => {
    expect(list.finished).toEqual(
      ["linux-amd64", "linux-arm", "windows-amd64", "freebsd-arm"].map(
        (platform) => `v0.0.1-go1.27.1.${platform}`,
      ),
    );
  });

  it.each([
    ["1.27.1", "linux/amd64", "go1.27.1.linux-amd64.tar.gz"],
    ["1.27.1", "linux/arm", "go1.27.1.linux-armv6l.tar.gz"],
    ["1.27.1", "freebsd/arm", "go1.27.1.freebsd-arm.tar.gz"],
    ["1.27.1", "windows/amd64", "go1.27.1.windows-amd64.zip"],
    ["1.28rc1", "linux/amd64", "go1.28rc1.linux-amd64.tar.gz"],
    ["1.26.9", "linux/amd64", "go1.26.9.linux-amd64.tar.gz"],
  ])("names the archive of Go %s for %s", (go, platform, filename) => {
    expect(list.archiveOf({ go, platform })).toEqual({ filename, sha256: SHA256, size: 70_000_000 });
  });

  it("has none for another platform or version", () => {
    expect(list.archiveOf({ go: "1.27.1", platform: "linux/386" })).toBeUndefined();
    expect(list.archiveOf({ go: "1.27.2", platform: "linux/amd64" })).toBeUndefined();
  });

  const listed = (more: Fields): unknown => [release("go1.27.1", [file("go1.27.1", "linux", "amd64", more)])];

  it.each<[string, unknown]>([
    ["no list", { releases: [] }],
    ["an empty one", []],
    ["a name that climbs", listed({ filename: "../../go1.27.1.linux-amd64.tar.gz" })],
    ["a name that climbs without a slash", listed({ filename: "go1..linux-amd64.tar.gz" })],
    ["a name with a folder", listed({ filename: "x/go1.27.1.linux-amd64.tar.gz" })],
    ["a name with a query", listed({ filename: "go1.27.1.linux-amd64.tar.gz?x" })],
    ["a name that is a URL", listed({ filename: "https://other.example/go.tar.gz" })],
    ["a SHA-256 that is none", listed({ sha256: "A".repeat(64) })],
    ["a size that is none", listed({ size: -1 })],
    ["a size in words", listed({ size: "70000000" })],
    ["a file without a kind", listed({ kind: undefined })],
    ["a file of another version", listed({ version: "go1.27.0" })],
    ["a version that is none", [release("1.27.1", [])]],
    ["a version that climbs", [release("go1/../x", [])]],
    ["no word on stable", [release("go1.27.1", [], { stable: undefined })]],
    [
      "an archive twice",
      [release("go1.27.1", [file("go1.27.1", "linux", "amd64"), file("go1.27.1", "linux", "amd64")])],
    ],
  ])("refuses %s", (_name, value) => {
    expect(() => parse(value)).toThrow(
      expect.objectContaining({
        code: "RESPONSE_INVALID",
        subject: "the list of Go releases",
        found: expect.stringContaining("https://mirror.example/dl/"),
        next: expect.stringContaining("--dl-url"),
      }),
    );
  });

  it.each(["<html>", "[", "\u{ff}"])("refuses %j", (text) => {
    expect(() => parseReleaseList(Buffer.from(text, "latin1"), "x")).toThrow(
      expect.objectContaining({ code: "RESPONSE_INVALID" }),
    );
  });

  it.each([{ sha256: "" }, { size: 0 }, { size: 10 ** 12 }])("gives out no archive with %j", (more) => {
    const odd = parse(listed(more));
    expect(() => odd.archiveOf({ go: "1.27.1", platform: "linux/amd64" })).toThrow(
      expect.objectContaining({ code: "RESPONSE_INVALID" }),
    );
  });
});
