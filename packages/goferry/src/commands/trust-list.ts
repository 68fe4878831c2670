// `goferry trust list`: what the administrator of a root, or a user, decided to trust.

import { EXIT, patternUses } from "@goferry/core";
import { listRoot, readTrust } from "@goferry/installer";
import { defineCommand } from "../command.ts";
import { rowsText } from "../output/rows.ts";
import { amountText } from "../output/units.ts";
import { trustJson, trustRows, trustWarnings } from "../trust-text.ts";
import { TRUST_PLACE, trustPlace } from "./shared.ts";

export const trustList = defineCommand({
  name: "trust list",
  summary: "Show which keys and private modules a root accepts",
  description:
    "Shows the keys that sign for a root or a user, how many of them must have signed, and which keys are refused for " +
    "ever; and of a root the patterns of private modules that it accepts, and how many installed units each has let in.",
  positionals: {},
  options: TRUST_PLACE,
  examples: [
    { line: "goferry trust list", what: "Where this user installs" },
    { line: "goferry trust list --root /opt/goferry --json", what: "With the names of the units" },
    { line: "goferry trust list --user", what: "The keys of this user" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io],
  answers: true,
  async run(values, { terminal, host }) {
    const place = trustPlace(values, { terminal, host });
    const store = await readTrust(host, place);
    const warnings = trustWarnings(store);
    const rows = trustRows(store, { whose: place, now: terminal.now() });
    if ("config" in place) {
      return { text: `The trust of this user\n${rowsText(rows)}`, json: trustJson(store), warnings };
    }
    const { root } = place;
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
      text: `${root}\n${rowsText([...rows, ["private", lines.length === 0 ? "no pattern is allowed" : lines]])}`,
      json: { root, ...trustJson(store), privatePatterns: all },
      warnings,
    };
  },
});
