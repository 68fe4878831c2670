// `goferry verify`: who signed a bundle, and is it all there and genuine?

import { writeFile } from "node:fs/promises";
import {
  GoferryError,
  openBundle,
  openBundleFile,
  reviewBundle,
  reviewChunks,
  SUM_GOLANG_ORG_KEY,
} from "@goferry/core";
import { expiryWarning } from "../bundle-facts.ts";
import { evidencePolicy } from "../evidence-policy.ts";
import { trustFor } from "../trusted-keys.ts";
import { verifyReport } from "../verify-report.ts";
import type { Run } from "../command.ts";
import type { verifyTable } from "./tables/verify.ts";

export const verify: Run<typeof verifyTable> = async (values, { terminal, host, progress, signal }) => {
  const trust = await trustFor(values, { terminal, host, signal });
  await using source = await openBundleFile(values.bundle);
  const bundle = await openBundle(source, trust);
  const total = bundle.contents.layers.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const onBytes = (bytes: number): void => {
    signal.throwIfAborted();
    done += bytes;
    progress.update({ stage: "Verifying", done, total, unit: "bytes" });
  };
  const { "allow-private": allowPrivate, "log-key": logKey = SUM_GOLANG_ORG_KEY } = values;
  const policy = evidencePolicy(allowPrivate, logKey);
  const review = values.quick
    ? await reviewChunks(bundle, { onBytes })
    : await reviewBundle(bundle, { policy, onBytes, signal });
  const report = await verifyReport({ bundle, trust, review, allowPrivate, logKey });
  if (values.report !== undefined) await writeReport(values.report, report.text(Infinity));
  return {
    text: report.text(SHOWN_FINDINGS),
    json: report.json,
    warnings: expiryWarning(report.facts, terminal.now()),
    refusal: review.findings[0],
  };
};

/** Findings that are written out on a terminal. */
const SHOWN_FINDINGS = 20;

const SIGN_OFF = `
Checked by  ______________________________   on  ______________

Signature   ______________________________
`;

/** Never over another one: somebody may have signed it. */
async function writeReport(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, `${text}\n${SIGN_OFF}`, { flag: "wx" });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "an error";
    const isThere = code === "EEXIST";
    throw new GoferryError(isThere ? "OUTPUT_EXISTS" : "IO_FAILED", {
      subject: file,
      message: isThere ? "there is a file of this name already" : "the report cannot be written",
      found: isThere ? undefined : code,
      next: isThere
        ? "Name another file: --report FILE"
        : "Name a file in a folder that this user may write to.",
      cause,
    });
  }
}
