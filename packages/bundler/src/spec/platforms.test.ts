import { describe, expect, it } from "vitest";
import { HOST_PLATFORMS, nearestPlatform, TARGET_PLATFORMS } from "./platforms.ts";

describe("the platforms", () => {
  it("are sorted, each once, and only targets include what no toolchain runs on", () => {
    expect([...new Set(HOST_PLATFORMS)].toSorted()).toEqual([...HOST_PLATFORMS]);
    expect(new Set(TARGET_PLATFORMS).size).toBe(TARGET_PLATFORMS.length);
    expect(HOST_PLATFORMS).toContain("linux/riscv64");
    expect(HOST_PLATFORMS).not.toContain("js/wasm");
    expect(TARGET_PLATFORMS).toContain("js/wasm");
  });
});

describe("nearestPlatform", () => {
  it.each([
    ["linux/x86_64", "linux/amd64"],
    ["linux-amd64", "linux/amd64"],
    ["Linux/AMD64", "linux/amd64"],
    ["linux/amd46", "linux/amd64"],
    ["macos/aarch64", "darwin/arm64"],
    ["darwin_arm64", "darwin/arm64"],
    ["windows\\amd64", "windows/amd64"],
    ["win64/x64", "windows/amd64"],
    ["linux", "linux/amd64"],
    ["linux/armv7", "linux/arm"],
    ["linux/arm/v7", "linux/arm"],
    ["amiga/m68k", undefined],
    ["", undefined],
  ])("takes %j for %j", (text, meant) => {
    expect(nearestPlatform(text, HOST_PLATFORMS)).toBe(meant);
  });
});
