// `goferry uninstall`: one Go version, what one bundle brought, or everything.

import { EXIT, GoferryError } from "@goferry/core";
import {
  defaultRoot,
  uninstall as uninstallPart,
  uninstallAll,
  type Uninstalled,
  type UninstalledAll,
} from "@goferry/installer";
import { defineCommand, type Outcome } from "../command.ts";
import { findingText } from "../finding-text.ts";
import { goVersionOf } from "../go-version-argument.ts";
import { binFolder } from "../machine.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText, bytesText } from "../output/units.ts";
import { DRY_RUN, ROOT_OPTION } from "./shared.ts";

export const uninstall = defineCommand({
  name: "uninstall",
  summary: "Take a Go version, a bundle or everything away",
  description:
    "One version, or what only one bundle brought: what another bundle brought too stays. It is a switch that makes a " +
    "generation; goferry rollback goes back from it, goferry gc frees the space.\n\n" +
    "With --all the root goes, and what was changed outside of it is taken back: start-up files of shells are byte for " +
    "byte what they were, unless others have changed them since, which is told and stays. What goferry did not put into " +
    "the root is named and left. Interrupted, the next goferry on this root finishes it.",
  positionals: {
    version: { arg: "VERSION", help: "Go version as goferry list shows it, such as 1.26.8.", kind: "text" },
  },
  options: {
    bundle: {
      kind: "text",
      arg: "NAME",
      help: "Name of a bundle as goferry list shows it; all serials of it.",
    },
    all: { kind: "flag", help: "Everything, with the root itself." },
    root: ROOT_OPTION,
    "dry-run": DRY_RUN,
  },
  examples: [
    { line: "goferry uninstall go1.26.8", what: "One version; its files stay until goferry gc" },
    {
      line: "goferry uninstall --bundle site --root /opt/goferry",
      what: "What only the bundles named site brought",
    },
    { line: "goferry uninstall --all --dry-run", what: "What would go, and what would stay?" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.locked, EXIT.io, EXIT.notFound, EXIT.rolledBack],
  changesRoot: true,
  async run(values, { host, signal }) {
    const root = values.root ?? defaultRoot(host);
    const dryRun = values["dry-run"];
    const what = chosen(values);
    return what === "all"
      ? allOutcome(await uninstallAll(host, { root, dryRun, signal }), dryRun)
      : partOutcome(await uninstallPart(host, { root, what, dryRun, signal }), dryRun);
  },
});

interface Choice {
  version: string | undefined;
  bundle: string | undefined;
  all: boolean;
}

function chosen({ version, bundle, all }: Choice): "all" | { version: string } | { bundle: string } {
  const given = [version, bundle, all ? "all" : undefined].filter((each) => each !== undefined);
  if (given.length === 1) {
    if (version !== undefined) return { version: goVersionOf(version, "VERSION") };
    return bundle === undefined ? "all" : { bundle };
  }
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: "uninstall",
    message: "it has to be said what shall go, and only once",
    expected: "a version, --bundle NAME or --all",
    found: given.length === 0 ? "none of them" : "more than one of them",
    next: "goferry list shows what is installed",
  });
}

function allOutcome({ findings, ...done }: UninstalledAll, dryRun: boolean): Outcome {
  const { root, rootGoes, left, removed, changes } = done;
  const { sdks, modules, bundles } = removed;
  const rows = rowsText([
    ["Go", sdks.join(", ") || undefined],
    ["bundles", bundles],
    ["modules", amountText(modules, "module version")],
    [dryRun ? "would change" : "changed", beginning(changes, 20)],
    ["left", beginning(left, 20)],
  ]);
  const fate = rootGoes ? "" : ", but for the folder itself";
  return {
    text: `${dryRun ? "Would take away" : "Took away"} ${root} and all that is in it${fate}\n${rows}`,
    json: { ...done, dryRun, findings },
    warnings: findings.map(findingText),
  };
}

function partOutcome({ findings, ...done }: Uninstalled, dryRun: boolean): Outcome {
  const { root, removed, freeable, previous, current } = done;
  const { sdks, modules, bundles } = removed;
  const rows = rowsText([
    ["Go", sdks.join(", ") || undefined],
    ["bundles", bundles],
    ["modules", modules.length === 0 ? undefined : beginning(modules)],
    ["current", previous === current ? undefined : (current ?? "none any more")],
    ["space", `goferry gc frees ${bytesText(freeable)}, once no generation that is kept needs them`],
  ]);
  return {
    text: `${dryRun ? "Would uninstall from" : "Uninstalled from"} ${root}\n${rows}`,
    json: { ...done, bin: binFolder(root), dryRun, findings },
    warnings: findings.map(findingText),
  };
}
