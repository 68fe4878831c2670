import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compileParts } from "./compiled-code.ts";

async function compile(main: string): Promise<Record<string, Uint8Array>> {
  const work = await mkdtemp(join(tmpdir(), "compiled-"));
  try {
    const other = "exports.other = (words) => words.join();";
    const assets = { "program/main.js": main, "program/other.js": other, "install.sh": "exit" };
    return await compileParts(assets, {
      node: process.execPath,
      flags: ["--min-semi-space-size=16"],
      work,
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

it("compiles what is loaded, the same each time, and V8 takes it under other seeds", async () => {
  const main = 'const { other } = require("./other.js"); other(process.argv);';
  const code = await compile(main);
  expect(Object.keys(code).toSorted()).toEqual(["program/main.js.code", "program/other.js.code"]);
  expect(await compile(main)).toEqual(code);
});

it("does not hide that the program fails", async () => {
  await expect(compile('throw new Error("no such thing");')).rejects.toThrow("no such thing");
});
