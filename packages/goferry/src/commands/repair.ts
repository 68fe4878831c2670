// `goferry repair`: mends what goferry check finds.

import { EXIT, openBundle, openFileSource } from "@goferry/core";
import {
  defaultRoot,
  repair as repairRoot,
  shellQuote,
  type Repaired,
  type RepairOptions,
} from "@goferry/installer";
import { defineCommand, type Outcome } from "../command.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText } from "../output/units.ts";
import { trustForInstall } from "../trusted-keys.ts";
import { differenceText } from "./check.ts";
import { DRY_RUN, ROOT_OPTION, TRUST_OPTIONS } from "./shared.ts";

export const repair = defineCommand({
  name: "repair",
  summary: "Mend what goferry check finds, and nothing else",
  description:
    "Puts back what is changed or missing and takes away what was added where it could be run or built in, in one step " +
    "like an installation; everything else keeps its bytes. Files of Go and of modules come from a bundle that holds " +
    "the same content: any bundle, also an older one or one that has expired, because the hashes that were proven when they " +
    "were installed decide. Without a bundle, links, lists, go.env, modes and other things that follow from the state " +
    "are mended, and the rest is named.\n\n" +
    "The root has what it had, so there is no new generation. Exit code 3: not everything could be mended.",
  positionals: { bundle: { arg: "BUNDLE", help: "Bundle that holds what is damaged." } },
  options: { ...TRUST_OPTIONS, root: ROOT_OPTION, "dry-run": DRY_RUN },
  examples: [
    { line: "goferry repair site.tar --key keys/public.asc", what: "Mend everything" },
    { line: "goferry repair --root /opt/goferry", what: "Mend what needs no bundle" },
    { line: "goferry repair site.tar --key keys/public.asc --dry-run --json", what: "What would it mend?" },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.preflight, EXIT.locked, EXIT.io, EXIT.notFound, EXIT.rolledBack],
  changesRoot: true,
  async run(values, { terminal, host, progress, signal }) {
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
    await using source = await openFileSource(values.bundle);
    const bundle = { opened: await openBundle(source, trust), file: source.name };
    return outcome(await repairRoot(host, { ...options, bundle }), dryRun);
  },
});

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
