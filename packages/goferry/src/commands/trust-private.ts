// `goferry trust allow-private` and `goferry trust remove-private`: which private modules a root accepts.

import { changePrivatePatterns, defaultRoot, type PatternsChanged } from "@goferry/installer";
import type { Outcome, Run } from "../command.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText } from "../output/units.ts";
import type { trustAllowPrivateTable, trustRemovePrivateTable } from "./tables/trust-private.ts";

export const trustAllowPrivate: Run<typeof trustAllowPrivateTable> = async (values, { host, signal }) => {
  const changed = await changePrivatePatterns(host, {
    root: values.root ?? defaultRoot(host),
    action: "allow",
    patterns: values.patterns,
    dryRun: values["dry-run"],
    signal,
  });
  const done = `accepts private modules of ${values.patterns.join(", ")}`;
  return outcome(changed, { done, dryRun: values["dry-run"] });
};

export const trustRemovePrivate: Run<typeof trustRemovePrivateTable> = async (values, { host, signal }) => {
  const changed = await changePrivatePatterns(host, {
    root: values.root ?? defaultRoot(host),
    action: "remove",
    patterns: values.patterns,
    dryRun: values["dry-run"],
    signal,
  });
  const done = `does not accept private modules of ${values.patterns.join(", ")} any more`;
  return outcome(changed, { done, dryRun: values["dry-run"] });
};

function outcome(
  { changed, root, patterns, uncovered }: PatternsChanged,
  { done, dryRun }: { done: string; dryRun: boolean },
): Outcome {
  const headline = !changed
    ? `Nothing to do: ${root} has these patterns already`
    : `${dryRun ? "Would be so: " : ""}${root} ${done}`;
  const rows = rowsText([["private", patterns.length === 0 ? "no pattern is allowed" : [...patterns]]]);
  return {
    text: `${headline}\n${rows}`,
    json: { changed, dryRun, root, privatePatterns: patterns, uncovered },
    warnings: uncovered.length === 0 ? [] : [uncoveredText(uncovered)],
  };
}

function uncoveredText(names: readonly string[]): string {
  const what = amountText(names.length, "private module version");
  return [`${what} installed here match no pattern any more; they stay:`, ...beginning(names)].join("\n");
}
