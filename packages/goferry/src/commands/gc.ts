// `goferry gc`: frees the space of generations that nobody will go back to.

import { collectGarbage, defaultRoot, type Collected } from "@goferry/installer";
import { binFolder } from "../machine.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText, bytesText } from "../output/units.ts";
import type { Run } from "../command.ts";
import { KEEP } from "./tables/gc.ts";
import type { gcTable } from "./tables/gc.ts";

export const gc: Run<typeof gcTable> = async (values, { host, signal }) => {
  const dryRun = values["dry-run"];
  const root = values.root ?? defaultRoot(host);
  const freed = await collectGarbage(host, { root, keep: values.keep ?? KEEP, dryRun, signal });
  return {
    text: `${headline(freed, dryRun)}\n${rowsText(rows(freed, dryRun))}`,
    json: { ...freed, bin: binFolder(freed.root), dryRun },
  };
};

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
