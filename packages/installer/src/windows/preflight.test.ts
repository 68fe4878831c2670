import { describe, expect, it } from "vitest";
import { installBench } from "../../../../test/kit/install-bench.ts";
import { ADMINISTRATOR, fakeWindows, ORDINARY } from "../../../../test/kit/windows-system.ts";
import { longPathFindings } from "./long-paths.ts";
import { isRefusedByWindows } from "../preflight-root.ts";
import { windowsFindings } from "./preflight.ts";
import { numberValue } from "./registry-text.ts";

const HOME = String.raw`C:\Users\ü`;
const as = (windows: ReturnType<typeof fakeWindows>) => ({
  env: { SYSTEMDRIVE: "C:" },
  home: HOME,
  windows: { system: windows, account: windows.who },
});

describe("the drive of a root", () => {
  it("on another machine is refused for the machine, and told to a user", async () => {
    const windows = fakeWindows(ADMINISTRATOR);
    windows.drive = { kind: "remote", fileSystem: "NTFS", remote: String.raw`\\server\tools` };
    const root = String.raw`S:\goferry`;
    const found = `S: is ${String.raw`\\server\tools`}`;
    expect(await windowsFindings(as(windows), root)).toMatchObject([
      { code: "ROOT_ON_NETWORK", level: "refuse", found },
    ]);
    windows.who = ORDINARY;
    expect(await windowsFindings(as(windows), root)).toMatchObject([{ level: "warn" }]);
  });

  it("is of another machine where the root says so, whatever Windows calls it", async () => {
    const root = String.raw`\\server\share\goferry`;
    expect(await windowsFindings(as(fakeWindows(ORDINARY)), root)).toMatchObject([
      { code: "ROOT_ON_NETWORK", found: root },
    ]);
  });

  it("of this machine needs no word", async () => {
    expect(await windowsFindings(as(fakeWindows()), String.raw`D:\goferry`)).toEqual([]);
  });
});

it("the account of services is told that it is one", async () => {
  const windows = fakeWindows({ sid: "S-1-5-20", elevated: false, session: 0 });
  expect(await windowsFindings(as(windows), String.raw`C:\x`)).toMatchObject([
    { code: "SERVICE_ACCOUNT", subject: "NETWORK SERVICE" },
  ]);
});

it.each([
  [String.raw`C:\aux`, true],
  [String.raw`C:\tools\Com1.d\goferry`, true],
  [String.raw`C:\tools\NUL .x\goferry`, true],
  [String.raw`C:\tools\lpt²`, true],
  [String.raw`C:\100%\goferry`, true],
  [String.raw`C:\%TEMP%\goferry`, true],
  [String.raw`C:\tools.\goferry`, true],
  [String.raw`C:\tools \goferry`, true],
  [String.raw`C:\a|b`, true],
  [String.raw`\\server\prn\goferry`, true],
  [String.raw`C:\auxiliary\com10\nul-device`, false],
  [String.raw`C:\Users\Jürgen Groß\AppData\Local\goferry`, false],
  [String.raw`\\server\share\goferry`, false],
  ["/opt/aux", false],
])("the name %s is no root on Windows: %s", (root, isRefused) => {
  expect(isRefusedByWindows(root)).toBe(isRefused);
});

describe("long paths", () => {
  const deep = { path: "example.com/deep", version: "v1.0.0" };
  const name = `${"folder/".repeat(25)}a.go`;
  const files = { "go.mod": "module example.com/deep\n", [name]: "package a\n" };
  const longest = `mod/example.com/deep@v1.0.0/${name}`;

  it("are refused with the longest name and a shorter root, unless the policy allows them", async () => {
    await using bench = await installBench();
    const bundle = await bench.bundle({ modules: [[{ ...deep, files }]] });
    const layers = [...bundle.contents.layers.keys()];
    const windows = fakeWindows();
    const ask = (root: string) => longPathFindings(as(windows), { root, bundle, layers });
    const root = String.raw`C:\Users\somebody\AppData\Local\goferry`.padEnd(55, "x");
    expect(await ask(root)).toMatchObject([
      {
        code: "PATHS_TOO_LONG",
        level: "refuse",
        subject: longest,
        found: `${root.length + 1 + longest.length} characters (${root.length + 42 + longest.length} in staging, which only goferry uses)`,
        next: expect.stringContaining(String.raw`--root C:\goferry`),
      },
    ]);
    expect(await ask(String.raw`C:\goferry`)).toEqual([]);
    const key = String.raw`HKLM\SYSTEM\CurrentControlSet\Control\FileSystem`;
    await windows.registry.write([{ key, name: "LongPathsEnabled", value: numberValue(1) }]);
    expect(await ask(root)).toEqual([]);
  });

  it("that no root is short enough for are told", async () => {
    await using bench = await installBench();
    const longer = { ...files, [`${"folder/".repeat(34)}a.go`]: "package a\n" };
    const bundle = await bench.bundle({ modules: [[{ ...deep, files: longer }]] });
    const layers = [...bundle.contents.layers.keys()];
    const request = { root: String.raw`C:\goferry`, bundle, layers };
    expect(await longPathFindings(as(fakeWindows()), request)).toMatchObject([
      { level: "warn", next: expect.stringContaining("LongPathsEnabled") },
    ]);
  });
});
