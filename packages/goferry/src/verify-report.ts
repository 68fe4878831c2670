// What `goferry verify` found, as a report that somebody can sign off: who signed, what was compared with what, what was
// not, and everything that is wrong.

import {
  countText,
  parseVerifier,
  signerFacts,
  type BundleReview,
  type Findings,
  type GoferryError,
  type KeyFacts,
  type OpenedBundle,
  type SignerFacts,
  type Trust,
} from "@goferry/core";
import { bundleFacts, factRows, signatureJson, type BundleFacts } from "./bundle-facts.ts";
import { rowsText, type Row } from "./output/rows.ts";
import { amountText, bytesText, timeText } from "./output/units.ts";
import { claimedLines, patternLines } from "./private-text.ts";
import { VERSION } from "./version.ts";

export interface Verification {
  bundle: OpenedBundle;
  trust: Pick<Trust, "keys" | "minSignatures" | "now">;
  /** Of every chunk, and of all else unless it was a quick one. */
  review: Findings & Partial<BundleReview>;
  /** Patterns of private modules that were allowed. */
  allowPrivate: readonly string[];
  /** In the syntax of GOSUMDB. */
  logKey: string;
}

export interface VerifyReport {
  /** @param findings how many of them are written out */
  text(findings: number): string;
  json: object;
  facts: BundleFacts;
}

const CHECKED_QUICK = ["signatures", "every byte of the bundle"];
const CHECKED_WHOLE = ["names and modes of all files", "h1 of every unit", "log proofs", "private modules"];

/** Only an installation knows the root that the bundle is for. */
const NEVER_CHECKED = "what depends on a host: serial, expiry, platform, free space";

export async function verifyReport(verification: Verification): Promise<VerifyReport> {
  const { bundle, trust, review, allowPrivate } = verification;
  const { source, signatures, otherSignatures, contents, indexDigest } = bundle;
  const facts = bundleFacts(contents, indexDigest);
  const signers = await Promise.all(
    signatures.map(async ({ fingerprint, signingFingerprint }) => {
      const key = trust.keys.find((each) => each.fingerprint === fingerprint);
      return key === undefined ? undefined : await signerFacts(key, signingFingerprint);
    }),
  );
  const { evidence, unread = [] } = review;
  const [refusal] = review.findings;
  const { checked, notChecked } = scope(verification);
  return {
    facts,
    text: (count) => reportText(verification, { facts, signers, count }),
    json: {
      verified: refusal === undefined,
      quick: evidence === undefined,
      ...(refusal === undefined ? {} : { error: refusal.toJSON() }),
      findings: review.findings.map((finding) => finding.toJSON()),
      moreFindings: review.more,
      checkedAt: timeText(trust.now),
      goferry: VERSION,
      file: source.name,
      size: source.size,
      ...facts,
      allowPrivate,
      signatures: signatures.map((each, i) => ({ ...signatureJson(each), ...signerJson(signers[i]) })),
      minSignatures: trust.minSignatures ?? 1,
      otherSignatures: otherSignatures.map((error) => error.toJSON()),
      logged: evidence?.logged ?? null,
      logKey: evidence === undefined ? null : verification.logKey,
      treeHash: hashText(evidence) ?? null,
      continues: evidence?.continues ?? null,
      patterns: evidence?.patterns ?? null,
      chunks: chunkCount(bundle),
      files: review.files ?? null,
      unread,
      checked,
      notChecked,
    },
  };
}

interface Telling {
  facts: BundleFacts;
  signers: readonly (SignerFacts | undefined)[];
  count: number;
}

function reportText(verification: Verification, { facts, signers, count }: Telling): string {
  const { bundle, trust, review, allowPrivate } = verification;
  const { source, signatures, otherSignatures, contents } = bundle;
  const { evidence } = review;
  const { checked, notChecked } = scope(verification);
  const needed = trust.minSignatures ?? 1;
  const privateLines = evidence === undefined ? claimedLines(facts.private) : patternLines(evidence.patterns);
  const rows: Row[] = [
    ["file", `${source.name}, ${bytesText(source.size)}`],
    ["name", facts.name],
    ["verified", `${timeText(trust.now)}, by goferry ${VERSION}`],
    [
      "signed by",
      signatures.flatMap(({ fingerprint, userId, created }, i) => [
        `${fingerprint} ${userId}, ${timeText(created)}`,
        ...signerLines(signers[i]),
      ]),
    ],
    [
      "needed",
      `${amountText(needed, "signature")}, by different ones of ${amountText(trust.keys.length, "trusted key")}`,
    ],
    [
      "others",
      otherSignatures.length === 0
        ? undefined
        : `${amountText(otherSignatures.length, "signature")} by keys that are not trusted here`,
    ],
    ...factRows(facts, privateLines),
    ["in the log", evidence === undefined ? undefined : logLines(verification, evidence)],
    ["allowed", facts.counts.private === 0 || evidence === undefined ? undefined : allowPrivate.join(", ")],
    [
      "compared",
      [
        `${amountText(chunkCount(bundle), "chunk")} in ${amountText(contents.layers.length, "layer")}`,
        ...(review.files === undefined ? [] : [amountText(review.files, "file")]),
      ].join(", "),
    ],
    ["checked", checked.join(", ")],
    [
      "not checked",
      evidence === undefined ? [`${CHECKED_WHOLE.join(", ")} (--quick)`, NEVER_CHECKED] : notChecked,
    ],
    ["findings", findingLines(review, count)],
  ];
  return `${headline(verification)}\n${rowsText(rows)}`;
}

