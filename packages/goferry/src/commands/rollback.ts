// `goferry rollback`: what an earlier generation had, without its bundle.

import { GoferryError } from "@goferry/core";
import { defaultRoot, rollback as rollBack, type RolledBack } from "@goferry/installer";
import { findingText } from "../finding-text.ts";
import { binFolder } from "../machine.ts";
import { beginning, rowsText } from "../output/rows.ts";
import type { Run } from "../command.ts";
import type { rollbackTable } from "./tables/rollback.ts";

export const rollback: Run<typeof rollbackTable> = async (values, { host, signal }) => {
  const dryRun = values["dry-run"];
  const done = await rollBack(host, {
    root: values.root ?? defaultRoot(host),
    generation: values.generation === undefined ? undefined : generationOf(values.generation),
    dryRun,
    signal,
  });
  return {
    text: `${headline(done, dryRun)}\n${rowsText(rows(done))}`.trimEnd(),
    json: { ...done, bin: binFolder(done.root), dryRun },
    warnings: done.findings.map(findingText),
  };
};

function generationOf(text: string): number {
  if (/^[1-9]\d{0,14}$/u.test(text)) return Number(text);
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: "N",
    message: "this is no number of a generation",
    expected: "a number as goferry list shows it",
    found: text,
    next: "goferry list",
  });
}

function headline({ changed, root, target, generation }: RolledBack, dryRun: boolean): string {
  if (!changed) return `Nothing to do: ${root} has what generation ${target} had`;
  return dryRun
    ? `Would take ${root} back to generation ${target}`
    : `${root} is back at generation ${target}, as generation ${generation}`;
}

function rows({ changed, current, previous, added, removed }: RolledBack): Parameters<typeof rowsText>[0] {
  if (!changed) return [];
  const lines = (each: RolledBack["added"]): string[] => [
    ...each.sdks.map((version) => `Go ${version}`),
    ...each.bundles,
    ...beginning(each.modules),
  ];
  const versionText = (version: string | null): string => (version === null ? "no Go" : `Go ${version}`);
  const before = previous === current ? "" : `, and was ${versionText(previous)}`;
  return [
    ["current", `${versionText(current)}${before}`],
    ["has again", lines(added)],
    ["has no more", lines(removed)],
  ];
}
