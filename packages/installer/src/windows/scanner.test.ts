import { expect, it } from "vitest";
import type { Step } from "../transaction/transaction.ts";
import { renameTime, scannerFindings } from "./scanner.ts";

const WINDOWS = { platform: "windows/amd64" };
const root = String.raw`C:\Prüf stand\goferry`;

it("counts what renames take, and nothing else", () => {
  let clock = 0;
  const time = renameTime(() => clock);
  for (const [step, ms] of [
    ["stage", 60_000],
    ["journal", 10],
    ["move", 1500],
    ["switch", 700],
    ["settle", 5000],
    ["commit", 20],
  ] as [Step, number][]) {
    time.onStep(step);
    clock += ms;
  }
  expect(time.total()).toBe(2200);
});

it("proposes to except the root once renames took seconds", () => {
  expect(scannerFindings(WINDOWS, { root, ms: 2200 })).toMatchObject([
    {
      code: "SCANNER_SLOW",
      level: "warn",
      found: "2.2 s",
      next: expect.stringContaining(`Add-MpPreference -ExclusionPath "${root}"`),
    },
  ]);
  expect(scannerFindings(WINDOWS, { root, ms: 300 })).toEqual([]);
  expect(scannerFindings({ platform: "linux/amd64" }, { root, ms: 9000 })).toEqual([]);
});
