import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { selfContainedTrailer } from "@goferry/core";
import { scratchFolder, type Scratch } from "../../../test/kit/scratch.ts";
import { findOwnBundle } from "./own-bundle.ts";

let scratch: Scratch;
let file: string;

beforeEach(async () => {
  scratch = await scratchFolder("own-bundle");
  file = join(scratch.path, "site linux");
  await writeFile(
    file,
    Buffer.concat([Buffer.from("program"), Buffer.from("b"), selfContainedTrailer(7, 1)]),
  );
});
afterEach(() => scratch[Symbol.asyncDispose]());

describe("findOwnBundle", () => {
  it("is what verify, inspect, install and repair take when nothing is named, and nobody else", async () => {
    const own = await findOwnBundle(file, "linux");
    expect(own?.size).toBe(7);
    for (const name of ["verify", "inspect", "install", "repair"])
      expect(own?.positionals({ name }, [])).toEqual([file]);
    expect(own?.positionals({ name: "verify" }, ["other.tar"])).toEqual(["other.tar"]);
    expect(own?.positionals({ name: "sign" }, [])).toEqual([]);
    expect(own?.offer).toContain(`'${file}' install --key FILE`);
    expect((await findOwnBundle(file, "win32"))?.offer).toContain(`"${file}" verify --key FILE`);
  });

  it("is nothing for a program without one", async () => {
    const plain = join(scratch.path, "plain");
    await copyFile(file, plain);
    await writeFile(plain, (await readFile(file)).subarray(0, 7));
    expect(await findOwnBundle(plain, "linux")).toBeUndefined();
  });
});
