// goferry.exe and a bundle as one file, and both signed for a site: what is started is what was made, and the bundle in it is
// found and checked like any other.

import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeSelfContained } from "../../packages/bundler/src/index.ts";
import { goferryExecutable } from "../kit/executable.ts";
import { scratchFolder, type Scratch } from "../kit/scratch.ts";
import { fakeGoBundle, FAKE_VERSIONS } from "../kit/windows-fake-go.ts";
import { windowsGoferry } from "../kit/windows-goferry.ts";
import { findWine, unixPath, windowsPath, wineSession, type Wine } from "../kit/wine.ts";

const run = promisify(execFile);
const wineRoot = await findWine();
const canSign = await run("osslsigncode", ["--version"]).then(
  () => true,
  (error: unknown) => {
    if (process.env["CI"] !== undefined) throw error;
    process.stderr.write("signing goferry.exe is not tested: there is no osslsigncode\n");
    return false;
  },
);

describe.runIf(wineRoot !== undefined)("goferry.exe with a bundle behind it", () => {
  let scratch: Scratch;
  let wine: Wine;
  let exe: string;
  let oneFile: string;
  let trust: string[];

  beforeAll(async () => {
    scratch = await scratchFolder("one-file");
    const { bundle, publicKey, logKey } = await fakeGoBundle(scratch.path);
    exe = await goferryExecutable("windows-amd64.exe");
    oneFile = await makeSelfContained({ platform: "windows/amd64", program: exe, bundleFile: bundle });
    wine = await wineSession(wineRoot ?? "", { bind: [dirname(exe), scratch.path] });
    trust = ["--key", windowsPath(publicKey), "--log-key", logKey];
  });
  afterAll(async () => {
    await wine[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  it("verifies and installs what it carries, and leaves the bundle out of the root", async () => {
    const goferry = windowsGoferry(wine, oneFile);
    expect(await goferry.done(["verify", ...trust])).toMatchObject({ name: "small" });
    const root = ["--root", "C:\\one"];
    await goferry.done(["install", ...trust, ...root, "--self-test", "tools"]);
    const { stdout } = await wine.run("C:\\one\\bin\\go.exe", ["version"]);
    expect(stdout).toBe(`go version go${FAKE_VERSIONS[1]} windows/amd64\n`);
    const own = unixPath(wine, "C:\\one\\bin\\goferry.exe");
    expect((await stat(own)).size).toBe((await stat(exe)).size);
    expect(await wine.run("C:\\one\\bin\\goferry.exe", ["--version"])).toMatchObject({ code: 0 });
  });

  it.runIf(canSign)("starts as before once a site has signed it, alone or with its bundle", async () => {
    const [key, certificate] = [join(scratch.path, "site.key"), join(scratch.path, "site.pem")];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate];
    const subject = ["-subj", "/CN=Site", "-days", "30", "-addext", "extendedKeyUsage=codeSigning"];
    await run("openssl", [...made, ...subject]);
    for (const [file, name, words] of [
      [exe, "signed-alone.exe", ["--version"]],
      [oneFile, "signed-with-bundle.exe", ["verify", ...trust]],
    ] as const) {
      const signed = join(scratch.path, name);
      await run("osslsigncode", ["sign", "-certs", certificate, "-key", key, "-in", file, "-out", signed]);
      const { stdout } = await run("osslsigncode", ["verify", "-CAfile", certificate, "-in", signed]);
      expect(stdout).toContain("Signature verification: ok");
      expect((await stat(signed)).size).toBeGreaterThan((await stat(file)).size);
      expect(await wine.run(signed, words)).toMatchObject({ code: 0 });
    }
  });
});
