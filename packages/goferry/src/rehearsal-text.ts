// What was tried of a bundle before it was signed, as lines.

import type { Rehearsal } from "@goferry/bundler";

/** One line, and below it what vet or the compiler said. */
export function rehearsalLines(rehearsal: Rehearsal): string[] {
  const { platform, crossBuilt, network, reused, findings } = rehearsal;
  const [name, results] = resultsOf(rehearsal);
  const how = crossBuilt ? [...results, "cross-built"] : results;
  const line = `${name} for ${platform}: ${how.join(", ")}; network: ${network}`;
  const told = reused ? `${line}; reused: an earlier build tried the same` : line;
  return [told, ...findings.flatMap((text) => text.split("\n").map((each) => `  ${each}`))];
}

function resultsOf(rehearsal: Rehearsal): [name: string, results: string[]] {
  switch (rehearsal.kind) {
    case "project": {
      const { project, build, vet, tests } = rehearsal;
      return [project, [`build ${build}`, `vet ${vet}`, `tests ${tests}`]];
    }
    case "tool":
      return [rehearsal.tool, [`install ${rehearsal.install}`]];
    case "module":
      return [rehearsal.module, [`get ${rehearsal.get}`]];
  }
}
