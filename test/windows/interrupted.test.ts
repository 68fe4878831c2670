// A goferry.exe that is killed, one that meets a file which somebody has open, and one from which a scanner takes away what it
// has just written. What every single call of a transaction leaves when it is the last one is tried with the rules of
// Windows on any system (transaction/faults.test.ts); here the process really ends, at moments that can be seen from
// outside. The Go is a fake, whose few files leave time for many kills.

import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goferryExecutable } from "../kit/executable.ts";
import { scratchFolder, type Scratch } from "../kit/scratch.ts";
import { fakeGoBundle, FAKE_VERSIONS, goProgram } from "../kit/windows-fake-go.ts";
import { windowsGoferry, type WindowsGoferry } from "../kit/windows-goferry.ts";
import { findWine, unixPath, windowsPath, wineSession, type Wine } from "../kit/wine.ts";

const wineRoot = await findWine();

const ROOT = "C:\\goferry";
const EXE = "goferry-windows-amd64.exe";
const [OLDER, NEWER] = FAKE_VERSIONS;

/** A program that has a file open in such a way that others may only read it, as Windows has one that runs. */
const HOLDER = `package main

import (
	"os"
	"syscall"
	"time"
)

func main() {
	name, _ := syscall.UTF16PtrFromString(os.Args[1])
	_, err := syscall.CreateFile(name, syscall.GENERIC_READ, syscall.FILE_SHARE_READ, nil, syscall.OPEN_EXISTING, 0, 0)
	if err != nil {
		panic(err)
	}
	os.WriteFile(os.Args[2], nil, 0o644)
	time.Sleep(time.Hour)
}
`;

