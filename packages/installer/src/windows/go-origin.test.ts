import { expect, it } from "vitest";
import { goOrigin } from "./go-origin.ts";

const MSI = String.raw`C:\Program Files\Go`;

it.each([
  [String.raw`C:\Program Files\Go\bin\go.exe`, "Windows Installer", "Apps & features"],
  [String.raw`C:\Users\ü\scoop\apps\go\current\bin\go.exe`, "scoop", "scoop uninstall go"],
  [String.raw`C:\Users\ü\scoop\shims\go.exe`, "scoop", "scoop uninstall go"],
  [String.raw`C:\ProgramData\chocolatey\bin\go.exe`, "Chocolatey", "choco uninstall golang"],
  [String.raw`D:\tools\go1.22\bin\go.exe`, "unpacked from an archive", String.raw`D:\tools\go1.22 `],
  [String.raw`C:\Program Files\Golang\bin\go.exe`, "unpacked from an archive", "Golang"],
])("%s is %s", (file, by, remove) => {
  expect(goOrigin(file, ["", MSI])).toEqual({ by, remove: expect.stringContaining(remove) });
});
