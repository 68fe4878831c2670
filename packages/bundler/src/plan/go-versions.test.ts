import { describe, expect, it } from "vitest";
import { neededGo, resolveGoVersions } from "./go-versions.ts";
import type { GoDemand, GoSource } from "./go-versions.ts";

// The shape of a real answer: one platform of the newest is missing, old ones and candidates are among them,
// and 1.22.1 is served though the list does not have it.
const LISTED = `1.20.14 linux/amd64
1.21.0 linux/amd64 linux/arm64
1.26.8 linux/amd64 linux/arm64 darwin/arm64
1.26.10 linux/amd64 linux/arm64 darwin/arm64
1.27.0 linux/amd64 linux/arm64 darwin/arm64
1.27.1 linux/amd64 linux/arm64
1.27.4 linux/amd64
1.28rc1 linux/amd64 linux/arm64`;
const UNLISTED = ["v0.0.1-go1.22.1.linux-amd64", "v0.0.1-go1.27.1.windows-amd64"];

interface Recorded extends GoSource {
  asked: string[];
}

function source(): Recorded {
  const asked: string[] = [];
  return {
    asked,
    listGoVersions: async () =>
      LISTED.split("\n").flatMap((line) => {
        const [version = "", ...platforms] = line.split(" ");
        return platforms.map((platform) => `v0.0.1-go${version}.${platform.replace("/", "-")}`);
      }),
    askToolchain: async (moduleVersion) => {
      asked.push(moduleVersion);
      if (UNLISTED.includes(moduleVersion)) return { served: true };
      return { served: false, answer: "403 Forbidden" };
    },
  };
}

interface Case {
  platforms?: string[];
  buildPlatform?: string;
  demands?: GoDemand[];
}

function resolve(entries: string[], { platforms = ["linux/amd64"], demands = [], ...rest }: Case = {}) {
  const { buildPlatform = "linux/amd64" } = rest;
  const where = (index: number): string => `goferry.yaml:2:${index}`;
  return resolveGoVersions({ entries, where, platforms, buildPlatform, demands }, source());
}

function demand(go?: string, toolchain?: string): GoDemand {
  return { subject: "./app/go.mod", goMod: { go, toolchain } };
}

const BOTH = ["linux/amd64", "linux/arm64"];

