// Two versions of Go in one root: which one go.exe is, and what becomes of a Go that is at work meanwhile. The Go is a fake
// (windows-fake-go.ts), everything else is real.

import { existsSync, readFileSync } from "node:fs";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goferryExecutable } from "../kit/executable.ts";
import { scratchFolder, type Scratch } from "../kit/scratch.ts";
import { fakeGoBundle, FAKE_VERSIONS } from "../kit/windows-fake-go.ts";
import { windowsGoferry, type WindowsGoferry } from "../kit/windows-goferry.ts";
import { findWine, unixPath, windowsPath, wineSession, type Wine } from "../kit/wine.ts";

const wineRoot = await findWine();
const ROOT = "C:\\goferry";
const [OLDER, NEWER] = FAKE_VERSIONS;

describe.runIf(wineRoot !== undefined)("two versions of Go on Windows", () => {
  let scratch: Scratch;
  let wine: Wine;
  let exe: string;
  let goferry: WindowsGoferry;
  let source: string[];

  beforeAll(async () => {
    scratch = await scratchFolder("versions");
    const { bundle, publicKey, logKey } = await fakeGoBundle(scratch.path);
    exe = await goferryExecutable("windows-amd64.exe");
    wine = await wineSession(wineRoot ?? "", { bind: [dirname(exe), scratch.path] });
    goferry = windowsGoferry(wine, exe, ["--root", ROOT]);
    source = [windowsPath(bundle), "--key", windowsPath(publicKey), "--log-key", logKey];
  });
  afterAll(async () => {
    await wine[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  function inRoot(...names: string[]): string {
    return join(unixPath(wine, ROOT), ...names);
  }

  async function versionOf(name: string): Promise<string> {
    return (await wine.run(`${ROOT}\\bin\\${name}`, ["version"])).stdout;
  }

  function version(go: string): string {
    return `go version go${go} windows/amd64\n`;
  }

  it.each([
    ["a device of MS-DOS", String.raw`C:\tools\aux.d`, "ROOT_NAME_REFUSED"],
    ["what PATH would expand", String.raw`C:\100%`, "ROOT_NAME_REFUSED"],
    ["names that are too long below it", `C:\\${"x".repeat(120)}`, "PATHS_TOO_LONG"],
  ])("are not installed in a root with %s, and nothing is written", async (_what, root, code) => {
    const before = await readdir(unixPath(wine, "C:\\"));
    const refused = await windowsGoferry(wine, exe).run(["install", ...source, "--root", root]);
    expect({ code: refused.code, error: refused.json.error?.code }).toEqual({ code: 4, error: code });
    expect(await readdir(unixPath(wine, "C:\\"))).toEqual(before);
  });

  it("are both there, each by its own name, and the newer one is go.exe", async () => {
    // As group policy, Intune and Configuration Manager install, and find out what is there.
    const quiet = ["--quiet", "--log", "C:\\install.log", "--root", ROOT];
    const words = ["install", ...source, "--self-test", "tools", ...quiet];
    expect(await wine.run(exe, words)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readFileSync(unixPath(wine, "C:\\install.log"), "utf8")).toContain(`Go ${NEWER}`);
    expect(await goferry.done(["status"])).toMatchObject({ root: ROOT, current: NEWER });
    expect(await versionOf("go.exe")).toBe(version(NEWER));
    for (const each of FAKE_VERSIONS) expect(await versionOf(`go${each}.exe`)).toBe(version(each));
  });

  it("are switched by one small file, and back by rollback; a Go at work stays what it was", async () => {
    const launcher = readFileSync(inRoot("bin", "go.exe"));
    const before = (await stat(inRoot("bin", "go.exe"))).ino;
    const ended = wine.run(`${ROOT}\\bin\\go.exe`, ["wait", "C:\\waits"]);
    while (!existsSync(unixPath(wine, "C:\\waits"))) await setImmediate();

    expect(await goferry.done(["use", OLDER])).toMatchObject({
      changed: true,
      current: OLDER,
      findings: [{ code: "GO_NOT_NEWEST" }],
    });
    expect(readFileSync(inRoot("current"), "utf8")).toBe(`goferry-link: sdk/go${OLDER}\n`);
    expect(await versionOf("go.exe")).toBe(version(OLDER));
    expect(readFileSync(inRoot("bin", "go.exe"))).toEqual(launcher);
    expect((await stat(inRoot("bin", "go.exe"))).ino).toBe(before);
    // The launcher, and the Go that it has started, by the command line that it got itself.
    const working = await wine.pids("go.exe wait");
    expect(working).toHaveLength(2);

    expect(await goferry.done(["rollback"])).toMatchObject({ current: NEWER });
    expect(await versionOf("go.exe")).toBe(version(NEWER));
    await goferry.done(["use", OLDER]);
    expect(await goferry.done(["use", NEWER])).toMatchObject({ changed: true, current: NEWER, findings: [] });

    // Who ends the launcher, as an editor does, ends the Go that it has started.
    process.kill(Math.min(...working), "SIGKILL");
    await ended;
    await expect.poll(() => wine.pids("go.exe wait"), { timeout: 30_000 }).toEqual([]);
  });

  it("are named where somebody has taken the other one away by hand, and nothing is switched", async () => {
    await rm(inRoot("sdk", `go${OLDER}`, "bin", "go.exe"));
    const refused = await goferry.run(["use", OLDER]);
    expect(refused.json.error).toMatchObject({
      code: "GENERATION_BROKEN",
      subject: `${ROOT}\\sdk\\go${OLDER}\\bin\\go.exe`,
    });
    expect(await versionOf("go.exe")).toBe(version(NEWER));
    await goferry.done(["repair", ...source.slice(0, 3)]);
    expect(await goferry.done(["check"])).toMatchObject({ clean: true });
  });

  it("are gone one after the other", async () => {
    await goferry.done(["uninstall", `go${OLDER}`]);
    expect(await readdir(inRoot("bin"))).toEqual(["go.exe", `go${NEWER}.exe`, "goferry.exe", "gofmt.exe"]);
    // What is no business of goferry's stays, and is named.
    await writeFile(inRoot("mine.txt"), "");
    expect(await goferry.done(["uninstall", "--all"])).toMatchObject({ left: [`${ROOT}\\mine.txt`] });
    expect(await readdir(inRoot())).toEqual(["mine.txt"]);
  });
});
