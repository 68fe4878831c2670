// Two real releases of Go on Windows, one beside the other. The second has to be made (five minutes on two cores), so this
// is run where GOFERRY_OTHER_GO names its archive, go1.27.1.windows-amd64.zip; versions.test.ts has a fake of few files.

import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { goferryExecutable } from "../kit/executable.ts";
import { makeOtherGoBundle, type WindowsBundle } from "../kit/windows-bundle.ts";
import { windowsGoferry, type WindowsGoferry } from "../kit/windows-goferry.ts";
import { findWine, unixPath, windowsPath, wineSession, type Wine } from "../kit/wine.ts";

const ROOT = "C:\\goferry";
const FIRST = "1.27.0";

const zip = process.env["GOFERRY_OTHER_GO"];
const shared = inject("windows");
if (zip === undefined)
  console.log("two real releases of Go are not tried: GOFERRY_OTHER_GO names no archive");

describe.runIf(zip !== undefined && shared !== undefined)("two releases of Go on Windows", () => {
  const [, other = ""] = /^go(1\.\d+\.\d+)\.windows-amd64\.zip$/u.exec(basename(zip ?? "")) ?? [];
  let made: WindowsBundle;
  let wine: Wine;
  let goferry: WindowsGoferry;

  beforeAll(async () => {
    made = await makeOtherGoBundle(other, zip ?? "");
    const exe = await goferryExecutable("windows-amd64.exe");
    const folders = [exe, shared?.bundle ?? "", made.bundle].map((file) => dirname(file));
    const keys = [shared?.publicKey ?? "", made.publicKey].map((file) => dirname(file));
    wine = await wineSession((await findWine()) ?? "", { bind: [...new Set([...folders, ...keys])] });
    goferry = windowsGoferry(wine, exe, ["--root", ROOT]);
  });
  afterAll(async () => {
    await wine?.[Symbol.asyncDispose]();
    await made?.[Symbol.asyncDispose]();
  });

  async function install({ bundle, publicKey }: { bundle: string; publicKey: string }): Promise<unknown> {
    const words = ["install", windowsPath(bundle), "--key", windowsPath(publicKey), "--self-test", "tools"];
    return await goferry.done(words);
  }

  async function answers(program: string, go: string): Promise<void> {
    const { stdout } = await wine.run(`${ROOT}\\bin\\${program}`, ["version"]);
    expect(stdout).toBe(`go version go${go} windows/amd64\n`);
  }

  it("are installed one after the other, and each answers by its own name", async () => {
    await install(shared ?? made);
    expect(await install(made)).toMatchObject({ changed: true, current: other });
    await answers("go.exe", other);
    for (const each of [FIRST, other]) await answers(`go${each}.exe`, each);
  });

  it("are switched by use, and back by rollback, and what each builds says so", async () => {
    expect(await goferry.done(["use", FIRST])).toMatchObject({ changed: true, current: FIRST });
    await answers("go.exe", FIRST);
    const { stdout } = await wine.run(`${ROOT}\\bin\\go.exe`, ["tool", "compile", "-V"]);
    expect(stdout).toContain(`go${FIRST}`);
    expect(await goferry.done(["rollback"])).toMatchObject({ current: other });
    await answers("go.exe", other);
    expect(await goferry.done(["check", "--quick"])).toMatchObject({ clean: true });
  });

  it("are one again when the other is uninstalled", async () => {
    await goferry.done(["uninstall", `go${other}`]);
    await answers("go.exe", FIRST);
    await goferry.done(["gc", "--keep", "1"]);
    expect(await readdir(join(unixPath(wine, ROOT), "sdk"))).toEqual([`go${FIRST}`]);
  });
});
