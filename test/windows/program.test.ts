// goferry-windows-amd64.exe as a program, before it installs anything: it starts, speaks, and ends as it should.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goferryExecutable } from "../kit/executable.ts";
import { findWine, unixPath, windowsPath, wineSession, type Wine } from "../kit/wine.ts";

const root = await findWine();

describe.runIf(root !== undefined)("goferry.exe", () => {
  let wine: Wine;
  let exe: string;

  beforeAll(async () => {
    exe = await goferryExecutable("windows-amd64.exe");
    wine = await wineSession(root ?? "", { bind: [join(exe, "..")] });
  });
  afterAll(() => wine[Symbol.asyncDispose]());

  it("starts, and NODE_OPTIONS has no effect on it", async () => {
    const hostile = join(wine.shared, "hostile.cjs");
    await writeFile(hostile, "console.log('NODE_OPTIONS is in effect'); process.exit(0);");
    const env = { NODE_OPTIONS: `--require=${windowsPath(hostile)}` };
    const done = await wine.run(exe, ["--version"], { env });
    expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/^goferry \d+\.\d+\.\d+\n$/u) });
  });

  it("takes and gives text beyond ASCII, and ends with the code of what went wrong", async () => {
    const words = ["status", "--root", "C:\\Prüfung mit ß", "--json"];
    const { code, stdout } = await wine.run(exe, words);
    expect(code).toBe(7);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "NOT_FOUND", subject: "C:\\Prüfung mit ß" } });
  });

  it("is ended by a power cut, and starts again", async () => {
    await writeFile(unixPath(wine, "C:\\endless.bat"), ":again\r\ngoto again\r\n");
    const endless = wine.run("cmd", ["/c", "C:\\endless.bat"]);
    for (let pids: number[] = []; pids.length === 0;) pids = await wine.pids("endless.bat");
    await wine.kill();
    expect((await endless).code).not.toBe(0);
    expect(await wine.run(exe, ["--version"])).toMatchObject({ code: 0 });
  });
});
