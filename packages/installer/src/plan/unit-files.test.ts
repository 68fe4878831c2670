import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { picture, testFolder } from "../../../../test/kit/host-root.ts";
import { keepUnits, parseSums, sumsText } from "./unit-files.ts";

const times = { from: 1_700_000_000_000, to: 1_700_000_001_000 };
const tree = (lines: string) => ({ lines, sizes: lines === "" ? [] : [1] });

describe("keepUnits", () => {
  it("writes one file for each unit, under names that no file system confuses", async () => {
    await using folder = await testFolder();
    const sums = new Map([
      ["example.com/Case@v1.0.0", tree("upper\n")],
      ["example.com/case@v1.0.0", tree("lower\n")],
      ["golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64", tree("go\n")],
    ]);
    keepUnits(join(folder.path, "units"), sums, times);
    const files = Object.keys(picture(folder.path)).filter((name) => name.endsWith(".sums"));
    expect(files).toEqual([
      "units/example.com/!case@v1.0.0.sums",
      "units/example.com/case@v1.0.0.sums",
      "units/golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64.sums",
    ]);
    expect(await readFile(join(folder.path, "units/example.com/!case@v1.0.0.sums"), "utf8")).toBe(
      "upper\n\n1700000000000 1700000001000\n1\n",
    );
  });

  it("makes nothing for no units", async () => {
    await using folder = await testFolder();
    keepUnits(join(folder.path, "units"), new Map(), times);
    expect(picture(folder.path)).toEqual({});
  });

  it("says which file it could not write, and overwrites none", async () => {
    await using folder = await testFolder();
    const file = join(folder.path, "a@v1.0.0.sums");
    await writeFile(file, "there");
    expect(() => keepUnits(folder.path, new Map([["a@v1.0.0", tree("x\n")]]), times)).toThrow(
      expect.objectContaining({ code: "IO_FAILED", subject: file }),
    );
    expect(await readFile(file, "utf8")).toBe("there");
    await mkdir(join(folder.path, "blocked"));
    await writeFile(join(folder.path, "blocked", "b"), "a file");
    const blocked = join(folder.path, "blocked", "b");
    expect(() => keepUnits(blocked, new Map([["x@v1.0.0", tree("")]]), times)).toThrow(
      expect.objectContaining({ code: "IO_FAILED" }),
    );
  });
});

describe("parseSums", () => {
  it("reads what sumsText writes", () => {
    const files = fc.array(fc.tuple(fc.stringMatching(/^[^\n]{1,9}$/u), fc.nat()));
    fc.assert(
      fc.property(files, (each) => {
        const lines = each.map(([name]) => `${"0".repeat(64)}  ${name}\n`).join("");
        const sums = { lines, sizes: each.map(([, size]) => size), ...times };
        expect(parseSums(sumsText(sums))).toEqual(sums);
      }),
    );
  });

  it.each([
    ["nothing", ""],
    ["lines alone", "a\nb\n"],
    ["a size too few", "a\nb\n\n1 2\n3\n"],
    ["a size that is no number", "a\n\n1 2\nx\n"],
    ["no times", "a\n\n\n3\n"],
    ["no end", "a\n\n1 2\n3"],
  ])("knows %s for another form", (_, text) => expect(parseSums(text)).toBeNull());
});
