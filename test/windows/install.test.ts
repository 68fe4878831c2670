// What a bundle is for, on Windows: goferry.exe verifies and installs it, and go.exe builds without a network.

import { copyFile, cp, mkdir, open, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { goferryExecutable } from "../kit/executable.ts";
import { windowsGoferry, type WindowsGoferry } from "../kit/windows-goferry.ts";
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
const ENVIRONMENT = String.raw`HKCU\Environment`;
const APPS = String.raw`HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall`;

describe.runIf(wineRoot !== undefined && shared !== undefined)("a bundle on Windows", () => {
  let wine: Wine;
  let goferry: WindowsGoferry;
  /** The registry before the first installation. */
  let before: string;
  const { bundle, publicKey, project } = shared ?? { bundle: "", publicKey: "", project: "" };

  beforeAll(async () => {
    const exe = await goferryExecutable("windows-amd64.exe");
    wine = await wineSession(wineRoot ?? "", { bind: [dirname(exe), dirname(bundle), dirname(publicKey)] });
    goferry = windowsGoferry(wine, exe);
    // As users have it: of the type that is expanded, with something in it. And the GOROOT of an older installer.
    for (const [key, name, type, data] of [
      [ENVIRONMENT, "Path", "REG_EXPAND_SZ", String.raw`%USERPROFILE%\tools;C:\Prüf;`],
      [ENVIRONMENT, "GOROOT", "REG_SZ", String.raw`C:\go1.4`],
      [`${APPS}\\another`, "DisplayName", "REG_SZ", "another program"],
    ] as const)
      await wine.run("reg", ["add", key, "/v", name, "/t", type, "/d", data, "/f"]);
    before = await registryNow();
  });
  afterAll(() => wine[Symbol.asyncDispose]());

  async function install(): ReturnType<WindowsGoferry["done"]> {
    // What a self-test would build, the demo project is for.
    const how = ["--key", windowsPath(publicKey), "--path", "profile", "--self-test", "tools"];
    return await goferry.done(["install", windowsPath(bundle), ...how, "--root", ROOT]);
  }

  /** What reg.exe writes down of what an installation touches: the witness that is not ours. */
  async function registryNow(): Promise<string> {
    const texts: string[] = [];
    for (const key of [ENVIRONMENT, APPS]) {
      const file = String.raw`C:\witness.reg`;
      expect(await wine.run("reg", ["export", key, file, "/y"])).toMatchObject({ code: 0 });
      texts.push(await readFile(unixPath(wine, file), "utf16le"));
    }
    return texts.join("");
  }

  /** The text of a value, from what registryNow gave; undefined where there is none of that name. */
  function valueIn(registry: string, name: string): string | undefined {
    const lines = registry.replaceAll("\\\r\n  ", "").split("\r\n");
    const line = lines.find((each) => each.startsWith(`"${name}"=`))?.slice(name.length + 3);
    if (line?.startsWith('"') === true) return line.slice(1, -1).replaceAll(/\\(.)/gu, "$1");
    const [, hex] = /^hex\(2\):(.*)$/u.exec(line ?? "") ?? [];
    return hex === undefined
      ? undefined
      : Buffer.from(hex.replaceAll(",", ""), "hex").toString("utf16le").replace(/\0$/u, "");
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
    const verified = await goferry.done(["verify", windowsPath(bundle), "--key", windowsPath(publicKey)]);
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
      const { code, json } = await goferry.run([command, windowsPath(bad), ...key, ...rest]);
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
    const installed = await install();
    expect(installed).toMatchObject({ changed: true, current: VERSION });
    // The window that this runs in was opened with the GOROOT that is set aside in the registry.
    const overrides = [{ code: "SETTING_OVERRIDDEN", subject: "GOROOT", found: String.raw`C:\go1.4` }];
    expect(installed).toMatchObject({ overrides });
    expect(await readdir(inRoot("bin"))).toEqual(["go.exe", `go${VERSION}.exe`, "goferry.exe", "gofmt.exe"]);
    expect(await readFile(inRoot("current"), "utf8")).toBe(`goferry-link: sdk/go${VERSION}\n`);
    const goEnv = await readFile(inRoot("sdk", `go${VERSION}`, "go.env"), "utf8");
    expect(goEnv).toContain("\nGOPROXY=file:///C:/Pr%C3%BCf%20stand/goferry/mod/cache/download\n");
    expect(goEnv).toContain(`\nGOMODCACHE=${ROOT}\\mod\n`);
    expect(await readdir(inRoot())).toEqual(["bin", "current", "mod", "sdk", "state"]);
  });

  it("has its folder on PATH, an entry among the installed programs, and a copy of what was there", async () => {
    const changed = await registryNow();
    expect(valueIn(changed, "Path")).toBe(String.raw`%USERPROFILE%\tools;C:\Prüf;` + BIN);
    expect([valueIn(before, "GOROOT"), valueIn(changed, "GOROOT")]).toEqual([
      String.raw`C:\go1.4`,
      undefined,
    ]);
    expect(valueIn(changed, "InstallLocation")).toBe(ROOT);
    const program = `"${BIN}\\goferry.exe"`;
    expect(valueIn(changed, "QuietUninstallString")).toBe(
      `${program} uninstall --all --quiet --root "${ROOT}"`,
    );
    // The way back without goferry.
    expect(await wine.run("reg", ["export", "HKCU", String.raw`C:\all.reg`, "/y"])).toMatchObject({
      code: 0,
    });
    expect(await wine.run("reg", ["import", `${ROOT}\\state\\registry\\1.reg`])).toMatchObject({ code: 0 });
    // A key that is empty then stays: a .reg file can take away values, or a key with all that is in it.
    expect((await registryNow()).replace(/\[[^\]]*\\goferry[^\]]*\]\r\n\r\n/u, "")).toBe(before);
    // And to what goferry made of it: a .reg file leaves alone what it does not name.
    for (const words of [
      ["delete", ENVIRONMENT, "/v", "GOROOT", "/f"],
      ["import", String.raw`C:\all.reg`],
    ])
      expect(await wine.run("reg", words)).toMatchObject({ code: 0 });
    expect(await registryNow()).toBe(changed);
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
      expect(await goferry.done(["check", "--root", ROOT, ...depth])).toMatchObject({
        clean: true,
        findings: [],
      });
    const changed = inRoot("sdk", `go${VERSION}`, "src", "fmt", "print.go");
    await writeFile(changed, "package fmt\n");
    await rm(inRoot("bin", "gofmt.exe"));
    await writeFile(
      inRoot("bin", "go.exe"),
      Buffer.concat([await readFile(inRoot("bin", "go.exe")), Buffer.from("\n")]),
    );
    await writeFile(inRoot("current"), "goferry-link: sdk/go9\n");
    const found = await goferry.run(["check", "--root", ROOT]);
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
    await goferry.done(["repair", windowsPath(bundle), "--key", windowsPath(publicKey), "--root", ROOT]);
    expect(await goferry.done(["check", "--root", ROOT])).toMatchObject({ clean: true, findings: [] });
    expect(await run("go.exe", ["version"])).toMatchObject({ code: 0 });
  });

  it("is taken back and forth by rollback, out by uninstall, off the disk by gc, and away by uninstall --all", async () => {
    await goferry.done(["uninstall", `go${VERSION}`, "--root", ROOT]);
    expect(await readdir(inRoot("bin"))).toEqual(["goferry.exe"]);
    expect(await goferry.done(["rollback", "--root", ROOT])).toMatchObject({ current: VERSION });
    expect(await run("go.exe", ["version"])).toMatchObject({ code: 0 });
    expect(await goferry.done(["use", VERSION, "--root", ROOT])).toMatchObject({ changed: false });
    await goferry.done(["uninstall", `go${VERSION}`, "--root", ROOT]);
    expect(await readdir(inRoot("sdk"))).toEqual([`go${VERSION}`]);
    expect(await goferry.done(["gc", "--keep", "1", "--root", ROOT])).toMatchObject({
      changed: true,
      sdks: [VERSION],
    });
    expect(await readdir(inRoot("sdk"))).toEqual([]);
    expect(await goferry.done(["audit", "verify", "--root", ROOT])).toMatchObject({});
  });

  it("is gone, with every trace in the registry, by what stands among the installed programs", async () => {
    const command = valueIn(await registryNow(), "QuietUninstallString") ?? "";
    const [, program = "", rest = ""] = /^"([^"]+)" (.*)$/u.exec(command) ?? [];
    const words = rest.match(/"[^"]*"|\S+/gu)?.map((word) => word.replaceAll('"', "")) ?? [];
    expect(await wine.run(program, words)).toEqual({ code: 0, stdout: "", stderr: "" });
    await expect(stat(inRoot())).rejects.toMatchObject({ code: "ENOENT" });
    expect(await registryNow()).toBe(before);
    // The goferry.exe that did it, which Windows keeps as long as it runs.
    const left = async (): Promise<string[]> =>
      (await readdir(unixPath(wine, "C:\\"))).filter((name) => name.startsWith("goferry"));
    await expect.poll(left, { timeout: 30_000 }).toEqual([]);
  });
});
