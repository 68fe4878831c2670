// A short sample of test/faults/kill.test.ts and power-cut.test.ts: a switch and an installation, killed and without power
// at some of their calls. The long suites take every call of every command.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killProgram, type KillProgram } from "./kit/kill/program.ts";
import { killScenarios, type Scenario } from "./kit/kill/scenarios.ts";
import { canTrace } from "./kit/kill/strace.ts";
import { killEverywhere } from "./kit/kill/trials.ts";
import { cutEverywhere } from "./kit/power/cuts.ts";
import { scratchFolder, type Scratch } from "./kit/scratch.ts";

const STEPS = new Set(["stage", "journal", "move", "switch", "settle", "commit", "clean"]);

describe.skipIf(!canTrace())("a root whose goferry did not come to its end", () => {
  let folder: Scratch;
  let program: KillProgram;
  let scenarios: Scenario[];
  beforeAll(async () => {
    folder = await scratchFolder("goferry-killed");
    program = await killProgram(`${folder.path}/program`);
    const all = await killScenarios(`${folder.path}/bundles`);
    scenarios = all.filter(({ name }) => name === "use of an older Go" || name === "install of modules");
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  it("is the old or the new after a kill at the last call of each step, and after another in recovery", async () => {
    const report = await killEverywhere({
      program,
      folder: folder.path,
      scenarios,
      points: (calls) =>
        calls.filter(
          ({ step }, index) => STEPS.has(step) && calls.findLastIndex((each) => each.step === step) === index,
        ),
      again: ({ step }) => (step === "settle" || step === "clean" ? 1 : 0),
    });
    expect(report.failures).toEqual([]);
    expect(report).toMatchObject({ old: expect.any(Number), twice: 4 });
    expect(Math.min(report.old, report.new)).toBeGreaterThanOrEqual(2);
  });

  it("is the old or the new after a power cut", async () => {
    const { failures, ...figures } = await cutEverywhere({
      program,
      folder: folder.path,
      scenarios,
      isChosen: ({ step }, index) => STEPS.has(step) && step !== "stage" && index % 5 === 0,
      inRecovery: () => false,
    });
    expect(failures).toEqual([]);
    expect(Math.min(figures.old, figures.new)).toBeGreaterThanOrEqual(10);
  });

  it("would be neither if goferry synced nothing: the model of the disk tells", async () => {
    const { failures } = await cutEverywhere({
      program,
      folder: folder.path,
      scenarios: scenarios.slice(0, 1),
      isChosen: ({ step }) => step === "commit" || step === "clean",
      inRecovery: () => false,
      withoutSyncs: true,
    });
    expect(failures).not.toEqual([]);
  });
});