describe.runIf(wineRoot !== undefined)("a change on Windows", () => {
  let scratch: Scratch;
  let wine: Wine;
  let goferry: WindowsGoferry;
  let source: string[];
  let install: string[];

  beforeAll(async () => {
    scratch = await scratchFolder("interrupted");
    const { bundle, publicKey, logKey } = await fakeGoBundle(scratch.path);
    const exe = await goferryExecutable("windows-amd64.exe");
    wine = await wineSession(wineRoot ?? "", { bind: [dirname(exe), scratch.path] });
    goferry = windowsGoferry(wine, exe, ["--root", ROOT]);
    source = [windowsPath(bundle), "--key", windowsPath(publicKey), "--log-key", logKey];
    install = ["install", ...source, "--self-test", "tools"];
    await writeFile(unixPath(wine, "C:\\holder.exe"), await goProgram(scratch.path, "holder", HOLDER));
  });
  afterAll(async () => {
    await wine[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  function inRoot(...names: string[]): string {
    return join(unixPath(wine, ROOT), ...names);
  }

  function exists(...names: string[]): boolean {
    return existsSync(inRoot(...names));
  }

  function staged(): string[] {
    try {
      return readdirSync(inRoot("staging"));
    } catch {
      return [];
    }
  }

  /** Starts goferry.exe and kills it, without a warning, as soon as it is so. True if it was killed before its end. */
  async function killWhen(args: readonly string[], isSo: () => boolean): Promise<boolean> {
    const run = { ended: false };
    const running = goferry.run(args).finally(() => (run.ended = true));
    let pids: number[] = [];
    while (!run.ended && pids.length === 0) pids = await wine.pids(EXE);
    // As often as this process can look: the steps are some milliseconds apart.
    while (!run.ended && !isSo()) await setImmediate();
    const killed = !run.ended;
    for (const pid of killed ? pids : []) process.kill(pid, "SIGKILL");
    await running.catch(() => undefined);
    // Windows ends with it what it has started, by a job object; but for one that is just being started, which waits for ever.
    for (const pid of await wine.pids(`${ROOT}\\`)) process.kill(pid, "SIGKILL");
    return killed;
  }

  function committed(): boolean {
    return exists("state", "state.json");
  }

  it.each([
    ["as it begins", () => exists("state", "lock")],
    ["while it unpacks", () => staged().length > 0],
    ["with a journal, before anything has moved", () => exists("state", "journal.json")],
    ["once the toolchains are in their places", () => exists("sdk", `go${NEWER}`)],
    ["once go.exe is there", () => exists("bin", "go.exe")],
    ["once everything is switched", () => exists("current")],
    ["while the new Go is tried", () => staged().some((name) => name.startsWith("selftest-"))],
    ["once it is committed", committed],
    ["when nothing but its journal is left to go", () => committed() && !exists("staging")],
  ])("that was killed %s is taken back or finished by the next command", async (_when, isSo) => {
    expect(await killWhen(install, isSo)).toBe(true);
    const wasCommitted = committed();
    const checked = await goferry.run(["check"]);
    expect({ code: checked.code, error: checked.json.error?.code }).toEqual(
      wasCommitted ? { code: 0, error: undefined } : { code: 7, error: "NOT_FOUND" },
    );
    const left = await readdir(inRoot()).catch((): string[] => []);
    const whole = ["bin", "current", "mod", "sdk", "state"];
    expect(left.filter((name) => wasCommitted || name !== "state")).toEqual(wasCommitted ? whole : []);
    expect(exists("state", "journal.json")).toBe(false);
    await rm(inRoot(), { recursive: true, force: true });
  });

  it("of one file, that was killed, has the old Go or the new one, and says which", async () => {
    await goferry.done(install);
    for (const isSo of [
      () => exists("state", "lock"),
      () => exists("state", "journal.json"),
      () => readFileSync(inRoot("current"), "utf8").includes(OLDER),
    ]) {
      await killWhen(["use", OLDER], isSo);
      expect(await goferry.done(["check", "--quick"])).toMatchObject({ clean: true });
      const current = readFileSync(inRoot("current"), "utf8").trim().split("/go")[1];
      const { stdout } = await wine.run(`${ROOT}\\bin\\go.exe`, ["version"]);
      expect(stdout).toBe(`go version go${current} windows/amd64\n`);
      expect((await goferry.done(["use", NEWER])).current).toBe(NEWER);
    }
  });

  it("that meets a file which somebody has open is taken back whole, with the file's name", async () => {
    const before = readFileSync(inRoot("state", "state.json"), "utf8");
    const stop = new AbortController();
    const file = `${ROOT}\\bin\\go${NEWER}.exe`;
    const held = wine.run("C:\\holder.exe", [file, "C:\\held"], { signal: stop.signal });
    while (!existsSync(unixPath(wine, "C:\\held"))) await setImmediate();
    // What it tries again, and how long, is told in windows-fs.test.ts.
    const refused = await goferry.run(["uninstall", `go${NEWER}`]);
    for (const pid of await wine.pids("holder.exe")) process.kill(pid, "SIGKILL");
    stop.abort();
    await held;
    expect({ code: refused.code, error: refused.json.error }).toMatchObject({
      code: 8,
      error: { code: "ROLLED_BACK", subject: file, next: expect.stringContaining("end ") },
    });
    expect(readFileSync(inRoot("state", "state.json"), "utf8")).toBe(before);
    expect(exists("state", "journal.json") || exists("staging")).toBe(false);
    expect(await goferry.done(["check"])).toMatchObject({ clean: true });
  });

  it("is told when a scanner takes go.exe away once it is committed, and repair puts it back", async () => {
    await goferry.done(["uninstall", "--all"]);
    const go = inRoot("sdk", `go${NEWER}`, "bin", "go.exe");
    const run = { ended: false };
    const installing = goferry.run(install).finally(() => (run.ended = true));
    // A fake of the scanner: it looks at what is new a moment after it was written.
    while (!run.ended && !committed()) await setImmediate();
    rmSync(go);
    const { code, json } = await installing;
    expect({ code, error: json.error }).toMatchObject({
      code: 6,
      error: { code: "FILE_QUARANTINED", next: expect.stringContaining("goferry repair") },
    });
    await goferry.done(["repair", ...source.slice(0, 3)]);
    expect(await goferry.done(["check"])).toMatchObject({ clean: true });
  });
});
