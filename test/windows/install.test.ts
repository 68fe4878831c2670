// What a bundle is for, on Windows: goferry.exe verifies and installs it, and go.exe builds without a network.

import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, open, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { goferryExecutable } from "../kit/executable.ts";
import { runGoferry, type GoferryJson } from "../kit/run-goferry.ts";
import { scratchFolder } from "../kit/scratch.ts";
import {
  findWine,
  unixPath,
  windowsPath,
  wineSession,
  type Wine,
  type WineOptions,
  type WineResult,
} from "../kit/wine.ts";

const wineRoot = await findWine();
const shared = inject("windows");

/** A space and letters beyond ASCII, as folders of users have them. */
const ROOT = "C:\\Prüf stand\\goferry";
const BIN = `${ROOT}\\bin`;
const VERSION = "1.27.0";

interface Json extends GoferryJson {
  changed?: boolean;
  current?: string | null;
  findings?: { code: string; subject: string; aspect: string }[];
}

describe.runIf(wineRoot !== undefined && shared !== undefined)("a bundle on Windows", () => {
  let wine: Wine;
  let exe: string;
  const { bundle, publicKey, project } = shared ?? { bundle: "", publicKey: "", project: "" };

  beforeAll(async () => {
    exe = await goferryExecutable("windows-amd64.exe");
    wine = await wineSession(wineRoot ?? "", { bind: [dirname(exe), dirname(bundle), dirname(publicKey)] });
  });
  afterAll(() => wine[Symbol.asyncDispose]());

  /** goferry.exe with --json. */
  async function goferry(
    args: readonly string[],
    options: WineOptions = {},
  ): Promise<WineResult & { json: Json }> {
    const ran = await wine.run(exe, [...args, "--json"], options);
    const json = ran.stdout === "" ? {} : (JSON.parse(ran.stdout) as Json);
    return { ...ran, json };
  }

  async function done(args: readonly string[]): Promise<Json> {
    const { code, json, stderr } = await goferry(args);
    expect({ code, error: json.error, stderr: code === 0 ? "" : stderr }).toEqual({
      code: 0,
      error: undefined,
      stderr: "",
    });
    return json;
  }

  async function install(root = ROOT, file = bundle): Promise<Json> {
    return await done(["install", windowsPath(file), "--key", windowsPath(publicKey), "--root", root]);
  }

  /** Of the root, as this machine sees it. */
  function inRoot(...names: string[]): string {
    return join(unixPath(wine, ROOT), ...names);
  }

  /** A program of bin\, by its name, with nothing in the environment but what Windows has. */
  async function run(name: string, args: readonly string[], options: WineOptions = {}): Promise<WineResult> {
    return await wine.run(`${BIN}\\${name}`, args, options);
  }

  it("is verified by goferry.exe", async () => {
    const verified = await done(["verify", windowsPath(bundle), "--key", windowsPath(publicKey)]);
    expect(verified).toMatchObject({ name: "site" });
  });

  it("is refused with exit code 3 if one byte of it was changed, and nothing is left of it", async () => {
    const bad = join(wine.shared, "bad.tar");
    await copyFile(bundle, bad);
    await using file = await open(bad, "r+");
    const { size } = await file.stat();
    const byte = Buffer.alloc(1);
    // In what all systems have in common: of another system's layer nothing is read here.
    const at = Math.floor(size / 5);
    await file.read(byte, 0, 1, at);
    await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
    const key = ["--key", windowsPath(publicKey)];
    for (const words of [["verify"], ["install", "--root", ROOT]]) {
      const [command = "", ...rest] = words;
      const { code, json } = await goferry([command, windowsPath(bad), ...key, ...rest]);
      expect({ command, code, error: json.error?.code }).toEqual({
        command,
        code: 3,
        error: "CHUNK_MISMATCH",
      });
    }
    await expect(stat(inRoot())).rejects.toMatchObject({ code: "ENOENT" });
    await rm(bad);
  });

  it("is installed: launchers, the file that says which Go is current, and a go.env with paths of Windows", async () => {
    expect(await install()).toMatchObject({ changed: true, current: VERSION });
    expect(await readdir(inRoot("bin"))).toEqual(["go.exe", `go${VERSION}.exe`, "goferry.exe", "gofmt.exe"]);
    expect(await readFile(inRoot("current"), "utf8")).toBe(`goferry-link: sdk/go${VERSION}\n`);
    const goEnv = await readFile(inRoot("sdk", `go${VERSION}`, "go.env"), "utf8");
    expect(goEnv).toContain("\nGOPROXY=file:///C:/Pr%C3%BCf%20stand/goferry/mod/cache/download\n");
    expect(goEnv).toContain(`\nGOMODCACHE=${ROOT}\\mod\n`);
    expect(await readdir(inRoot())).toEqual(["bin", "current", "mod", "sdk", "state"]);
  });

  it("is there already the second time", async () => {
    expect(await install()).toMatchObject({ changed: false, changes: [] });
  });

  it("gives a go.exe that runs, by every one of its names", async () => {
    const version = `go version go${VERSION} windows/amd64\n`;
    for (const name of ["go.exe", `go${VERSION}.exe`])
      expect(await run(name, ["version"])).toMatchObject({ code: 0, stdout: version });
    expect(await run("go.exe", ["env", "GOROOT"])).toMatchObject({ stdout: `${ROOT}\\sdk\\go${VERSION}\n` });
    const gofmt = await run("gofmt.exe", [], { input: "package  x\n" });
    expect(gofmt).toMatchObject({ code: 0, stdout: "package x\n" });
    // As people type it, found on PATH.
    expect(await wine.run("cmd", ["/c", "go version"], { path: BIN })).toMatchObject({ stdout: version });
  });

  it("has launchers that pass on arguments, the environment, all streams and the exit code", async () => {
    const odd = ["", "a b", 'say "hi"', "back\\slash\\", "ä€", "%PATH%", "*.go"];
    await mkdir(unixPath(wine, "C:\\args"));
    const program = `package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	in, _ := io.ReadAll(os.Stdin)
	fmt.Printf("%q %q %q", os.Args[1:], os.Getenv("ODD"), in)
	fmt.Fprint(os.Stderr, "and this")
	os.Exit(42)
}
`;
    await writeFile(unixPath(wine, "C:\\args\\main.go"), program);
    const built = await run("go.exe", ["build", "-o", "args.exe", "main.go"], { cwd: "C:\\args" });
    expect(built).toMatchObject({ code: 0 });
    // A launcher as the installer makes them, that leads to this program.
    const launcher = await readFile(inRoot("bin", "go.exe"));
    const line = launcher.lastIndexOf("goferry-link: ");
    const folder = unixPath(wine, "C:\\tied\\bin");
    await mkdir(folder, { recursive: true });
    const target = Buffer.from("goferry-link: ../args.exe\n");
    await writeFile(join(folder, "tied.exe"), Buffer.concat([launcher.subarray(0, line), target]));
    await copyFile(unixPath(wine, "C:\\args\\args.exe"), unixPath(wine, "C:\\tied\\args.exe"));
    const options = { env: { ODD: "ö d" }, input: "from standard input" };
    const direct = await wine.run("C:\\args\\args.exe", odd, options);
    expect(direct).toMatchObject({
      code: 42,
      stderr: "and this",
      stdout: expect.stringContaining('say \\"hi\\"'),
    });
    expect(await wine.run("C:\\tied\\bin\\tied.exe", odd, options)).toEqual(direct);
  });

  it("builds the demo project without a network, and the program runs", async () => {
    await cp(project, unixPath(wine, "C:\\work\\app"), { recursive: true });
    const built = await run("go.exe", ["build", "-o", "demo.exe", "."], { cwd: "C:\\work\\app" });
    expect(built).toMatchObject({ code: 0, stderr: "" });
    const ran = await wine.run("C:\\work\\app\\demo.exe", ["--port", "Ærøskøbing"]);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining("Ærøskøbing") });
  });

  it("is what check says it is; what is changed is named, and repair mends it", async () => {
    for (const depth of [["--quick"], []])
      expect(await done(["check", "--root", ROOT, ...depth])).toMatchObject({ clean: true, findings: [] });
    const changed = inRoot("sdk", `go${VERSION}`, "src", "fmt", "print.go");
    await writeFile(changed, "package fmt\n");
    await rm(inRoot("bin", "gofmt.exe"));
    await writeFile(
      inRoot("bin", "go.exe"),
      Buffer.concat([await readFile(inRoot("bin", "go.exe")), Buffer.from("\n")]),
    );
    await writeFile(inRoot("current"), "goferry-link: sdk/go9\n");
    const found = await goferry(["check", "--root", ROOT]);
    expect(found.code).toBe(3);
    const subjects = found.json.findings?.map(({ subject, aspect }) => `${aspect} ${subject}`).toSorted();
    expect(subjects).toEqual(
      [
        `kind ${BIN}\\go.exe`,
        `missing ${BIN}\\gofmt.exe`,
        `size ${ROOT}\\sdk\\go${VERSION}\\src\\fmt\\print.go`,
        `target ${ROOT}\\current`,
      ].toSorted(),
    );
    await done(["repair", windowsPath(bundle), "--key", windowsPath(publicKey), "--root", ROOT]);
    expect(await done(["check", "--root", ROOT])).toMatchObject({ clean: true, findings: [] });
    expect(await run("go.exe", ["version"])).toMatchObject({ code: 0 });
  });

  it("is taken back and forth by rollback, out by uninstall, off the disk by gc, and away by uninstall --all", async () => {
    await done(["uninstall", `go${VERSION}`, "--root", ROOT]);
    expect(await readdir(inRoot("bin"))).toEqual(["goferry.exe"]);
    expect(await done(["rollback", "--root", ROOT])).toMatchObject({ current: VERSION });
    expect(await run("go.exe", ["version"])).toMatchObject({ code: 0 });
    expect(await done(["use", VERSION, "--root", ROOT])).toMatchObject({ changed: false });
    await done(["uninstall", `go${VERSION}`, "--root", ROOT]);
    expect(await readdir(inRoot("sdk"))).toEqual([`go${VERSION}`]);
    expect(await done(["gc", "--keep", "1", "--root", ROOT])).toMatchObject({
      changed: true,
      sdks: [VERSION],
    });
    expect(await readdir(inRoot("sdk"))).toEqual([]);
    expect(await done(["audit", "verify", "--root", ROOT])).toMatchObject({});
    await done(["uninstall", "--all", "--yes", "--root", ROOT]);
    await expect(stat(inRoot())).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("takes at most twice as long as on Linux to verify and install", async () => {
    await using scratch = await scratchFolder("windows-time");
    const linux = await median(3, async () => {
      const root = join(scratch.path, "root");
      const program = [await goferryExecutable()];
      const words = ["install", bundle, "--key", publicKey, "--only", `go${VERSION}`, "--root", root];
      expect((await runGoferry(words, { program, env: { HOME: scratch.path } })).code).toBe(0);
      await rm(root, { recursive: true });
    });
    const windows = await median(3, async () => {
      const words = ["--key", windowsPath(publicKey), "--only", `go${VERSION}`, "--root", "C:\\timed"];
      expect((await wine.run(exe, ["install", windowsPath(bundle), ...words])).code).toBe(0);
      await promisify(execFile)("rm", ["-rf", unixPath(wine, "C:\\timed")]);
    });
    console.log(`install of Go ${VERSION}: ${linux} ms on Linux, ${windows} ms under Wine`);
    expect(windows / linux).toBeLessThanOrEqual(2);
  });
});

/** Milliseconds. */
async function median(runs: number, action: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await action();
    times.push(performance.now() - start);
  }
  return Math.round(times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? 0);
}
