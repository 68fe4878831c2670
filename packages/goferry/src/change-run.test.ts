// What all commands have in common that change a root.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holdLock } from "../../../test/kit/host-root.ts";
import { COMMANDS } from "./commands/all.ts";
import { goferry, testFolder } from "./testing/terminal.ts";

let folder: Awaited<ReturnType<typeof testFolder>>;
let root: string;

beforeAll(async () => {
  folder = await testFolder();
  root = join(folder.path, "root");
  await mkdir(root);
});

afterAll(() => folder[Symbol.asyncDispose]());

describe("commands that change a root", () => {
  it("all say so in their tables: those with --root and --dry-run", () => {
    const changing = COMMANDS.filter(({ options }) => "root" in options && "dry-run" in options);
    expect(changing.length).toBeGreaterThan(3);
    expect(changing.filter(({ changesRoot }) => changesRoot !== true).map(({ name }) => name)).toEqual([]);
    for (const { options } of changing) expect(options).toHaveProperty("lock-timeout");
  });
});

describe("--lock-timeout", () => {
  const words = ["trust", "allow-private", "corp.example"];
  const hold = async (): ReturnType<typeof holdLock> => await holdLock(root, "install site.tar");

  it("0 does not wait, and the holder is named by pid, command and time", async () => {
    const lock = await hold();
    const refused = await goferry([...words, "--root", root, "--lock-timeout", "0"], { cwd: folder.path });
    await lock.release();
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain(
      `LOCKED ${root}: another goferry is changing this root: install site.tar`,
    );
    expect(refused.stderr).toMatch(
      new RegExp(`found: pid ${process.pid} on \\S+, since 2026-03-04T05:06:07`, "u"),
    );
    expect(refused.stderr).not.toContain("Waiting");
  });

  it.each([["--lock-timeout", "10m"], ["--lock-timeout=90s"]])(
    "%s waits until the lock is given back",
    async (...flag) => {
      const lock = await hold();
      const waiting = goferry([...words, "--root", root, ...flag], { cwd: folder.path });
      setTimeout(() => void lock.release(), 150);
      const { code, stderr } = await waiting;
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(/Waiting for pid \d+ on .*install site\.tar/u),
      });
    },
  );

  it("is a setting too, and must be a time", async () => {
    const env = { GOFERRY_LOCK_TIMEOUT: "tomorrow" };
    const { code, stderr } = await goferry([...words, "--root", root], { cwd: folder.path, env });
    expect(code).toBe(2);
    expect(stderr).toContain("a time such as 500ms, 30s, 10m or 2h, or 0");
  });

  it("readers never wait", async () => {
    const lock = await hold();
    const listed = await goferry(["list", "--root", root], { cwd: folder.path });
    await lock.release();
    expect(listed.code).toBe(0);
  });
});
