import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { picture, testFolder } from "../../../../test/kit/host-root.ts";
import { keepUnits } from "./unit-files.ts";

describe("keepUnits", () => {
  it("writes one file for each unit, under names that no file system confuses", async () => {
    await using folder = await testFolder();
    const lines = new Map([
      ["example.com/Case@v1.0.0", "upper\n"],
      ["example.com/case@v1.0.0", "lower\n"],
      ["golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64", "go\n"],
    ]);
    await keepUnits(join(folder.path, "units"), lines);
    const files = Object.keys(picture(folder.path)).filter((name) => name.endsWith(".sums"));
    expect(files).toEqual([
      "units/example.com/!case@v1.0.0.sums",
      "units/example.com/case@v1.0.0.sums",
      "units/golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64.sums",
    ]);
    expect(await readFile(join(folder.path, "units/example.com/!case@v1.0.0.sums"), "utf8")).toBe("upper\n");
  });

  it("makes nothing for no units", async () => {
    await using folder = await testFolder();
    await keepUnits(join(folder.path, "units"), new Map());
    expect(picture(folder.path)).toEqual({});
  });

  it("says which file it could not write, and overwrites none", async () => {
    await using folder = await testFolder();
    const file = join(folder.path, "a@v1.0.0.sums");
    await writeFile(file, "there");
    await expect(keepUnits(folder.path, new Map([["a@v1.0.0", "x"]]))).rejects.toMatchObject({
      code: "IO_FAILED",
      subject: file,
    });
    expect(await readFile(file, "utf8")).toBe("there");
    await mkdir(join(folder.path, "blocked"));
    await writeFile(join(folder.path, "blocked", "b"), "a file");
    await expect(
      keepUnits(join(folder.path, "blocked", "b"), new Map([["x@v1.0.0", ""]])),
    ).rejects.toMatchObject({
      code: "IO_FAILED",
    });
  });
});
