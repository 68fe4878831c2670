// `goferry uninstall`: one Go version, what one bundle brought, or everything.

import { GoferryError } from "@goferry/core";
import {
  defaultRoot,
  uninstall as uninstallPart,
  uninstallAll,
  type Uninstalled,
  type UninstalledAll,
} from "@goferry/installer";
import type { Outcome, Run } from "../command.ts";
import { findingText } from "../finding-text.ts";
import { goVersionOf } from "../go-version-argument.ts";
import { binFolder } from "../machine.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText, bytesText } from "../output/units.ts";
import type { uninstallTable } from "./tables/uninstall.ts";

export const uninstall: Run<typeof uninstallTable> = async (values, { host, signal }) => {
  const root = values.root ?? defaultRoot(host);
  const dryRun = values["dry-run"];
  const what = chosen(values);
  return what === "all"
    ? allOutcome(await uninstallAll(host, { root, dryRun, signal }), dryRun)
    : partOutcome(await uninstallPart(host, { root, what, dryRun, signal }), dryRun);
};

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
