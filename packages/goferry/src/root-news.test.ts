// What is said, and done, by the first command after one that was killed: whichever that is.

import { chmod, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { bench, install, upgrade, type Bench } from "../../../test/kit/transactions.ts";
import { NOBODY, withoutPrivileges } from "../../../test/kit/unprivileged.ts";
import { goferry, type TestResult } from "./testing/terminal.ts";

let each: Bench;

afterEach(() => each[Symbol.asyncDispose]());

/** An upgrade that was killed right before its commit, or right after it. */
async function killed(when: "before" | "after"): Promise<void> {
  each = await bench();
  await each.run(install);
  await each.keep();
  const { fs } = await each.run(upgrade);
  const commit = fs.calls.findIndex((call) => call.startsWith("rename") && call.endsWith(each.at.stateFile));
  await each.reset();
  await each.run(upgrade, { kind: "crash", at: commit + (when === "before" ? 1 : 2) });
  // That of a process that this one cannot see.
  await unlink(each.at.lock);
}

async function run(...words: string[]): Promise<TestResult> {
  return await goferry([...words, "--root", each.root], {
    cwd: each.home,
    system: { uid: process.getuid?.() },
  });
}

const READERS = ["list", "status", "audit", "audit verify", "trust list"];

describe("the first command after a kill", () => {
  it.each(READERS)("takes back what was not committed, and says so: %s", async (words) => {
    await killed("before");
    const first = await run(...words.split(" "));
    expect(first).toMatchObject({
      code: 0,
      stderr: "goferry: warning: a command that was interrupted was taken back: install site-2.tar\n",
    });
    expect(await readdir(each.at.sdk)).toEqual(["go1.26.8"]);
    expect(await readdir(each.at.state)).not.toContain("journal.json");
    expect(await run(...words.split(" "))).toMatchObject({ code: 0, stderr: "" });
  });

  it("ends what was committed, and says so in JSON too", async () => {
    await killed("after");
    const first = await run("status", "--json");
    expect(first.json()).toMatchObject({
      generation: 2,
      unfinished: null,
      interrupted: false,
      recovered: { command: "install site-2.tar", outcome: "finished" },
    });
    const second = await run("status", "--json");
    expect(second.json()).not.toHaveProperty("recovered");
    expect((await run("audit", "verify")).code).toBe(0);
  });

  it("shows a supporter the root as it is", async () => {
    await killed("before");
    const before = each.look();
    const { code, stdout } = await run("status", "--archive", join(each.home, "..", "..", "status.tar.gz"));
    expect(code).toBe(0);
    expect(stdout).toMatch(/unfinished +install site-2\.tar/u);
    expect(each.look()).toEqual(before);
  });
});

describe.skipIf(process.getuid?.() !== 0)("the first command after a kill, by who may not write", () => {
  async function byOther(...words: string[]): Promise<TestResult> {
    for (const folder of [each.root, join(each.root, "..", "..", ".."), join(each.root, "../..")])
      await chmod(folder, 0o755);
    return await withoutPrivileges(
      async () => await goferry([...words, "--root", each.root], { cwd: each.home, system: { uid: NOBODY } }),
    );
  }

  it.each(READERS)("changes nothing, tells the last whole state, and who can go on: %s", async (words) => {
    await killed("before");
    const { code, stderr } = await byOther(...words.split(" "));
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`RECOVERY_PENDING ${each.root}: a command was interrupted`);
    expect(stderr).toContain(`next: goferry status --root ${each.root}, as a user who may write there`);
    expect(await readdir(each.at.state)).toContain("journal.json");
  });

  it("lists no generation that was not committed", async () => {
    await killed("before");
    const { generations } = (await byOther("list", "--json")).json();
    expect(generations).toMatchObject([{ generation: 1 }]);
  });

  it("takes no half of a change for drift", async () => {
    await killed("before");
    const { code, stderr } = await byOther("check", "--quick");
    expect({ code, stderr }).toEqual({
      code: 6,
      stderr: expect.stringContaining(`RECOVERY_PENDING ${each.root}`),
    });
  });

  it.each(["use 1.26.8", "rollback", "gc", "repair"])(
    "names the root that cannot be written, and no file of goferry's own: %s",
    async (words) => {
      await killed("before");
      const { code, stderr } = await byOther(...words.split(" "));
      expect({ code, stderr }).toEqual({
        code: 4,
        stderr: expect.stringContaining(`ROOT_NOT_WRITABLE ${each.root}`),
      });
    },
  );
});
