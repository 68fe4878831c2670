// `goferry verify`: who signed a bundle, and is it all there and genuine?

import { writeFile } from "node:fs/promises";
import {
  EXIT,
  GoferryError,
  openBundle,
  openFileSource,
  reviewBundle,
  reviewChunks,
  SUM_GOLANG_ORG_KEY,
} from "@goferry/core";
import { expiryWarning } from "../bundle-facts.ts";
import { defineCommand } from "../command.ts";
import { EVIDENCE_OPTIONS, evidencePolicy } from "../evidence-options.ts";
import { trustFor } from "../trusted-keys.ts";
import { verifyReport } from "../verify-report.ts";
import { BUNDLE, TRUST_OPTIONS, TRUSTING_ROOT } from "./shared.ts";

export const verify = defineCommand({
  name: "verify",
  summary: "Check signatures, contents and log proofs of a bundle",
  description:
    "Checks that trusted keys signed the bundle, that every byte is what they signed, that every toolchain and " +
    "module has the hash it should have, and that the checksum database has that hash under this name. Everything that " +
    "is wrong is told, not only the first of it; with --json all of it, on a terminal the beginning.\n\n" +
    "Keys are trusted because you name them with --key, or pinned them with goferry trust add; never take them from the " +
    "medium that carries the bundle.",
  positionals: { bundle: BUNDLE },
  options: {
    ...TRUST_OPTIONS,
    root: TRUSTING_ROOT,
    quick: {
      kind: "flag",
      help: "Only signatures and bytes: do not unpack, do not look at hashes and log proofs.",
    },
    report: {
      kind: "path",
      arg: "FILE",
      help: "Also write the report to a file that is not there yet, with lines to sign it off.",
    },
    ...EVIDENCE_OPTIONS,
  },
  examples: [
    { line: "goferry verify site.tar --key keys/public.asc", what: "Everything that can be checked" },
    {
      line: "goferry verify site.tar --key keys/public.asc --quick --json",
      what: "Did the copy arrive whole?",
    },
    {
      line: "goferry verify site.tar --key keys/public.asc --report site.txt",
      what: "A report to be kept and signed off",
    },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.preflight, EXIT.io, EXIT.notFound, EXIT.policy],
  async run(values, { terminal, host, progress, signal }) {
    const trust = await trustFor(values, { terminal, host, signal });
    await using source = await openFileSource(values.bundle);
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
  },
});

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
