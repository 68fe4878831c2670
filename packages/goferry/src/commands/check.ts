// `goferry check`: is everything that is installed as it was verified?

import { EXIT } from "@goferry/core";
import {
  checkRoot,
  defaultRoot,
  recordRun,
  shellQuote,
  type Checked,
  type Difference,
} from "@goferry/installer";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText, bytesText } from "../output/units.ts";
import type { Run } from "../command.ts";
import type { checkTable } from "./tables/check.ts";

export const check: Run<typeof checkTable> = async (values, { host, progress, signal }) => {
  const root = values.root ?? defaultRoot(host);
  const startedAt = host.now().toISOString();
  const began = performance.now();
  const checked = await checkRoot(host, {
    root,
    depth: values.quick ? "quick" : "full",
    onProgress: (done, total) => progress.update({ stage: "Comparing", done, total }),
    signal,
  });
  const { differences, ...rest } = checked;
  const drifts = differences.filter(({ level }) => level === "refuse");
  const remarks = differences.filter(({ level }) => level === "warn");
  const exitCode = drifts.length === 0 ? EXIT.done : EXIT.refused;
  const durationMs = Math.round(performance.now() - began);
  const run = { startedAt, durationMs, lockWaitMs: 0, exitCode, code: null, drift: drifts.length };
  // For goferry status, where this user may write; for others the check is as good.
  await recordRun(host, root, "check", run).catch(() => false);
  return {
    text: checkText(checked, drifts, remarks),
    json: { ...rest, clean: drifts.length === 0, counts: countsOf(differences), findings: differences },
    exitCode,
  };
};

export function differenceText({ code, subject, message, expected, found }: Difference): string {
  return `${code} ${subject}: ${message} (expected ${expected ?? "-"}, found ${found ?? "-"})`;
}

function countsOf(differences: readonly Difference[]): Record<string, number> {
  const count = (code: string): number =>
    differences.filter((each) => each.code === code && each.level === "refuse").length;
  return {
    changed: count("FILE_CHANGED"),
    missing: count("FILE_MISSING"),
    extra: count("FILE_EXTRA"),
    remarks: differences.filter(({ level }) => level === "warn").length,
  };
}

function checkText(
  { root, generation, depth, files, bytes }: Checked,
  drifts: readonly Difference[],
  remarks: readonly Difference[],
): string {
  const how = depth === "full" ? `${bytesText(bytes)} read` : "by size and time";
  const what = `${root}, generation ${generation}: ${amountText(files, "file")}, ${how}`;
  const verdict =
    drifts.length === 0
      ? "as it was verified"
      : `${amountText(drifts.length, "thing is", "things are")} not as verified`;
  const rows = rowsText([
    ["drift", beginning(drifts.map(differenceText), 20)],
    [
      "added",
      beginning(
        remarks.map(({ subject, found }) => `${subject} (${found ?? ""})`),
        5,
      ),
    ],
    [
      "next",
      drifts.length === 0
        ? undefined
        : `goferry repair BUNDLE --root ${shellQuote(root)}, with a bundle that holds this`,
    ],
  ]);
  return rows === "" ? `${what}: ${verdict}` : `${what}: ${verdict}\n${rows}`;
}
