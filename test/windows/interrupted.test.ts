// A goferry.exe that is killed, and one that meets a file which somebody has open. What every single call of a transaction
// leaves when it is the last one is tried with the rules of Windows on any system (transaction/faults.test.ts); here the
// process really ends, at moments that can be seen from outside.

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { goferryExecutable } from "../kit/executable.ts";
import type { GoferryJson } from "../kit/run-goferry.ts";
import { findWine, unixPath, windowsPath, wineSession, type Wine, type WineResult } from "../kit/wine.ts";

const wineRoot = await findWine();
const shared = inject("windows");

const ROOT = "C:\\goferry";
const VERSION = "1.27.0";

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

describe.runIf(wineRoot !== undefined && shared !== undefined)("a change on Windows", () => {
  let wine: Wine;
  let exe: string;
  const { bundle, publicKey } = shared ?? { bundle: "", publicKey: "" };
  const installed = [
    "install",
    windowsPath(bundle),
    "--key",
    windowsPath(publicKey),
    "--only",
    `go${VERSION}`,
  ];

  beforeAll(async () => {
    exe = await goferryExecutable("windows-amd64.exe");
    wine = await wineSession(wineRoot ?? "", { bind: [dirname(exe), dirname(bundle), dirname(publicKey)] });
  });
  afterAll(() => wine[Symbol.asyncDispose]());

  async function goferry(args: readonly string[]): Promise<WineResult & { json: GoferryJson }> {
    const done = await wine.run(exe, [...args, "--root", ROOT, "--json"]);
    return { ...done, json: done.stdout === "" ? {} : (JSON.parse(done.stdout) as GoferryJson) };
  }

  function inRoot(...names: string[]): string {
    return join(unixPath(wine, ROOT), ...names);
  }

  /** Starts goferry.exe and kills it, without a warning, as soon as it is so. True if it was killed. */
  async function killWhen(args: readonly string[], isSo: () => boolean): Promise<boolean> {
    const run = { ended: false };
    const running = goferry(args).finally(() => (run.ended = true));
    // As often as this process can look: the steps are some milliseconds apart.
    while (!run.ended && !isSo()) await setImmediate();
    const pids = run.ended ? [] : await wine.pids("goferry-windows-amd64.exe");
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await running.catch(() => undefined);
    return pids.length > 0;
  }

  function exists(...names: string[]): boolean {
    return existsSync(inRoot(...names));
  }

  function committed(): boolean {
    return exists("state", "state.json");
  }

  it.each([
    ["while it unpacks", () => exists("staging")],
    ["with a journal, before anything has moved", () => exists("state", "journal.json")],
    ["once the toolchain is in its place", () => exists("sdk", `go${VERSION}`)],
    ["once everything is switched", () => exists("current")],
    ["once it is committed", committed],
  ])("that was killed %s is taken back or finished by the next command", async (_when, isSo) => {
    expect(await killWhen(installed, isSo)).toBe(true);
    const wasCommitted = committed();
    const checked = await goferry(["check", "--quick"]);
    expect({ code: checked.code, error: checked.json.error?.code }).toEqual(
      wasCommitted ? { code: 0, error: undefined } : { code: 7, error: "NOT_FOUND" },
    );
    const left = await readdir(inRoot()).catch((): string[] => []);
    const whole = ["bin", "current", "mod", "sdk", "state"];
    expect(left.filter((name) => wasCommitted || name !== "state")).toEqual(wasCommitted ? whole : []);
    await rm(inRoot(), { recursive: true, force: true });
  });

  it("that meets a file which somebody has open is taken back whole, with the file's name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holder-"));
    await writeFile(join(folder, "main.go"), HOLDER);
    const env = { ...process.env, GOOS: "windows", GOARCH: "amd64", CGO_ENABLED: "0", GOFLAGS: "" };
    const holder = unixPath(wine, "C:\\holder.exe");
    await promisify(execFile)("go", ["build", "-o", holder, "main.go"], { cwd: folder, env });
    await rm(folder, { recursive: true });
    expect((await goferry(installed)).code).toBe(0);
    const before = readFileSync(inRoot("state", "state.json"), "utf8");

    const stop = new AbortController();
    const held = wine.run("C:\\holder.exe", [`${ROOT}\\bin\\go.exe`, "C:\\held"], { signal: stop.signal });
    while (!existsSync(unixPath(wine, "C:\\held"))) await setImmediate();
    const refused = await goferry(["uninstall", `go${VERSION}`]);
    expect(refused.code).toBe(8);
    expect(refused.json.error).toMatchObject({ code: "ROLLED_BACK", subject: `${ROOT}\\bin\\go.exe` });
    expect(await readFile(inRoot("state", "state.json"), "utf8")).toBe(before);
    expect(exists("state", "journal.json") || exists("staging")).toBe(false);
    for (const pid of await wine.pids("holder.exe")) process.kill(pid, "SIGKILL");
    stop.abort();
    await held;
    expect(await goferry(["check", "--quick"])).toMatchObject({ code: 0 });
    expect((await goferry(["uninstall", `go${VERSION}`])).code).toBe(0);
  });
});
