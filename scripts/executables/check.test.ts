import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PLATFORMS } from "./base.ts";
import { checkExecutable, platformHere } from "./check.ts";

const here = platformHere();
const platform = PLATFORMS.find((known) => known === here);
const manifest = await readFile(new URL("../../packages/goferry/package.json", import.meta.url), "utf8");
const { version } = JSON.parse(manifest) as { version: string };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "check-executable-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Checks a shell script as if it were an executable for this machine. */
async function check(script: string): Promise<string> {
  if (platform === undefined) throw new Error(`no executables are made for ${here}`);
  const file = join(folder, "goferry");
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return checkExecutable(file, platform);
}

describe("checkExecutable", () => {
  it("accepts one that prints its version, and lists a root that is not there", async () => {
    const script = `case $1 in list) echo '{"generation":0}';; *) echo goferry ${version};; esac`;
    expect(await check(script)).toBe("started");
  });

  it.each([
    ["prints nothing and ends with 0", "exit 0", "printed nothing"],
    ["prints another version", "echo goferry 9.9.9", "goferry 9.9.9"],
    ["ends with an error", `echo goferry ${version}; exit 3`, "ended with 3"],
    ["knows its version and no command", `echo goferry ${version}; [ $1 != list ]`, "ended with 1"],
    // As node does by itself, and an executable made without execArgvExtension.
    [
      "obeys NODE_OPTIONS",
      `exec '${process.execPath}' -p '"goferry ${version}"'`,
      "NODE_OPTIONS is in effect",
    ],
  ])("refuses one that %s", async (_what, script, reason) => {
    await expect(check(script)).rejects.toThrow(reason);
  });

  it("starts none that is for another platform", async () => {
    const other = PLATFORMS.find((known) => known !== here) ?? "windows-amd64";
    expect(await checkExecutable(join(folder, "absent"), other)).toContain("not started");
  });
});
