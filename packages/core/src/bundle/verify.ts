// `verify`: everything that can be known about a bundle without unpacking it anywhere. `quick` stops after the
// signed bytes are known to be all there; the whole also unpacks every layer in memory and proves every unit. The first
// thing that is wrong is thrown; for all of them see review.ts.

import type { EvidenceReport } from "./evidence.ts";
import type { OpenedBundle } from "./open.ts";
import { reviewBundle, reviewChunks, type ReviewOptions, type VerifyOptions } from "./review.ts";

/** Checks every chunk against the signed contents, and nothing of what they unpack to. Throws CHUNK_MISMATCH, IO_FAILED. */
export async function verifyChunks(bundle: OpenedBundle, options: ReviewOptions): Promise<void> {
  const { findings } = await reviewChunks(bundle, options);
  for (const finding of findings) throw finding;
}

/**
 * Checks every chunk, entry, h1 and log proof.
 * @throws LOG_MISMATCH, PRIVATE_REFUSED, CHUNK_MISMATCH, BUNDLE_MALFORMED, ENTRY_REFUSED, HASH_MISMATCH; what reviewBundle
 * throws
 */
export async function verifyBundle(bundle: OpenedBundle, options: VerifyOptions): Promise<EvidenceReport> {
  const { evidence, findings } = await reviewBundle(bundle, options);
  for (const finding of findings) throw finding;
  return evidence;
}
