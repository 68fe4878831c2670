import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scratchFolder, type Scratch } from "../../../../test/kit/scratch.ts";
import { openBundleFile, programSize, selfContainedTrailer } from "./self-contained.ts";

const PROGRAM = Buffer.from("#!/bin/sh\nexit 0\n");
const BUNDLE = Buffer.from("a bundle, as far as this file knows");

let scratch: Scratch;
let file: string;

beforeEach(async () => {
  scratch = await scratchFolder("self-contained");
  file = join(scratch.path, "site");
});
afterEach(() => scratch[Symbol.asyncDispose]());

async function write(...parts: Uint8Array[]): Promise<void> {
  await writeFile(file, Buffer.concat(parts));
}

async function contents(): Promise<string> {
  await using source = await openBundleFile(file);
  return Buffer.from(await source.read(0, source.size)).toString();
}

describe("openBundleFile", () => {
  it("finds the bundle behind a program, and its bytes in the open file", async () => {
    await write(PROGRAM, BUNDLE, selfContainedTrailer(PROGRAM.length, BUNDLE.length));
    expect(await contents()).toBe(BUNDLE.toString());
    expect(await programSize(file)).toBe(PROGRAM.length);
    await using source = await openBundleFile(file);
    expect(source.file(2)).toMatchObject({ offset: PROGRAM.length + 2 });
    await expect(source.read(BUNDLE.length - 1, 2)).rejects.toMatchObject({ code: "BUNDLE_MALFORMED" });
  });

  it("finds it where a signature of the program follows", async () => {
    const trailer = selfContainedTrailer(PROGRAM.length, BUNDLE.length);
    await write(PROGRAM, BUNDLE, trailer, Buffer.alloc(9000, 1));
    expect(await contents()).toBe(BUNDLE.toString());
  });

  it.each([
    ["there is no program", [BUNDLE]],
    ["the numbers lead elsewhere", [PROGRAM, BUNDLE, selfContainedTrailer(1, BUNDLE.length)]],
    ["the numbers are beyond all measure", [BUNDLE, selfContainedTrailer(2 ** 60, 2 ** 60)]],
    ["the mark is cut off", [BUNDLE, selfContainedTrailer(1, 1).subarray(0, 30)]],
    ["there is nothing", []],
  ])("takes the whole file for the bundle where %s", async (_what, parts) => {
    await write(...parts);
    expect(await contents()).toBe(Buffer.concat(parts).toString());
    expect(await programSize(file)).toBeUndefined();
  });
});
