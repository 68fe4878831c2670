// What was tried, for a person: how often in which step, with a bar each.

import { STEPS } from "./steps.ts";
import type { Report } from "./trials.ts";

/** Tries for each character of a bar. */
const UNIT = 10;

export function reportText({ steps, scenarios, old, new: fresh, twice, repeated, failures }: Report): string {
  const row = (name: string, count: number): string =>
    `  ${name.padEnd(34)} ${String(count).padStart(5)} ${"#".repeat(Math.ceil(count / UNIT))}`;
  return [
    `killed ${old + fresh} times: ${old} taken back, ${fresh} finished; ${twice} of them killed again while recovering; the command given again ${repeated} times; ${failures.length} failures`,
    "by step:",
    ...STEPS.map((step) => row(step, steps[step])),
    "by command (first kills; calls that could be killed):",
    ...scenarios.map(({ name, tries, calls }) => `${row(name, tries)} of ${calls}`),
  ].join("\n");
}
