import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compareGoVersions,
  goLineOf,
  isFinishedGo,
  isGoLine,
  isSupportedGo,
  newerGoVersion,
  newestGoFirst,
  parseToolchainVersion,
  toolchainModule,
} from "./go-version.ts";
import { isModule } from "./path.ts";

const invalid = expect.objectContaining({ code: "MODULE_INVALID" });

const verdicts = readFileSync(new URL("testdata/go-version-order.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split("\t"));

const number = fc.constantFrom("0", "1", "2", "10", "20", "21", "9007199254740993");
const anyVersion = fc.oneof(
  fc.tuple(number, number, number).map((numbers) => numbers.join(".")),
  fc.tuple(number, number).map((numbers) => numbers.join(".")),
  fc
    .tuple(number, number, fc.constantFrom("alpha", "beta", "rc"), number)
    .map(([major, minor, kind, pre]) => `${major}.${minor}${kind}${pre}`),
  fc.constantFrom("", "x", "go1.27", "1.27.1rc1", "01.2", "1.27-x"),
);

describe("compareGoVersions", () => {
  it("orders as Go does", () => {
    expect(verdicts.length).toBeGreaterThan(400);
    for (const [a = "", b = "", verdict] of verdicts) {
      expect(Math.sign(compareGoVersions(a, b)), `${a} and ${b}`).toBe(Number(verdict));
      expect(Math.sign(compareGoVersions(b, a)), `${b} and ${a}`).toBe(0 - Number(verdict));
    }
  });

  it("is a total order", () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, anyVersion, (a, b, c) => {
        expect(compareGoVersions(a, a)).toBe(0);
        expect(Math.sign(compareGoVersions(a, b))).toBe(0 - Math.sign(compareGoVersions(b, a)));
        const [x = "", y = "", z = ""] = [a, b, c].toSorted(newestGoFirst);
        for (const [newer, older] of [
          [x, y],
          [y, z],
          [x, z],
        ] as const) {
          expect(compareGoVersions(newer, older)).toBeGreaterThanOrEqual(0);
          expect(newerGoVersion(newer, older)).toBe(newer);
        }
      }),
    );
  });
});

describe("kinds of versions", () => {
  it.each([
    ["1.27.1", true, false, "1.27", true],
    ["1.27", false, true, "1.27", true],
    ["1.28rc1", false, false, "1.28", true],
    ["1.21", false, true, "1.21", true],
    ["1.21rc1", false, false, "1.21", true],
    ["1.20", false, true, "1.20", false],
    ["1.20.14", true, false, "1.20", false],
    ["2.0.0", true, false, "2.0", true],
    ["2.1rc1", false, false, "2.1", true],
  ])("are told apart for %s", (go, finished, line, lineOf, supported) => {
    expect(isFinishedGo(go)).toBe(finished);
    expect(isGoLine(go)).toBe(line);
    expect(goLineOf(go)).toBe(lineOf);
    expect(isSupportedGo(go)).toBe(supported);
  });
});

describe("toolchains", () => {
  it.each([
    ["1.27.1", "linux/amd64", "v0.0.1-go1.27.1.linux-amd64"],
    ["1.21.0", "windows/arm64", "v0.0.1-go1.21.0.windows-arm64"],
    ["1.28rc1", "darwin/arm64", "v0.0.1-go1.28rc1.darwin-arm64"],
    ["1.30beta2", "linux/ppc64le", "v0.0.1-go1.30beta2.linux-ppc64le"],
    ["2.0.10", "plan9/386", "v0.0.1-go2.0.10.plan9-386"],
  ])("go%s for %s is %s", (go, platform, version) => {
    expect(toolchainModule(go, platform)).toEqual({ path: "golang.org/toolchain", version, go, platform });
    expect(isModule(toolchainModule(go, platform))).toBe(true);
    expect(parseToolchainVersion(version)).toEqual(toolchainModule(go, platform));
  });

  it.each([
    ["go1.27.1", "linux/amd64"],
    ["1.27", "linux/amd64"],
    ["1.27.01", "linux/amd64"],
    ["1.27.1-x", "linux/amd64"],
    ["1.27rc0", "linux/amd64"],
    ["1.27.1/..", "linux/amd64"],
    ["", "linux/amd64"],
    ["1.27.1", "linux"],
    ["1.27.1", "linux-amd64"],
    ["1.27.1", "linux/amd64/v2"],
    ["1.27.1", "../amd64"],
    ["1.27.1", "Linux/amd64"],
  ])("are refused for go%j on %j", (go, platform) => {
    expect(() => toolchainModule(go, platform)).toThrow(invalid);
  });

  it.each([
    "v0.0.1-go1.27.1.linux-amd64/../x",
    "v0.0.1-go1.27.1.linux",
    "v0.0.1-go1.27.1.linux-amd64-v2",
    "v0.0.1-go1.27.1",
    "v0.0.1-1.27.1.linux-amd64",
    "v0.0.2-go1.27.1.linux-amd64",
    "xv0.0.1-go1.27.1.linux-amd64",
    "v0.0.1-go1.27.1.linux/amd64",
    "v0.0.1-go1.27.1.linux-amd64.tar",
    "",
  ])("are not parsed from %j", (version) => {
    expect(parseToolchainVersion(version)).toBeUndefined();
  });
});
