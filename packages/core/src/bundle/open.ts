// Opening a bundle: from the first byte of the file to contents that are believed, in the order of trust (DESIGN 4):
// signatures over the bundle index, then the index, then the contents, then everything that must follow from
// them. Layers are not read here; they are located, and layer.ts reads them chunk by chunk.

import { digestOf, type Digest } from "../digest.ts";
import { GoferryError } from "../errors.ts";
import { CONTENTS_SCHEMA, type Contents } from "../format/contents.ts";
import {
  blob,
  EMPTY_CONFIG,
  layoutIndex,
  OCI_LAYOUT,
  signatureManifest,
  signedDocuments,
  type Blob,
  type Signed,
} from "../format/documents.ts";
import { parseCanonicalJson } from "../format/json.ts";
import { ARTIFACT, BUNDLE_INDEX, LAYOUT_INDEX } from "../format/pointers.ts";
import {
  MAX_CONTENTS_BYTES,
  MAX_DOCUMENT_BYTES,
  MAX_README_BYTES,
  MAX_SIGNATURE_BYTES,
  MAX_SIGNATURES,
} from "../limits.ts";
import { isPlainArmor } from "../signature/armor.ts";
import {
  checkSignedSince,
  verifyDetached,
  type TrustedKey,
  type VerifiedSignature,
} from "../signature/verify.ts";
import { blobPath, FrameReader } from "./frame.ts";
import type { ByteSource } from "./source.ts";

export interface Trust {
  /** The pinned keys; never from the bundle. */
  keys: readonly TrustedKey[];
  /** Fingerprints of keys that never count, 40 upper-case hex digits. */
  revoked?: readonly string[] | undefined;
  /** How many different keys must have signed; 1 if left out. */
  minSignatures?: number | undefined;
  /** The clock of this machine. */
  now: Date;
}

/** What a bundle says of itself, in the form that the format asks for. Nobody vouches for it yet. */
export interface ClaimedBundle {
  source: ByteSource;
  contents: Contents;
  /** Of the bundle index, the name of the bundle in registries and audit logs. */
  indexDigest: Digest;
  readme: string;
  /** Number of signatures in the file, whoever made them. */
  signatureCount: number;
  /** What countersigning takes over as it is. */
  parts: BundleParts;
  /** Offset in the file of each layer of the contents. */
  layerOffsets: number[];
}

/** A bundle in front of its layers, byte by byte. */
export interface BundleParts {
  readme: Uint8Array;
  documents: Signed;
  /** Armored, in the order of the file. */
  signatures: Uint8Array[];
}

/** A bundle whose contents are vouched for by pinned keys. Only `openBundle` makes one. */
export interface OpenedBundle extends ClaimedBundle {
  /** Signatures by pinned keys, at least as many as were asked for. */
  signatures: VerifiedSignature[];
  /** Why other signatures in the file do not count. */
  otherSignatures: GoferryError[];
}

/**
 * Opens a bundle and believes it if the pinned keys vouch for it.
 * @throws SIGNATURE_MISSING, SIGNATURE_UNTRUSTED, SIGNATURE_INVALID, SIGNATURE_TIME, CLOCK_BEHIND; BUNDLE_MALFORMED, ENTRY_REFUSED,
 * HASH_MISMATCH, DOCUMENT_INVALID for what is not in the form of FORMAT.md; IO_FAILED
 */
export async function openBundle(source: ByteSource, trust: Trust): Promise<OpenedBundle> {
  const front = await readFront(source);
  const judged = await judge(front, trust);
  const claimed = await readContents(front);
  const created = new Date(claimed.contents.created);
  for (const signature of judged.signatures) checkSignedSince(signature, created, source.name);
  return { ...claimed, ...judged };
}

/**
 * Reads what a bundle says of itself without asking who says it: to look at a bundle whose key is not known yet.
 * Nothing may be installed from it. Throws as openBundle does, but for the signatures.
 */
export async function inspectBundle(source: ByteSource): Promise<ClaimedBundle> {
  return await readContents(await readFront(source));
}

interface Front {
  frame: FrameReader;
  readme: Uint8Array;
  layout: Uint8Array;
  index: Blob;
  signatures: Blob[];
}

