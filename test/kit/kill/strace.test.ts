// The tools of the kill suite on a program of three lines: what it did is seen, and it is killed where that was asked for.

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { expect, it } from "vitest";
import { scratchFolder } from "../scratch.ts";
import { rootCalls, WATCHED } from "./root-calls.ts";
import { canTrace, traced, type KillPoint, type Traced } from "./strace.ts";

const PROGRAM = `
const fs = require("node:fs");
fs.mkdirSync("ä");
for (const text of ["one", "two"]) fs.appendFileSync("ä/a, (b)", text);
fs.renameSync("ä/a, (b)", "c");
`.replaceAll(/"(ä|c)/gu, 'process.argv[1] + "/$1');

async function run(folder: string, killAt?: KillPoint): Promise<Traced> {
  return await traced({
    command: [process.execPath, "-e", PROGRAM, join(folder, "live")],
    calls: WATCHED,
    output: join(folder, "trace"),
    env: { PATH: "/usr/bin:/bin" },
    cwd: folder,
    ...(killAt === undefined ? {} : { killAt }),
  });
}

it.skipIf(!canTrace())(
  "sees each call with its bytes, and kills before the one that was chosen",
  async () => {
    await using folder = await scratchFolder("goferry-strace");
    const live = join(folder.path, "live");
    await mkdir(live);
    const { code, calls } = await run(folder.path);
    expect(code).toBe(0);
    const [file, renamed] = [join(live, "ä/a, (b)"), join(live, "c")];
    const seen = rootCalls(calls, live);
    expect(seen.map(({ name, path, change }) => [name, path, change])).toEqual([
      ["mkdir", join(live, "ä"), { kind: "mkdir", mode: 0o755 }],
      ["openat", file, { kind: "create", mode: 0o644 }],
      ["write", file, { kind: "write", bytes: Buffer.from("one"), offset: undefined }],
      ["openat", file, { kind: "create", mode: 0o644 }],
      ["write", file, { kind: "write", bytes: Buffer.from("two"), offset: undefined }],
      ["rename", renamed, { kind: "rename", from: file }],
    ]);
    const left: string[] = [];
    for (const { kill } of seen.slice(1)) {
      await rm(live, { recursive: true });
      await mkdir(live);
      expect(await run(folder.path, kill)).toMatchObject({ code: undefined });
      left.push(await readFile(file, "utf8").catch(() => "none"));
      expect(await readdir(live)).toEqual(["ä"]);
    }
    expect(left).toEqual(["none", "", "one", "one", "onetwo"]);
  },
);
