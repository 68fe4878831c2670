// Private modules of a root that no pattern of it covers: the pattern was removed after they came. They stay, because an
// administrator who takes a pattern back may still need what builds go by; but he has to know of them.

import { matchingPattern, proposePatterns, unitName } from "@goferry/core";
import type { Finding } from "./findings.ts";
import { shellQuote } from "./shell-quote.ts";
import type { InstalledUnit, State } from "./transaction/state.ts";

/** Those that match none of the patterns. */
export function uncoveredUnits(
  units: readonly InstalledUnit[],
  patterns: readonly string[],
): InstalledUnit[] {
  return units.filter((unit) => unit.record === null && matchingPattern(patterns, unit.path) === undefined);
}

/** PRIVATE_REFUSED, which warns, when `after` has private modules that `before` has not and that no pattern covers. */
export function uncoveredFindings(before: State, after: State): Finding[] {
  const there = new Set(uncoveredUnits(before.units, after.privatePatterns).map(unitName));
  const units = uncoveredUnits(after.units, after.privatePatterns).filter(
    (unit) => !there.has(unitName(unit)),
  );
  if (units.length === 0) return [];
  const [names, root] = [units.map(unitName), shellQuote(after.root)];
  const patterns = proposePatterns(units.map(({ path }) => path)).map((each) => `'${each}'`);
  return [
    {
      code: "PRIVATE_REFUSED",
      level: "warn",
      subject: names.join(", "),
      message: "that generation has private modules under no pattern that is allowed in this root now",
      expected:
        after.privatePatterns.length === 0
          ? "no private modules"
          : `those of ${after.privatePatterns.join(", ")}`,
      found: names.join(", "),
      next: `if they are wanted: goferry trust allow-private ${patterns.join(" ")} --root ${root}; if not, go back from it: goferry rollback --root ${root}`,
    },
  ];
}
