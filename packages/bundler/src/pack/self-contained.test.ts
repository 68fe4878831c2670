import { stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBundleFile } from "@goferry/core";
import { scratchFolder, type Scratch } from "../../../../test/kit/scratch.ts";
import { makeSelfContained } from "./self-contained.ts";

let scratch: Scratch;
let program: string;
let bundleFile: string;

beforeEach(async () => {
  scratch = await scratchFolder("self-contained");
  program = join(scratch.path, "goferry-windows-amd64.exe");
  bundleFile = join(scratch.path, "site.tar");
  await writeFile(program, "MZ program");
  await writeFile(bundleFile, "bundle");
});
afterEach(() => scratch[Symbol.asyncDispose]());

describe("makeSelfContained", () => {
  it("is the program with the bundle behind it, and never two bundles", async () => {
    const first = await makeSelfContained({ platform: "windows/amd64", program, bundleFile });
    expect(first).toBe(join(scratch.path, "site-windows-amd64.exe"));
    await writeFile(bundleFile, "another");
    const linux = { platform: "linux/arm64", program: first, bundleFile };
    const second = await makeSelfContained(linux);
    expect(second).toBe(join(scratch.path, "site-linux-arm64"));
    expect((await stat(second)).mode & 0o777).toBe(0o755);
    await using source = await openBundleFile(second);
    expect(Buffer.from(await source.read(0, source.size)).toString()).toBe("another");
    expect((await stat(second)).size).toBe("MZ program".length + "another".length + 40);
  });

  it("refuses what Windows would not start, before it is written", async () => {
    await truncate(bundleFile, 2 ** 32 - 50);
    await expect(makeSelfContained({ platform: "windows/amd64", program, bundleFile })).rejects.toMatchObject(
      {
        code: "ARGUMENT_INVALID",
        subject: "--self-contained",
        found: `${2 ** 32} bytes`,
      },
    );
  });
});