/** Everything up to the signatures: raw bytes, of which only lengths and digests were looked at. */
async function readFront(source: ByteSource): Promise<Front> {
  const frame = new FrameReader(source);
  const readme = await frame.file("README.txt", MAX_README_BYTES);
  if (Buffer.compare(await frame.file("oci-layout", MAX_DOCUMENT_BYTES), OCI_LAYOUT) !== 0) {
    throw differs("oci-layout");
  }
  const layout = await frame.file("index.json", MAX_DOCUMENT_BYTES);
  const [first, ...manifests] = parseCanonicalJson(layout, LAYOUT_INDEX, "index.json").manifests;
  if (manifests.length > MAX_SIGNATURES) throw differs("index.json");
  const index = blob(await frame.blob(first.digest, first.size, MAX_DOCUMENT_BYTES));
  await frame.blob(EMPTY_CONFIG.digest, EMPTY_CONFIG.bytes.length, MAX_DOCUMENT_BYTES);
  const signatures: Blob[] = [];
  for (const { digest, size } of manifests) {
    const manifest = await frame.blob(digest, size, MAX_DOCUMENT_BYTES);
    const [layer] = parseCanonicalJson(manifest, ARTIFACT, blobPath(digest)).layers;
    const signature = blob(await frame.blob(layer.digest, layer.size, MAX_SIGNATURE_BYTES));
    if (signatureManifest(index, signature).digest !== digest) throw differs(blobPath(digest));
    // Nobody signs the armor: with a second spelling the same bundle would be two files.
    if (!isPlainArmor(signature.bytes)) throw differs(blobPath(layer.digest));
    signatures.push(signature);
  }
  return { frame, readme, layout, index, signatures };
}

async function judge(
  { frame, index, signatures }: Front,
  { keys, revoked, minSignatures = 1, now }: Trust,
): Promise<Pick<OpenedBundle, "signatures" | "otherSignatures">> {
  const subject = frame.source.name;
  if (signatures.length === 0) {
    throw new GoferryError("SIGNATURE_MISSING", {
      subject,
      message: "the bundle is not signed",
      expected: `a signature by ${keys.map(({ fingerprint }) => fingerprint).join(" or ")}`,
      found: "none",
      next: "Build it again with a signing key: goferry build --sign-key FILE",
    });
  }
  const good = new Map<string, VerifiedSignature>();
  const bad: GoferryError[] = [];
  let behind: GoferryError | undefined;
  for (const { bytes } of signatures) {
    try {
      const check = { armored: bytes, data: index.bytes, keys, revoked, at: now, subject };
      const verified = await verifyDetached(check);
      good.set(verified.fingerprint, verified);
    } catch (error) {
      if (!(error instanceof GoferryError)) throw error;
      // A signature that claims a pinned key and does not hold is tampering; one by somebody else is none of ours.
      if (error.code === "CLOCK_BEHIND") behind ??= error;
      else if (error.code === "SIGNATURE_UNTRUSTED") bad.push(error);
      else throw error;
    }
  }
  if (behind !== undefined) throw behind;
  if (good.size >= Math.max(1, minSignatures))
    return { signatures: [...good.values()], otherSignatures: bad };
  if (good.size === 0 && bad[0] !== undefined) throw bad[0];
  throw new GoferryError("SIGNATURE_MISSING", {
    subject,
    message: "too few trusted keys have signed the bundle",
    expected: `${minSignatures} signatures by different trusted keys`,
    found: `${good.size}: ${[...good.keys()].join(", ")}`,
    next: "Have it signed with another trusted key: goferry sign BUNDLE --sign-key FILE --key FILE",
  });
}

async function readContents(front: Front): Promise<ClaimedBundle> {
  const { frame, readme, index, layout, signatures } = front;
  const pointers = parseCanonicalJson(index.bytes, BUNDLE_INDEX, "bundle index");
  if (pointers.annotations["dev.goferry.bundle.readme"] !== digestOf(readme)) throw differs("README.txt");
  const [first] = pointers.manifests;
  const manifest = await frame.blob(first.digest, first.size, MAX_DOCUMENT_BYTES);
  const [layer] = parseCanonicalJson(manifest, ARTIFACT, "contents manifest").layers;
  const bytes = await frame.blob(layer.digest, layer.size, MAX_CONTENTS_BYTES);
  const contents = parseCanonicalJson(bytes, CONTENTS_SCHEMA, "contents");

  const derived = signedDocuments(contents, readme);
  const manifests = signatures.map((signature) => signatureManifest(index, signature));
  if (derived.index.digest !== index.digest) throw differs("bundle index");
  if (Buffer.compare(layout, layoutIndex(contents.name, index, manifests)) !== 0) throw differs("index.json");
  for (const { digest, bytes: expected } of derived.documents.slice(2)) {
    await frame.blob(digest, expected.length, MAX_DOCUMENT_BYTES);
  }
  const layerOffsets: number[] = [];
  for (const { digest, size } of contents.layers) layerOffsets.push(await frame.skipBlob(digest, size));
  await frame.end();
  return {
    source: frame.source,
    contents,
    indexDigest: index.digest,
    readme: new TextDecoder().decode(readme),
    signatureCount: signatures.length,
    parts: { readme, documents: derived, signatures: signatures.map(({ bytes: armored }) => armored) },
    layerOffsets,
  };
}

function differs(subject: string): GoferryError {
  return new GoferryError("DOCUMENT_INVALID", {
    subject,
    message: "the document does not say what the rest of the bundle says",
    next: "Copy the bundle again; if it stays so, do not use it",
  });
}
