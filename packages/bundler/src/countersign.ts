// A further signature for a finished bundle: whoever signs has verified it here, with keys that he trusts, and everything
// but the signatures stays byte for byte what it was. The file is written beside its name and renamed.

import { realpath } from "node:fs/promises";
import {
  GoferryError,
  openBundle,
  openFileSource,
  refuseRevoked,
  verifyBundle,
  type EvidencePolicy,
  type EvidenceReport,
  type OpenedBundle,
  type Trust,
  type TrustedKey,
} from "@goferry/core";
import { diskError } from "./net/disk-error.ts";
import { checkWritable, draftOf } from "./output.ts";
import { outerPieces } from "./pack/outer.ts";
import { writeOuter } from "./pack/write-outer.ts";
import { refuseSecond } from "./second-signature.ts";
import type { Signer } from "./signer.ts";

export interface CountersignOptions {
  /** The bundle. */
  file: string;
  /** The bundle with the further signatures; may be `file` itself, which is replaced then. */
  out: string;
  /** Whose signatures make the bundle one that may be signed. */
  trust: Trust;
  policy: EvidencePolicy;
  /** At least one. */
  signers: readonly Signer[];
  /** Verify, and say what would be done. */
  dryRun?: boolean | undefined;
  /** Hears of the bytes of layers that were verified. */
  onBytes?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Countersigned {
  /** The file that was written. */
  file: string;
  /** Bytes; with `dryRun` those of the bundle as it is. */
  size: number;
  /** As it was, with the signatures that it had by trusted keys. */
  bundle: OpenedBundle;
  evidence: EvidenceReport;
  /** Fingerprints of the keys that signed now. */
  added: string[];
  /** How many signatures there are in all. */
  signatureCount: number;
}

/**
 * Verifies a bundle as `goferry verify` does, signs it, and writes it anew. On any refusal nothing is left of it, and a
 * file that was there stays.
 * @throws what openBundle and verifyBundle throw; ALREADY_SIGNED, KEY_REVOKED; what the signers throw; HASH_MISMATCH,
 * DISK_FULL, IO_FAILED, INTERRUPTED
 */
export async function countersign(options: CountersignOptions): Promise<Countersigned> {
  const { trust, policy, signers, onBytes, signal } = options;
  await using source = await openFileSource(options.file);
  const file = await realFile(options.file);
  // A link to a bundle stays one: what it leads to is replaced.
  const out = options.out === options.file ? file : options.out;
  await checkWritable(out);
  const bundle = await openBundle(source, trust);
  const index = bundle.parts.documents.index.bytes;
  const keys: TrustedKey[] = [];
  for (const signer of signers) {
    const key = await signer.publicKey();
    refuseRevoked(key, trust.revoked ?? []);
    await refuseSecond(key, {
      data: index,
      signatures: bundle.parts.signatures,
      now: trust.now,
      subject: file,
    });
    keys.push(key);
  }
  const evidence = await verifyBundle(bundle, { policy, onBytes, signal });
  const report = { file: out, bundle, evidence, added: keys.map(({ fingerprint }) => fingerprint) };
  const signatureCount = bundle.signatureCount + keys.length;
  if (options.dryRun === true) return { ...report, size: source.size, signatureCount };
  const added: string[] = [];
  for (const signer of signers) added.push(await signer.sign(index, trust.now));
  const { contents, layerOffsets, parts } = bundle;
  const signatures = [...parts.signatures, ...added];
  const layers = contents.layers.map((layer, i) => ({ file, offset: layerOffsets[i] ?? 0, layer }));
  const pieces = outerPieces({ contents, ...parts, layers }, signatures);
  await using draft = draftOf(out);
  const size = await writeOuter(pieces, { draft, out, signal });
  await checkDraft(draft.path, bundle, { ...trust, keys: [...trust.keys, ...keys] }, keys.length);
  await draft.place();
  return { ...report, size, signatureCount };
}

/** What a host will say of it: the same bundle, by all that signed before and by those that signed now. */
async function checkDraft(path: string, before: OpenedBundle, trust: Trust, added: number): Promise<void> {
  await using source = await openFileSource(path);
  const after = await openBundle(source, { ...trust, minSignatures: before.signatures.length + added });
  if (after.indexDigest === before.indexDigest) return;
  throw new GoferryError("INTERNAL", {
    subject: before.source.name,
    message: "the countersigned bundle is another one",
    expected: before.indexDigest,
    found: after.indexDigest,
    next: "Report this as a bug of goferry",
  });
}

async function realFile(file: string): Promise<string> {
  return await realpath(file).catch((error: unknown) => {
    throw diskError(error, file);
  });
}