describe("resolveGoVersions", () => {
  it.each([
    [["1.27.1"], {}, ["1.27.1"]],
    [["1.28rc1"], {}, ["1.28rc1"]],
    [["1.22.1"], {}, ["1.22.1"]],
    [["1.27"], {}, ["1.27.4"]],
    [["1.27"], { platforms: BOTH }, ["1.27.1"]],
    [["1.27"], { platforms: [...BOTH, "darwin/arm64"] }, ["1.27.0"]],
    [["1.27"], { buildPlatform: "linux/arm64" }, ["1.27.1"]],
    [["1.27.4"], { buildPlatform: "linux/arm64" }, ["1.27.4"]],
    [["1.27"], { platforms: ["linux/amd64", "windows/amd64"] }, ["1.27.1"]],
    [["1.26"], {}, ["1.26.10"]],
    [["stable"], {}, ["1.27.4"]],
    [["oldstable"], {}, ["1.26.10"]],
    [["oldstable", "1.21.0", "stable", "1.27.4"], {}, ["1.27.4", "1.26.10", "1.21.0"]],
    [["go.mod"], { demands: [demand("1.26.8"), demand("1.21.0")] }, ["1.26.8"]],
    [["go.mod"], { demands: [demand("1.27")] }, ["1.27.0"]],
    [["go.mod"], { demands: [demand("1.26.8", "go1.27.1")] }, ["1.27.1"]],
    [["go.mod"], { demands: [demand("1.27.1", "go1.26.8")] }, ["1.27.1"]],
    [["go.mod"], { demands: [demand("1.18"), demand("1.27.0")] }, ["1.27.0"]],
    [["go.mod", "go.mod"], { demands: [demand("1.26.8")] }, ["1.26.8"]],
    [["go.mod", "stable"], { demands: [demand("1.18"), demand()] }, ["1.27.4"]],
    [["stable", "go.mod"], { demands: [demand("1.26.8")] }, ["1.27.4", "1.26.8"]],
    [["1.28rc1"], { demands: [demand("1.28")] }, ["1.28rc1"]],
    [["1.27.0"], { demands: [demand("1.27", "default")] }, ["1.27.0"]],
  ])("makes of %j with %j %j", async (entries, given: Case, versions) => {
    await expect(resolve(entries, given)).resolves.toMatchObject({ versions });
  });

  it.each([
    [["1.20.14"], {}, "GO_VERSION_UNSUPPORTED", "goferry.yaml:2:0"],
    [["stable", "1.20"], {}, "GO_VERSION_UNSUPPORTED", "goferry.yaml:2:1"],
    [["go.mod"], { demands: [demand("1.20"), demand()] }, "GO_VERSION_UNSUPPORTED", "goferry.yaml:2:0"],
    [["go.mod", "go.mod"], { demands: [demand("1.20")] }, "GO_VERSION_UNSUPPORTED", "goferry.yaml:2:0"],
    [["1.27.9"], {}, "NOT_FOUND", "golang.org/toolchain@v0.0.1-go1.27.9.linux-amd64"],
    [["1.27.4"], { platforms: BOTH }, "NOT_FOUND", "golang.org/toolchain@v0.0.1-go1.27.4.linux-arm64"],
    [
      ["go.mod"],
      { demands: [demand("1.30")] },
      "NOT_FOUND",
      "golang.org/toolchain@v0.0.1-go1.30.0.linux-amd64",
    ],
    [["1.99"], {}, "NOT_FOUND", "golang.org/toolchain, go: 1.99"],
    [["stable"], { platforms: ["plan9/386"] }, "NOT_FOUND", "golang.org/toolchain, go: stable"],
    [["1.28"], {}, "NOT_FOUND", "golang.org/toolchain, go: 1.28"],
    [["1.26.8"], { demands: [demand("1.27.0")] }, "GO_TOO_OLD", "./app/go.mod"],
    [["1.27.0"], { demands: [demand("1.21", "go1.27.1")] }, "GO_TOO_OLD", "./app/go.mod"],
    [["1.28rc1"], { demands: [demand("1.28.0")] }, "GO_TOO_OLD", "./app/go.mod"],
  ])("refuses %j with %j by %s", async (entries, given: Case, code, subject) => {
    await expect(resolve(entries, given)).rejects.toMatchObject({ code, subject });
  });

  it.each([
    ["1.27.9", "1.27.4, 1.27.1, 1.27.0"],
    ["1.26.9", "1.26.10, 1.26.8, 1.21.0"],
    ["1.99.0", "1.27.4, 1.27.1, 1.27.0"],
    ["1.28rc2", "1.28rc1, 1.27.4, 1.27.1"],
    ["1.21rc1", "1.26.10, 1.26.8, 1.21.0"],
  ])("names the versions nearest to %s", async (entry, nearest) => {
    await expect(resolve([entry])).rejects.toMatchObject({
      expected: `a version that is there, such as ${nearest}`,
      found: "403 Forbidden",
    });
  });

  it("says which newer release it passed over", async () => {
    const { notes } = await resolve(["1.27"], { platforms: BOTH });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain("1.27.4");
    expect(notes[0]).toContain("linux/arm64");
    await expect(resolve(["1.27"])).resolves.toMatchObject({ notes: [] });
  });

  it("tells what to write where a project needs a newer Go", async () => {
    const refused = resolve(["1.26.8"], { demands: [demand("1.27")] });
    await expect(refused).rejects.toMatchObject({
      exitCode: 2,
      expected: expect.stringContaining("1.27.0"),
      found: "Go 1.26.8",
      next: expect.stringContaining("go: [go.mod]"),
    });
  });

  it("asks only for what the list lacks, and each once", async () => {
    const recorded = source();
    const where = (): string => "goferry.yaml";
    const entries = ["1.27.1", "1.27.1", "1.27", "stable"];
    const platforms = ["linux/amd64", "windows/amd64"];
    const request = { entries, where, platforms, buildPlatform: "linux/amd64", demands: [] };
    await resolveGoVersions(request, recorded);
    expect(recorded.asked).toEqual(["v0.0.1-go1.27.1.windows-amd64", "v0.0.1-go1.27.4.windows-amd64"]);
  });

  it("lets an unreachable source through as it is", async () => {
    const unreachable: GoSource = {
      listGoVersions: () => Promise.reject(new Error("unreachable")),
      askToolchain: () => Promise.reject(new Error("unreachable")),
    };
    const where = (): string => "goferry.yaml";
    const platforms = ["linux/amd64"];
    const request = { entries: ["1.27.1"], where, platforms, buildPlatform: "linux/amd64", demands: [] };
    await expect(resolveGoVersions(request, unreachable)).rejects.toThrow("unreachable");
  });

  it("carries an exact version from a source without a list, and explains that it cannot choose", async () => {
    const listless: GoSource = {
      listGoVersions: async () => [],
      askToolchain: async () => ({ served: true }),
    };
    const where = (): string => "goferry.yaml:2:5";
    const request = { where, platforms: ["linux/amd64"], buildPlatform: "linux/amd64", demands: [] };
    const exact = resolveGoVersions({ ...request, entries: ["1.27.1"] }, listless);
    await expect(exact).resolves.toMatchObject({ versions: ["1.27.1"] });
    const stable = resolveGoVersions({ ...request, entries: ["stable"] }, listless);
    await expect(stable).rejects.toMatchObject({ code: "NOT_FOUND", next: expect.stringContaining("exact") });
  });
});

describe("neededGo", () => {
  it.each([
    ["1.27", undefined, "1.27.0"],
    ["1.27.1", undefined, "1.27.1"],
    ["1.27rc1", undefined, "1.27rc1"],
    ["1.21", "go1.22.3-bigcorp", "1.22.3"],
    ["1.22.5", "go1.22.3", "1.22.5"],
    ["1.22", "default", "1.22.0"],
    ["1.22", "gone", "1.22.0"],
    ["1.20", undefined, "1.20"],
    [undefined, undefined, "1.16"],
    [undefined, "go1.27.1", "1.27.1"],
  ])("of go %s and toolchain %s is %s", (go, toolchain, needed) => {
    expect(neededGo({ go, toolchain })).toBe(needed);
  });
});
