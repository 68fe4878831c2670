// kill -9 at every system call by which a command that changes a root changes anything, of which strace tells: what the
// next command finds is the old or the new.

import { expect, it } from "vitest";
import { killProgram } from "../kit/kill/program.ts";
import { reportText } from "../kit/kill/report.ts";
import { killScenarios } from "../kit/kill/scenarios.ts";
import { STEPS } from "../kit/kill/steps.ts";
import { canTrace } from "../kit/kill/strace.ts";
import { killEverywhere } from "../kit/kill/trials.ts";
import { scratchFolder } from "../kit/scratch.ts";

/** One of each command: here at every call. */
const WHOLE = new Set([
  "first install",
  "use of an older Go",
  "rollback",
  "uninstall of a Go",
  "uninstall of everything",
  "repair",
  "gc",
]);

/** What is the same in all scenarios of a command, or nearly: in the others at every third call. */
const ALIKE = new Set(["log", "lock", "stage", "self-test"]);

/** In each scenario: what still has to be taken back, and what to be finished. */
const TWICE = new Set(["settle", "clean"]);

it.skipIf(!canTrace())(
  "killed at any call, and again while it recovers, a root is the old or the new",
  async () => {
    await using folder = await scratchFolder("goferry-kill");
    const report = await killEverywhere({
      program: await killProgram(`${folder.path}/program`),
      folder: folder.path,
      scenarios: await killScenarios(`${folder.path}/bundles`),
      points: (calls, { name }) =>
        calls.filter(({ step }, index) => WHOLE.has(name) || !ALIKE.has(step) || index % 3 === 0),
      again: (call, calls) =>
        TWICE.has(call.step) && calls.find(({ step }) => step === call.step) === call ? 5 : 0,
    });
    console.log(reportText(report));
    expect(report.failures).toEqual([]);
    const tries = STEPS.reduce((sum, step) => sum + report.steps[step], 0);
    expect(tries).toBeGreaterThanOrEqual(1000);
    for (const step of STEPS.slice(STEPS.indexOf("stage"), STEPS.indexOf("clean") + 1))
      expect([step, report.steps[step]]).toEqual([step, expect.toSatisfy((count: number) => count >= 30)]);
    expect(report.twice).toBeGreaterThanOrEqual(50);
  },
);
