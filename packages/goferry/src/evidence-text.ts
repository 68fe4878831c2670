// What vouches for each unit of a root, as `goferry list --evidence` tells it: to be read, kept and signed off.

import { countText, parseVerifier, unitName } from "@goferry/core";
import { rootEvidence, type BundleEvidence, type State, type UnitEvidence } from "@goferry/installer";
import type { Outcome } from "./command.ts";
import { rowsText } from "./output/rows.ts";
import { amountText } from "./output/units.ts";

/** Throws LOG_MISMATCH, as rootEvidence does. */
export function evidenceOutcome(state: State): Outcome {
  const evidence = rootEvidence(state);
  const { log, counts, units } = evidence;
  const { root, generation } = state;
  const bundles = new Map(units.flatMap((unit) => unit.bundles).map((each) => [each.indexDigest, each]));
  const rows = rowsText([
    ["log", log === null ? "no unit is in a checksum database" : logLines(log)],
    ["in the log", amountText(counts.logged, "unit")],
    ["private", counts.private === 0 ? undefined : amountText(counts.private, "unit")],
    ["bundles", [...bundles.values()].flatMap(bundleLines)],
    ["units", units.flatMap(unitLines)],
  ]);
  return {
    text: `${root}, generation ${generation}: what was proven when each unit was installed\n${rows}`,
    json: { root, generation, ...evidence },
  };
}

function logLines({ name, key, treeSize, treeHash, continues }: NonNullable<RootLog>): string[] {
  const keyHash = Buffer.from(parseVerifier(key).keyHash).toString("hex");
  return [
    `${name}, key ${keyHash}, tree of ${countText(treeSize)} records, hash ${treeHash}`,
    ...(continues.length === 0 ? [] : [`it continues the trees of ${continues.map(countText).join(", ")}`]),
  ];
}

type RootLog = ReturnType<typeof rootEvidence>["log"];

function bundleLines(bundle: BundleEvidence): string[] {
  const { indexDigest, treeSize, signers } = bundle;
  const tree = treeSize === null ? [] : [`  proven in the tree of ${countText(treeSize)} records`];
  const signed = signers === null ? "  the root has it no more" : `  signed by ${signers.join(", ")}`;
  return [`${shortName(bundle)}, index ${indexDigest}`, ...tree, signed];
}

function unitLines({ kind, path, version, record, pattern, h1, bundles }: UnitEvidence): string[] {
  const why =
    record === null ? `private, under ${pattern ?? "no pattern any more"}` : `record ${countText(record)}`;
  const what = kind === "gomod" ? "only its go.mod" : (h1 ?? "");
  return [unitName({ path, version }), `  ${what}, ${why}, from ${bundles.map(shortName).join(", ")}`];
}

function shortName({ name, serial, indexDigest }: BundleEvidence): string {
  return name === null ? indexDigest.slice(0, "sha256:".length + 12) : `${name} serial ${serial}`;
}
