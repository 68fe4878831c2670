// `goferry trust list`: what the administrator of a root decided to trust.

import { EXIT, patternUses } from "@goferry/core";
import { defaultRoot, listRoot } from "@goferry/installer";
import { defineCommand } from "../command.ts";
import { rowsText } from "../output/rows.ts";
import { amountText } from "../output/units.ts";
import { ROOT_OPTION } from "./shared.ts";

export const trustList = defineCommand({
  name: "trust list",
  summary: "Show which private modules a root accepts",
  description:
    "Shows the patterns of private modules that a root accepts, and how many installed units each has let in.",
  positionals: {},
  options: { root: ROOT_OPTION },
  examples: [
    { line: "goferry trust list", what: "Where this user installs" },
    { line: "goferry trust list --root /opt/goferry --json", what: "With the names of the units" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io],
  answers: true,
  async run(values, { host }) {
    const root = values.root ?? defaultRoot(host);
    const { privatePatterns, units } = await listRoot(host, root);
    const used = patternUses(
      units.filter((unit) => unit.record === null),
      privatePatterns,
    );
    const all = privatePatterns.map((pattern) => ({
      pattern,
      units: used.find((use) => use.pattern === pattern)?.units ?? [],
    }));
    const lines = all.map(({ pattern, units: names }) => `${pattern}: ${amountText(names.length, "unit")}`);
    return {
      text: `${root}\n${rowsText([["private", lines.length === 0 ? "no pattern is allowed" : lines]])}`,
      json: { root, privatePatterns: all },
    };
  },
});
