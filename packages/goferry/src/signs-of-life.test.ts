import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signsOfLife } from "./signs-of-life.ts";

// Sockets of this system stand in for named pipes: other than those, they leave their names behind.
describe("signsOfLife", () => {
  let folder: string;

  beforeAll(async () => {
    folder = `${await mkdtemp(join(tmpdir(), "signs-"))}/`;
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("has one name for a process, which is up as long as the process is", async () => {
    const signs = signsOfLife(folder);
    const name = await signs.raise();
    expect(await signs.raise()).toBe(name);
    expect(await signs.isUp(name)).toBe(true);
    expect(await signs.isUp("another")).toBe(false);
  });

  it("is gone with a process that was killed", async () => {
    const module = new URL("signs-of-life.ts", import.meta.url);
    const program = `const { signsOfLife } = await import(${JSON.stringify(module.href)});
      process.stdout.write(await signsOfLife(${JSON.stringify(folder)}).raise());
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program]);
    const [name] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    expect(await signsOfLife(folder).isUp(name)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await signsOfLife(folder).isUp(name)).toBe(false);
  });
});
