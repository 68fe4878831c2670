import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compareGoVersions,
  goLineOf,
  isFinishedRelease,
  isGoLine,
  isSupportedGo,
  parseToolchainList,
  toolchainModule,
} from "./go-version.ts";

describe("compareGoVersions", () => {
  // In order, as Go's internal/gover has them; those on one line are equal.
  const ORDER = [
    ["x", "1.27.1rc1", "go1.27", "1.027", ""],
    ["1", "1.0", "1.0.0"],
    ["1.9"],
    ["1.20beta1"],
    ["1.20rc1"],
    ["1.20", "1.20.0"],
    ["1.21"],
    ["1.21rc2"],
    ["1.21rc10"],
    ["1.21.0"],
    ["1.21.9"],
    ["1.21.10"],
    ["1.27"],
    ["1.27rc1"],
    ["1.27.0"],
    ["1.100.0"],
    ["2.0.0"],
  ];

  it("orders as Go does", () => {
    const all = ORDER.flatMap((versions, rank) => versions.map((version) => ({ version, rank })));
    for (const a of all) {
      for (const b of all) {
        const order = Math.sign(compareGoVersions(a.version, b.version));
        expect(order, `${a.version} and ${b.version}`).toBe(Math.sign(a.rank - b.rank));
      }
    }
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
  ])("are told apart for %s", (version, finished, line, lineOf, supported) => {
    expect(isFinishedRelease(version)).toBe(finished);
    expect(isGoLine(version)).toBe(line);
    expect(goLineOf(version)).toBe(lineOf);
    expect(isSupportedGo(version)).toBe(supported);
  });
});

describe("the list of toolchains", () => {
  it("is read by version and platform, newest first, without what cannot be carried", () => {
    const lines = [
      "v0.0.1-go1.20.14.linux-amd64",
      "v0.0.1-go1.9rc2.windows-amd64",
      "v0.0.1-go1.27.1.linux-amd64",
      "v0.0.1-go1.27.1.linux-arm64",
      "v0.0.1-go1.28rc1.linux-amd64",
      "v0.0.1-go1.27.10.linux-amd64\r",
      "v0.0.1-go1.27.linux-amd64",
      "v1.0.0",
      "v0.0.1-go1.27.1-evil/../x.linux-amd64",
      "",
    ];
    expect([...parseToolchainList(lines)].map(([version, has]) => [version, [...has]])).toEqual([
      ["1.28rc1", ["linux/amd64"]],
      ["1.27.10", ["linux/amd64"]],
      ["1.27.1", ["linux/amd64", "linux/arm64"]],
    ]);
  });

  it("gives back what toolchainModule wrote", () => {
    const version = fc.stringMatching(/^1\.(?:2[1-9]|[3-9][0-9])(?:\.(?:0|[1-9][0-9]?)|rc[1-9])$/u);
    const platform = fc.constantFrom("linux/amd64", "windows/386", "plan9/arm");
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(version, platform), { selector: String }), (toolchains) => {
        const lines = toolchains.map(([go, os]) => toolchainModule(go, os).moduleVersion);
        const read = [...parseToolchainList(lines)].flatMap(([go, has]) => [...has].map((os) => [go, os]));
        expect(read.map(String).toSorted()).toEqual(toolchains.map(String).toSorted());
      }),
    );
  });
});
