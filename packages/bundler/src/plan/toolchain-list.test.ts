import { toolchainModule } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseToolchainList } from "./toolchain-list.ts";

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
        const lines = toolchains.map(([go, os]) => toolchainModule(go, os).version);
        const read = [...parseToolchainList(lines)].flatMap(([go, has]) => [...has].map((os) => [go, os]));
        expect(read.map(String).toSorted()).toEqual(toolchains.map(String).toSorted());
      }),
    );
  });
});