function headline({ bundle, review }: Verification): string {
  const { name } = bundle.contents;
  const wrong = review.findings.length + review.more;
  if (wrong > 0) return `The bundle is REFUSED: ${name}, ${amountText(wrong, "finding")}`;
  const isWhole = review.evidence !== undefined;
  return `${isWhole ? "The bundle is genuine" : "The bundle is whole, and signed by trusted keys"}: ${name}`;
}

function scope({ review, bundle }: Verification): { checked: string[]; notChecked: string[] } {
  const { evidence, unread = [] } = review;
  if (evidence === undefined) {
    return { checked: CHECKED_QUICK, notChecked: [...CHECKED_WHOLE, NEVER_CHECKED] };
  }
  const isHeadless = evidence.head === undefined && bundle.contents.log !== undefined;
  return {
    checked: [...CHECKED_QUICK, ...CHECKED_WHOLE],
    notChecked: [
      ...(isHeadless ? ["log proofs: there is no tree head to believe"] : []),
      ...(unread.length === 0
        ? []
        : [`files and h1 of ${amountText(unread.length, "unit")}, whose layers cannot be unpacked`]),
      NEVER_CHECKED,
    ],
  };
}

function logLines({ bundle, logKey }: Verification, evidence: BundleReview["evidence"]): string[] {
  const { name, keyHash } = parseVerifier(logKey);
  const { continues, logged } = evidence;
  const hash = hashText(evidence);
  return [
    `${countText(logged)} of ${amountText(bundle.contents.units.length, "unit")}`,
    ...(hash === undefined
      ? []
      : [`tree hash ${hash}, signed by ${name}+${Buffer.from(keyHash).toString("hex")}`]),
    ...(continues.length === 0
      ? []
      : [`continues the trees of ${continues.map(countText).join(", ")} records`]),
  ];
}

function hashText(evidence: BundleReview["evidence"] | undefined): string | undefined {
  return evidence?.head === undefined ? undefined : Buffer.from(evidence.head.hash).toString("base64");
}

function signerLines(signer: SignerFacts | undefined): string[] {
  if (signer === undefined) return [];
  const { key, signing } = signer;
  const own = [`  ${keyText("key", key)}`];
  return signing.fingerprint === key.fingerprint
    ? own
    : [...own, `  ${keyText(`by subkey ${signing.fingerprint}`, signing)}`];
}

function keyText(what: string, { algorithm, created, expires }: KeyFacts): string {
  const end = expires === null ? "does not expire" : `expires ${timeText(expires)}`;
  return `${what}: ${algorithm}, made ${timeText(created)}, ${end}`;
}

function signerJson(signer: SignerFacts | undefined): object {
  if (signer === undefined) return {};
  const json = ({ algorithm, created, expires }: KeyFacts): object => ({
    algorithm,
    created: timeText(created),
    expires: expires === null ? null : timeText(expires),
  });
  return { key: json(signer.key), signingKey: json(signer.signing) };
}

function chunkCount({ contents }: OpenedBundle): number {
  return contents.layers.reduce((sum, { chunks }) => sum + chunks.length, 0);
}

function findingLines({ findings, more }: Findings, count: number): string[] {
  const shown = findings.slice(0, count).flatMap(findingText);
  const rest = findings.length + more - Math.min(findings.length, count);
  const all = findings.length > count ? " (--json or --report has them)" : "";
  return [...shown, ...(rest === 0 ? [] : [`and ${countText(rest)} more${all}`])];
}

function findingText({ code, subject, message, expected, found }: GoferryError): string[] {
  const details = Object.entries({ expected, found }).flatMap(([name, text]) =>
    text === undefined || text === "" ? [] : [`  ${name}: ${text}`],
  );
  return [`${code} ${subject}: ${message}`, ...details];
}
