// `goferry sign`: a further signature for a bundle that somebody else has built.

import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { countText } from "@goferry/core";
import { countersign, type Countersigned } from "@goferry/bundler";
import { bundleFacts, expiryWarning, signatureText } from "../bundle-facts.ts";
import type { Outcome, Run } from "../command.ts";
import { evidencePolicy } from "../evidence-policy.ts";
import { rowsText } from "../output/rows.ts";
import { amountText, bytesText } from "../output/units.ts";
import { patternLines } from "../private-text.ts";
import { openSigners } from "../signers.ts";
import { trustForSigning } from "../trusted-keys.ts";
import type { signTable } from "./tables/sign.ts";

export const sign: Run<typeof signTable> = async (values, { terminal, host, progress, signal }) => {
  const { bundle: file } = values;
  const trust = await trustForSigning(values, { terminal, host, signal });
  const signers = await openSigners(values, { terminal, signal });
  const dryRun = values["dry-run"];
  let done = 0;
  const signed = await countersign({
    file,
    out: values.out ?? file,
    trust,
    policy: evidencePolicy(values["allow-private"], values["log-key"]),
    signers,
    dryRun,
    onBytes: (bytes) => progress.update({ stage: "Verifying", done: (done += bytes), unit: "bytes" }),
    signal,
  });
  return await outcome(signed, { now: terminal.now(), dryRun });
};

async function outcome(
  signed: Countersigned,
  { now, dryRun }: { now: Date; dryRun: boolean },
): Promise<Outcome> {
  const { file, size, bundle, evidence, added, signatureCount } = signed;
  const facts = bundleFacts(bundle.contents, bundle.indexDigest);
  const rows = rowsText([
    ["file", `${file}, ${bytesText(size)}`],
    ["index", facts.indexDigest],
    [dryRun ? "would sign" : "signed now", added],
    ["before", bundle.signatures.map(signatureText)],
    ["in all", amountText(signatureCount, "signature")],
    ["in the log", `${countText(evidence.logged)} of ${countText(bundle.contents.units.length)} units`],
    ["private", patternLines(evidence.patterns)],
  ]);
  const warnings = [...expiryWarning(facts, now), ...(dryRun ? [] : await sumsWarning(file))];
  return {
    text: `${dryRun ? "Would sign" : "Signed"} ${facts.name} (serial ${facts.serial})\n${rows}`,
    json: {
      dryRun,
      file,
      size,
      name: facts.name,
      serial: facts.serial,
      indexDigest: facts.indexDigest,
      added,
      trusted: bundle.signatures.map(({ fingerprint }) => fingerprint),
      signatureCount,
      logged: evidence.logged,
      private: evidence.private,
    },
    warnings,
  };
}

/** `build --with-executables` wrote the hash of the bundle as it was. */
async function sumsWarning(file: string): Promise<string[]> {
  const sums = join(dirname(file), "SHA256SUMS");
  const text = await readFile(sums, "utf8").catch(() => "");
  if (!text.split("\n").some((line) => line.endsWith(`  ${basename(file)}`))) return [];
  return [
    `${sums} has the hash that ${basename(file)} had before; whoever checks the bundle by it will be told that it does ` +
      "not match. The executables in that list are as they were. The bundle itself is checked by goferry verify.",
  ];
}
