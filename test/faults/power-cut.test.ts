// The power goes while a command changes a root, at any moment, and what was not synced is lost or comes out of order, as
// far as a file system may do that (test/kit/power/disk.ts has the model): the next command finds the old or the new.

import { expect, it } from "vitest";
import { killProgram } from "../kit/kill/program.ts";
import { killScenarios } from "../kit/kill/scenarios.ts";
import { cutEverywhere } from "../kit/power/cuts.ts";
import { canTrace } from "../kit/kill/strace.ts";
import { scratchFolder } from "../kit/scratch.ts";

/** Steps of many calls of one kind, of which not every one is another state. */
const OF_MANY: Partial<Record<string, number>> = {
  stage: 12,
  "self-test": 12,
  lock: 3,
  sync: 2,
  settle: 2,
  clean: 4,
};

/** Recovery that takes back, and recovery that finishes. */
const RECOVERIES = new Set(["install of a newer Go", "rollback", "uninstall of everything", "repair"]);

it.skipIf(!canTrace())("after a power cut at any moment a root is the old or the new", async () => {
  await using folder = await scratchFolder("goferry-power");
  const { failures, ...figures } = await cutEverywhere({
    program: await killProgram(`${folder.path}/program`),
    folder: folder.path,
    scenarios: await killScenarios(`${folder.path}/bundles`),
    isChosen: ({ step }, index) => step !== "log" && index % (OF_MANY[step] ?? 1) === 0,
    inRecovery: (call, calls, { name }) =>
      RECOVERIES.has(name) &&
      (call.step === "settle" || call.step === "clean") &&
      calls.find(({ step }) => step === call.step) === call,
  });
  console.log(figures);
  expect(failures).toEqual([]);
  expect(figures.states).toBeGreaterThanOrEqual(500);
  expect(figures.orders).toBe(figures.states * 5);
});
