// Disks that are really full, at 20 sizes: what fits is done, all else is taken back, and said with exit code 6.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultBench, verdict, type FaultBench } from "../kit/command-faults.ts";
import { canMount } from "../kit/small-disk.ts";

const SIZES = 20;

describe.skipIf(!(await canMount()))("a full disk", () => {
  let bench: FaultBench;
  beforeAll(async () => {
    bench = await faultBench();
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  // Pages of 4 KiB between two sizes: the largest must be enough for what the command writes beside what is there.
  it.each([
    ["install", 3],
    ["upgrade", 3],
    ["use", 1],
    ["rollback", 1],
    ["uninstall", 1],
    ["gc", 1],
    ["repair", 3],
  ] as const)("%s", async (name, step) => {
    const outcomes: string[] = [];
    for (let i = 0; i < SIZES; i++) {
      const trial = await bench.runOnDisk(name, i * step);
      const { outcome, wrong } = verdict(trial, "ENOSPC");
      expect(wrong, `${name} with ${i * step} pages free`).toEqual([]);
      outcomes.push(outcome);
    }
    console.log(
      `${name}: ${[...new Set(outcomes)].map((each) => `${outcomes.filter((one) => one === each).length} ${each}`).join(", ")}`,
    );
    expect(outcomes[0]).toBe("DISK_FULL (exit 6)");
    expect(outcomes.at(-1)).toBe("done");
  });
});
