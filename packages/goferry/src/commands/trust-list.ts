// `goferry trust list`: what the administrator of a root, or a user, decided to trust.

import { patternUses } from "@goferry/core";
import { listRoot, readTrust } from "@goferry/installer";
import { rowsText } from "../output/rows.ts";
import { amountText } from "../output/units.ts";
import { trustJson, trustRows, trustWarnings } from "../trust-text.ts";
import { trustPlace } from "../trust-place.ts";
import type { Run } from "../command.ts";
import type { trustListTable } from "./tables/trust-list.ts";

export const trustList: Run<typeof trustListTable> = async (values, { terminal, host }) => {
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
};
