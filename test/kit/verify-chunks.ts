// What `goferry verify --quick` finds first.

import { reviewChunks, type OpenedBundle } from "../../packages/core/src/index.ts";

type ReviewOptions = Parameters<typeof reviewChunks>[1];

/** Checks every chunk against the signed contents. @throws CHUNK_MISMATCH, IO_FAILED */
export async function verifyChunks(bundle: OpenedBundle, options: ReviewOptions = {}): Promise<void> {
  const { findings } = await reviewChunks(bundle, options);
  for (const finding of findings) throw finding;
}
