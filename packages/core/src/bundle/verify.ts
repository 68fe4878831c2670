// Everything that can be known about a bundle without unpacking it anywhere: every layer is unpacked in memory and every unit
// proven. The first thing that is wrong is thrown; for all of them see review.ts.

import type { EvidenceReport } from "./evidence.ts";
import type { OpenedBundle } from "./open.ts";
import { reviewBundle, type VerifyOptions } from "./review.ts";

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
