// How results tell of private units, which no checksum database knows: how many, and by which pattern they were taken.

import { proposePatterns, type PatternUse } from "@goferry/core";
import { beginning } from "./output/rows.ts";
import { amountText } from "./output/units.ts";

/** A line for each pattern, and the names of its units below it. */
export function patternLines(uses: readonly PatternUse[]): string[] {
  return uses.flatMap(({ pattern, units }) => [
    `${amountText(units.length, "unit")} under ${pattern}`,
    ...beginning(units).map((name) => `  ${name}`),
  ]);
}

/** What an administrator types so that a host takes modules of these patterns. */
export function allowLine(patterns: readonly string[]): string {
  return `goferry trust allow-private ${patterns.map((each) => `'${each}'`).join(" ")} --root DIR`;
}

/** What a bundle that is not verified says: it names no pattern, because a host takes none from it. */
export function claimedLines(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const paths = names.map((name) => name.slice(0, name.lastIndexOf("@")));
  return [
    amountText(names.length, "unit"),
    ...beginning(names).map((name) => `  ${name}`),
    `a host takes them only under patterns that it allows, such as ${proposePatterns(paths).join(" ")}`,
  ];
}
