// What was tried of a bundle before it was signed, as lines.

import type { Rehearsal } from "@goferry/bundler";

/** One line, and below it what vet or the compiler said. */
export function rehearsalLines(rehearsal: Rehearsal): string[] {
  const { project, platform, build, vet, tests, crossBuilt, network, findings } = rehearsal;
  const results = [`build ${build}`, `vet ${vet}`, `tests ${tests}`, ...(crossBuilt ? ["cross-built"] : [])];
  const line = `${project} for ${platform}: ${results.join(", ")}; network: ${network}`;
  return [line, ...findings.flatMap((text) => text.split("\n").map((each) => `  ${each}`))];
}
