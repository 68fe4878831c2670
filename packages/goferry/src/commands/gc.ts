// `goferry gc`: frees the space of generations that nobody will go back to.

import { EXIT } from "@goferry/core";
import { collectGarbage, defaultRoot, type Collected } from "@goferry/installer";
import { defineCommand } from "../command.ts";
import { binFolder } from "../machine.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText, bytesText } from "../output/units.ts";
import { DRY_RUN, ROOT_OPTION } from "./shared.ts";

/** The current one, and the one before. */
const KEEP = 2;

export const gc = defineCommand({
  name: "gc",
  summary: "Free what no generation that is kept needs",
  description:
    "Removes Go versions and modules that only older generations have, and the files of these generations, which cannot " +
    "be gone back to then. What is installed now always stays; so does what goferry did not put there.\n\n" +
    "Builds that are running with a Go that is removed go on until they need another of its files.",
  positionals: {},
  options: {
    root: ROOT_OPTION,
    keep: {
      kind: "count",
      arg: "N",
      help: `How many generations stay, the current one among them; ${KEEP} if left out.`,
      setting: true,
    },
    "dry-run": DRY_RUN,
  },
  examples: [
    { line: "goferry gc --dry-run", what: "How much would it free?" },
    { line: "goferry gc --keep 1 --root /opt/goferry", what: "Keep nothing but what is installed now" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.locked, EXIT.io, EXIT.rolledBack],
  changesRoot: true,
  async run(values, { host, signal }) {
    const dryRun = values["dry-run"];
    const root = values.root ?? defaultRoot(host);
    const freed = await collectGarbage(host, { root, keep: values.keep ?? KEEP, dryRun, signal });
    return {
      text: `${headline(freed, dryRun)}\n${rowsText(rows(freed, dryRun))}`,
      json: { ...freed, bin: binFolder(freed.root), dryRun },
    };
  },
});

function headline({ changed, root, bytes }: Collected, dryRun: boolean): string {
  if (!changed) return `Nothing to do: every generation in ${root} is kept, and needs all that is there`;
  return `${dryRun ? "Would free" : "Freed"} ${bytesText(bytes)} in ${root}`;
}

function rows(
  { generations, sdks, modules, kept }: Collected,
  dryRun: boolean,
): Parameters<typeof rowsText>[0] {
  const things = [
    ...sdks.map((version) => `Go ${version}`),
    ...(modules.length === 0 ? [] : [`${amountText(modules.length, "module version")}:`]),
    ...beginning(modules),
  ];
  return [
    [dryRun ? "would remove" : "removed", things],
    ["generations", generations.length === 0 ? undefined : generations.join(", ")],
    ["kept", kept.length === 0 ? undefined : kept.join(", ")],
  ];
}
