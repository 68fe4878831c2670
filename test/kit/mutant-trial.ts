// One mutant before `verify`. To try ten thousand of a bundle of a hundred megabytes, layers whose bytes are those of the
// original are not read again: what a layer is accepted for are its own bytes and nothing else, and the original is
// accepted as a whole before and after.

import {
  openBundle,
  verifyBundle,
  type EvidencePolicy,
  type GoferryError,
  type OpenedBundle,
  type TrustedKey,
} from "../../packages/core/src/index.ts";
import { verifyChunks } from "./verify-chunks.ts";
import { mutantSource, type Mutant } from "./mutations.ts";
import { refusal } from "./tampered.ts";

export interface Original {
  bytes: Uint8Array;
  keys: readonly TrustedKey[];
  now: Date;
  policy: EvidencePolicy;
}

/** Processor time that a mutant may take, ms. */
const MOST_MS = 10_000;

/** What is wrong with how a mutant was judged, or undefined when it was refused as damage is. */
export async function judgeMutant(
  original: Original,
  mutant: Mutant,
  depth: "changed layers" | "everything",
): Promise<string | undefined> {
  const before = process.cpuUsage();
  const found = await refusal(verifyMutant(original, mutant, depth)).catch((error: unknown) => String(error));
  const { user, system } = process.cpuUsage(before);
  const what = problemOf(found, (user + system) / 1000);
  return what === undefined ? undefined : `seed ${mutant.seed}: ${mutant.what}: ${what}`;
}

function problemOf(found: GoferryError | string | undefined, ms: number): string | undefined {
  if (found === undefined) return "it was accepted";
  if (typeof found === "string") return found;
  if (found.exitCode !== 3) return `${found.code}: ${found.message}`;
  return ms > MOST_MS ? `it took ${ms} ms` : undefined;
}

async function verifyMutant(
  { bytes, keys, now, policy }: Original,
  mutant: Mutant,
  depth: "changed layers" | "everything",
): Promise<void> {
  const bundle = await openBundle(mutantSource(bytes, mutant), { keys, now });
  if (depth === "everything") await verifyBundle(bundle, { policy });
  else await verifyChunks(withLayersIn(bundle, mutant), {});
}

/** The bundle with the layers of which a byte is in the stretch that differs. */
function withLayersIn(bundle: OpenedBundle, { from, to }: Mutant): OpenedBundle {
  const { contents, layerOffsets } = bundle;
  const kept = contents.layers.flatMap(({ size }, i) => {
    const at = layerOffsets[i] ?? 0;
    return at < to && from < at + size ? [i] : [];
  });
  return {
    ...bundle,
    contents: { ...contents, layers: kept.flatMap((i) => contents.layers[i] ?? []) },
    layerOffsets: kept.map((i) => layerOffsets[i] ?? 0),
  };
}
