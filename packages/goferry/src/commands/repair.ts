// `goferry repair`: mends what goferry check finds.

import { EXIT, openBundle, openBundleFile } from "@goferry/core";
import {
  defaultRoot,
  repair as repairRoot,
  shellQuote,
  type Repaired,
  type RepairOptions,
} from "@goferry/installer";
import type { Outcome, Run } from "../command.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText } from "../output/units.ts";
import { trustForInstall } from "../trusted-keys.ts";
import { differenceText } from "./check.ts";
import type { repairTable } from "./tables/repair.ts";

export const repair: Run<typeof repairTable> = async (values, { terminal, host, progress, signal }) => {
  const root = values.root ?? defaultRoot(host);
  const dryRun = values["dry-run"];
  const onProgress: RepairOptions["onProgress"] = (stage, done, total) =>
    progress.update(
      stage === "check"
        ? { stage: "Comparing", done, total }
        : { stage: "Verifying and unpacking", done, total, unit: "bytes" },
    );
  const options = { root, dryRun, onProgress, signal };
  if (values.bundle === undefined) return outcome(await repairRoot(host, options), dryRun);
  const trust = await trustForInstall({ ...values, root }, { terminal, host, signal });
  await using source = await openBundleFile(values.bundle);
  const bundle = { opened: await openBundle(source, trust), file: source.name };
  return outcome(await repairRoot(host, { ...options, bundle }), dryRun);
};

function outcome({ mended, left, ...rest }: Repaired, dryRun: boolean): Outcome {
  const { root } = rest;
  const isWhole = left.length === 0;
  const rows = rowsText([
    [dryRun ? "would mend" : "mended", beginning(mended.map(differenceText), 20)],
    ["left", beginning(left.map(differenceText), 20)],
    [
      "next",
      isWhole
        ? undefined
        : `goferry repair BUNDLE --root ${shellQuote(root)}, with a bundle that holds what is left`,
    ],
  ]);
  const done = dryRun
    ? `Would mend ${amountText(mended.length, "thing")}`
    : `Mended ${amountText(mended.length, "thing")}`;
  const headline =
    mended.length === 0 && isWhole ? `Nothing to do: ${root} is as it was verified` : `${done} in ${root}`;
  return {
    text: rows === "" ? headline : `${headline}\n${rows}`,
    json: { ...rest, dryRun, mended, left },
    exitCode: isWhole ? EXIT.done : EXIT.refused,
  };
}
