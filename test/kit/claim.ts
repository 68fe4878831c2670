// What a bundle says of itself, before anybody believes it.

import { inspectBundle, openFileSource, type ClaimedBundle } from "../../packages/core/src/index.ts";

/** @param file the path of a bundle */
export async function claimOf(file: string): Promise<ClaimedBundle> {
  await using source = await openFileSource(file);
  return await inspectBundle(source);
}
