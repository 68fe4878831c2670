import { describe, expect, it } from "vitest";
import { binFolder, goPlatform } from "./machine.ts";
import { exportPath } from "./path-line.ts";

describe("goPlatform", () => {
  it.each([
    ["linux", "x64", "linux/amd64"],
    ["linux", "arm64", "linux/arm64"],
    ["win32", "x64", "windows/amd64"],
    ["darwin", "arm64", "darwin/arm64"],
    ["linux", "ia32", "linux/386"],
    ["linux", "riscv64", "linux/riscv64"],
    ["freebsd", "x64", "freebsd/amd64"],
  ])("calls %s on %s %s", (os, arch, expected) => expect(goPlatform({ os, arch })).toBe(expected));
});

describe("exportPath", () => {
  it("is a line that a shell takes as it is", () => {
    expect(exportPath(binFolder("/opt/goferry"))).toBe("export PATH=/opt/goferry/bin:$PATH");
    expect(exportPath(String.raw`C:\it's\bin`)).toBe(
      String.raw`set "PATH=C:\it's\bin;%PATH%"   (PowerShell: $env:Path = 'C:\it''s\bin;' + $env:Path)`,
    );
    expect(exportPath('/a b/$(x)"`')).toBe('export PATH="/a b/\\$(x)\\"\\`:$PATH"');
  });
});
