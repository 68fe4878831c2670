// A sample of test/faults/errors.test.ts: each command, with a call that fails in the middle of it.

import { afterAll, beforeAll, expect, it } from "vitest";
import { COMMANDS, faultBench, verdict, type FaultBench } from "../../../test/kit/command-faults.ts";

let bench: FaultBench;

beforeAll(async () => {
  bench = await faultBench();
}, 120_000);
afterAll(() => bench[Symbol.asyncDispose]());

it.each(COMMANDS)("%s is done or taken back where a call fails", async (name) => {
  for (const [i, errno] of (["ENOSPC", "EIO"] as const).entries()) {
    const { calls } = await bench.run(name, { errno, at: 0, forEver: false }, "command");
    const at = Math.ceil((calls.length * (i + 1)) / 3);
    const trial = await bench.run(name, { errno, at, forEver: i === 1 }, "command");
    expect(trial.hit).toBe(true);
    expect(verdict(trial, errno).wrong, calls[at - 1]).toEqual([]);
  }
});

it("an installation is taken back where its worker cannot make a file", async () => {
  const trial = await bench.run("upgrade", { errno: "ENOSPC", at: 3, forEver: false }, "worker");
  expect(trial).toMatchObject({
    error: { code: "DISK_FULL", expected: expect.stringMatching(/MB and \d+ inodes/u) },
    wrong: [],
    isNew: false,
  });
});
