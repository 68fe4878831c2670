// The outer tar as a list of pieces: documents in memory and layers in files of their own. The same list is read in
// place, by the rehearsal, and written to the finished file, by seal.

import {
  blob,
  blobPath,
  EMPTY_CONFIG,
  encodeHeader,
  layoutIndex,
  OCI_LAYOUT,
  paddingAfter,
  signatureManifest,
  trailer,
  type Blob,
  type Digest,
} from "@goferry/core";
import type { Packed, PackedLayer } from "../stages.ts";

/** Bytes in memory, or a whole file of that many bytes; with `offset`, that many bytes of a larger one. */
export type Piece = Uint8Array | { file: string; size: number; digest: Digest; offset?: number | undefined };

/** What the outer tar is made of, but for the signatures. */
export interface OuterParts extends Pick<Packed, "contents" | "readme" | "documents"> {
  layers: readonly (PackedLayer & { offset?: number })[];
}

/** The pieces of a bundle in the order of FORMAT.md section 2. `signatures`: armored, one for each signer. */
export function outerPieces(packed: OuterParts, signatures: readonly (string | Uint8Array)[]): Piece[] {
  const { contents, readme, documents, layers } = packed;
  const signed = signatures.map((armored) => {
    const signature = blob(Buffer.from(armored));
    return { signature, manifest: signatureManifest(documents.index, signature) };
  });
  const manifests = signed.map(({ manifest }) => manifest);
  return [
    ...entry("README.txt", readme),
    ...entry("oci-layout", OCI_LAYOUT),
    ...entry("index.json", layoutIndex(contents.name, documents.index, manifests)),
    ...blobEntry(documents.index),
    ...blobEntry(EMPTY_CONFIG),
    ...signed.flatMap(({ manifest, signature }) => [...blobEntry(manifest), ...blobEntry(signature)]),
    ...documents.documents.flatMap(blobEntry),
    ...layers.flatMap(({ file, offset, layer: { digest, size } }) => [
      encodeHeader({ path: blobPath(digest), size, mode: 0o644 }),
      { file, size, digest, offset },
      paddingAfter(size),
    ]),
    trailer(),
  ];
}

/** Bytes. */
export function pieceSize(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.size;
}

function blobEntry({ digest, bytes }: Blob): Piece[] {
  return entry(blobPath(digest), bytes);
}

function entry(path: string, bytes: Uint8Array): Piece[] {
  return [encodeHeader({ path, size: bytes.length, mode: 0o644 }), bytes, paddingAfter(bytes.length)];
}
