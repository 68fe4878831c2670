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

it("hands out modules of Node that are made late like any other", async () => {
  const names = ["crypto", "net", "worker_threads", "child_process", "zlib"];
  const main = `const same = (id) => {
    const [late, real] = [require(id), process.getBuiltinModule(id)];
    for (const name of Object.getOwnPropertyNames(late)) {
      const { enumerable } = Object.getOwnPropertyDescriptor(late, name);
      if (enumerable !== Object.getOwnPropertyDescriptor(real, name).enumerable) throw new Error(name);
      if (enumerable && late[name] !== real[name]) throw new Error(name);
    }
    if (Object.keys(late).join() !== Object.keys(real).join() || !(Object.keys(real)[0] in late)) throw new Error(id);
  };
  for (const name of ${JSON.stringify(names)}) same("node:" + name);`;
  expect(Object.keys(await compile(main))).toEqual(["program/main.js.code"]);
});

it("does not hide that the program fails", async () => {
  await expect(compile('throw new Error("no such thing");')).rejects.toThrow("no such thing");
});
