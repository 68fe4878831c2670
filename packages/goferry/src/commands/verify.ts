// `goferry verify`: who signed a bundle, and is it all there and genuine?

import {
  EXIT,
  openBundle,
  openFileSource,
  verifyBundle,
  verifyChunks,
  type EvidenceReport,
  type OpenedBundle,
} from "@goferry/core";
import { bundleFacts, expiryWarning, factRows, signatureJson, signatureText } from "../bundle-facts.ts";
import { defineCommand, type Outcome } from "../command.ts";
import { EVIDENCE_OPTIONS, evidencePolicy } from "../evidence-options.ts";
import { rowsText } from "../output/rows.ts";
import { amountText, bytesText, countText } from "../output/units.ts";
import { claimedLines, patternLines } from "../private-text.ts";
import { trustFor } from "../trusted-keys.ts";
import { BUNDLE, TRUST_OPTIONS, TRUSTING_ROOT } from "./shared.ts";

export const verify = defineCommand({
  name: "verify",
  summary: "Check signatures, contents and log proofs of a bundle",
  description:
    "Checks that trusted keys signed the bundle, that every byte is what they signed, that every toolchain and " +
    "module has the hash it should have, and that the checksum database has that hash under this name.\n\n" +
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
    ...EVIDENCE_OPTIONS,
  },
  examples: [
    { line: "goferry verify site.tar --key keys/public.asc", what: "Everything that can be checked" },
    {
      line: "goferry verify site.tar --key keys/public.asc --quick --json",
      what: "Did the copy arrive whole?",
    },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.io, EXIT.notFound],
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
    if (values.quick) {
      await verifyChunks(bundle, { onBytes });
      return outcome(bundle, undefined, values["allow-private"], terminal.now());
    }
    const policy = evidencePolicy(values["allow-private"], values["log-key"]);
    const report = await verifyBundle(bundle, { policy, onBytes, signal });
    return outcome(bundle, report, values["allow-private"], terminal.now());
  },
});

const CHECKED_QUICK = ["signatures", "every byte of the bundle"];
const CHECKED_WHOLE = ["names and modes of all files", "h1 of every unit", "log proofs", "private modules"];

function outcome(
  bundle: OpenedBundle,
  report: EvidenceReport | undefined,
  patterns: readonly string[],
  now: Date,
): Outcome {
  const { contents, indexDigest, source, signatures, otherSignatures } = bundle;
  const facts = bundleFacts(contents, indexDigest);
  const checked = report === undefined ? CHECKED_QUICK : [...CHECKED_QUICK, ...CHECKED_WHOLE];
  const notChecked = report === undefined ? CHECKED_WHOLE : [];
  const head =
    report === undefined ? "The bundle is whole, and signed by trusted keys" : "The bundle is genuine";
  const rows = rowsText([
    ["file", `${source.name}, ${bytesText(source.size)}`],
    ["signed by", signatures.map(signatureText)],
    [
      "others",
      otherSignatures.length === 0
        ? undefined
        : `${amountText(otherSignatures.length, "signature")} by keys that are not trusted here`,
    ],
    ...factRows(facts, report === undefined ? claimedLines(facts.private) : patternLines(report.patterns)),
    [
      "in the log",
      report === undefined
        ? undefined
        : `${countText(report.logged)} of ${countText(contents.units.length)} units`,
    ],
    ["allowed", facts.counts.private === 0 || report === undefined ? undefined : patterns.join(", ")],
    ["checked", checked.join(", ")],
    ["not checked", notChecked.length === 0 ? undefined : `${notChecked.join(", ")} (--quick)`],
  ]);
  return {
    text: `${head}: ${facts.name}\n${rows}`,
    json: {
      verified: true,
      quick: report === undefined,
      file: source.name,
      size: source.size,
      ...facts,
      allowPrivate: patterns,
      signatures: signatures.map(signatureJson),
      otherSignatures: otherSignatures.map((error) => error.toJSON()),
      logged: report?.logged ?? null,
      patterns: report?.patterns ?? null,
      checked,
      notChecked,
    },
    warnings: expiryWarning(facts, now),
  };
}
