// Bundles in memory that somebody has changed: rebuilt from the entries of a real one, signed again or not, and verified
// by what the command line calls.

import {
  blob,
  blobPath,
  CONTENTS_SCHEMA,
  encodeHeader,
  GoferryError,
  layoutIndex,
  openBundle,
  paddingAfter,
  parseCanonicalJson,
  signatureManifest,
  signedDocuments,
  SUM_GOLANG_ORG_KEY,
  trailer,
  truncated,
  verifyBundle,
  type ByteSource,
  type Contents,
  type TrustedKey,
} from "../../packages/core/src/index.ts";
import { verifyChunks } from "./verify-chunks.ts";
import { keySigner, unlockKey } from "../../packages/bundler/src/index.ts";
import { contentOf, entryOf, wholeEntry, type OuterTar } from "./outer-tar.ts";

export function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    name: "demo.tar",
    size: bytes.length,
    read: async (offset, length) => {
      if (offset + length > bytes.length) throw truncated("demo.tar", offset + length, bytes.length);
      return await Promise.resolve(bytes.subarray(offset, offset + length));
    },
    file: () => undefined,
  };
}

export interface VerifyOptions {
  keys: readonly TrustedKey[];
  quick?: boolean;
  minSignatures?: number;
}

/** What `goferry verify` does, with --quick or without. */
export async function verify(
  bytes: Uint8Array,
  { keys, quick, minSignatures = 1 }: VerifyOptions,
): Promise<void> {
  const bundle = await openBundle(sourceOf(bytes), { keys, now: new Date(), minSignatures });
  if (quick === true) await verifyChunks(bundle, {});
  else await verifyBundle(bundle, { policy: { logKey: SUM_GOLANG_ORG_KEY, privatePatterns: [] } });
}

/** The refusal; undefined when there was none. */
export async function refusal(promise: Promise<unknown>): Promise<GoferryError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof GoferryError) return error;
    throw error;
  }
}

/** An entry with its header and padding. */
export function tarEntry(path: string, content: Uint8Array): Buffer {
  const header = encodeHeader({ path, size: content.length, mode: 0o644 });
  return Buffer.concat([header, content, paddingAfter(content.length)]);
}

/** A bundle of these entries. */
export function tarOf(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...entries, trailer()]);
}

export interface Resigning {
  change?: (contents: Contents) => Contents;
  /** What the signatures are over; the bundle index when left out. */
  signed?: Uint8Array;
  /** Layers that the bundle did not have, by their digest. */
  blobs?: ReadonlyMap<string, Uint8Array>;
}

/**
 * The bundle with changed contents, every document as it follows from them, the layers that they name, and signatures by
 * these private keys.
 */
export async function resigned(
  outer: OuterTar,
  privateKeys: readonly string[],
  { change = (contents) => contents, signed, blobs: added = new Map<string, Uint8Array>() }: Resigning = {},
): Promise<Buffer> {
  const readme = contentOf(outer, entryOf(outer, "README.txt"));
  const old = contentOf(outer, entryOf(outer, "contents"));
  const contents = change(parseCanonicalJson(old, CONTENTS_SCHEMA, "contents"));
  const { index, documents } = signedDocuments(contents, readme);
  const signatures = await Promise.all(
    privateKeys.map(async (key) => {
      const signer = keySigner(await unlockKey(key));
      return blob(Buffer.from(await signer.sign(signed ?? index.bytes, new Date())));
    }),
  );
  const manifests = signatures.map((signature) => signatureManifest(index, signature));
  const blobs = [
    index,
    blob(contentOf(outer, entryOf(outer, "empty config"))),
    ...signatures.flatMap((signature, i) => [manifests[i] ?? signature, signature]),
    ...documents,
  ];
  const layers = contents.layers.map(({ digest }) => {
    const own = outer.entries.find(({ path }) => path === blobPath(digest));
    if (own !== undefined) return wholeEntry(outer, own);
    return tarEntry(blobPath(digest), added.get(digest) ?? new Uint8Array());
  });
  return tarOf([
    tarEntry("README.txt", readme),
    tarEntry("oci-layout", contentOf(outer, entryOf(outer, "oci-layout"))),
    tarEntry("index.json", layoutIndex(contents.name, index, manifests)),
    ...blobs.map(({ digest, bytes }) => tarEntry(blobPath(digest), bytes)),
    ...layers,
  ]);
}

/** Contents without one of their platforms. */
export function withoutPlatform(contents: Contents, platform: string): Contents {
  const kept = contents.layers.flatMap((layer, i) => (layer.platform === platform ? [] : [i]));
  return {
    ...contents,
    platforms: contents.platforms.filter((each) => each !== platform),
    layers: kept.flatMap((i) => contents.layers[i] ?? []),
    units: contents.units
      .filter((unit) => unit.kind !== "toolchain" || unit.platform !== platform)
      .map((unit) => ({ ...unit, layers: unit.layers.map((i) => kept.indexOf(i)) })),
  };
}
