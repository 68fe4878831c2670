// Packed -> Sealed: signs the bundle index and writes the finished file to a draft, which gets its name when the lock is
// on disk too.

import type { Draft } from "../output.ts";
import type { Signer } from "../signer.ts";
import type { Packed, Sealed } from "../stages.ts";
import { outerPieces } from "./outer.ts";
import { writeOuter } from "./write-outer.ts";

export interface SealOptions {
  /** Of the finished bundle. Written, but not placed. */
  draft: Draft;
  /** The name that the draft will get. */
  out: string;
  signers: readonly Signer[];
  /** When the signatures say they were made. */
  now: Date;
  signal?: AbortSignal | undefined;
}

/** @throws KEY_INVALID, HASH_MISMATCH, DISK_FULL, IO_FAILED, INTERRUPTED */
export async function seal(packed: Packed, options: SealOptions): Promise<Sealed> {
  const { draft, out, signers, now, signal } = options;
  const signatures: string[] = [];
  for (const signer of signers) signatures.push(await signer.sign(packed.documents.index.bytes, now));
  const pieces = outerPieces(packed, signatures);
  const size = await writeOuter(pieces, { draft, out, signal });
  return {
    packed,
    file: out,
    size,
    signers: signers.map(({ fingerprint }) => fingerprint),
  };
}
