// `verify`: everything that can be known about a bundle without unpacking it anywhere. `quick` stops after the
// signed bytes are known to be all there; the whole also unpacks every layer in memory and proves every unit.

import { createHash } from "node:crypto";
import { GoferryError } from "../errors.ts";
import { isLookedUp, type Contents, type Layer } from "../format/contents.ts";
import { checkEvidence, type EvidencePolicy, type EvidenceReport } from "./evidence.ts";
import { checkChunks, readLayer } from "./layer.ts";
import type { LayerSums } from "./layer-files.ts";
import type { OpenedBundle } from "./open.ts";
import { checkToolchain } from "./toolchain.ts";

export interface VerifyOptions {
  policy: EvidencePolicy;
  signal?: AbortSignal | undefined;
  /** Hears of compressed bytes as they are checked. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/** Layers read at a time: memory is that many zstd windows, and more would not be faster on two cores. */
const PARALLEL_LAYERS = 2;

/** Checks every chunk against the signed contents, and nothing of what they unpack to. Throws CHUNK_MISMATCH, IO_FAILED. */
export async function verifyChunks(
  bundle: OpenedBundle,
  { onBytes }: Pick<VerifyOptions, "onBytes">,
): Promise<void> {
  for (const [i, layer] of bundle.contents.layers.entries()) {
    await checkChunks({ source: bundle.source, offset: bundle.layerOffsets[i] ?? 0, layer, onBytes });
  }
}

/** Checks every chunk, entry, h1 and log proof. Throws what readLayer, checkToolchain and checkEvidence throw. */
export async function verifyBundle(bundle: OpenedBundle, options: VerifyOptions): Promise<EvidenceReport> {
  const { contents, source, layerOffsets } = bundle;
  const report = checkEvidence(contents, options.policy);
  const failure = new AbortController();
  const signal =
    options.signal === undefined ? failure.signal : AbortSignal.any([options.signal, failure.signal]);
  const sums: LayerSums[] = [];
  const queue = [...contents.layers.entries()];
  const readNext = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [i, layer] = next;
      const units = unitsOfLayer(contents, i);
      const { onBytes } = options;
      const tar = createHash("sha256");
      const onTar = (bytes: Uint8Array): unknown => tar.update(bytes);
      sums[i] = await readLayer({
        source,
        offset: layerOffsets[i] ?? 0,
        layer,
        units,
        log: contents.log,
        signal,
        onBytes,
        onTar,
      });
      checkDiffId(layer, `sha256:${tar.digest("hex")}`);
    }
  };
  const readers = Array.from({ length: PARALLEL_LAYERS }, async () => {
    try {
      await readNext();
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  });
  for (const result of await Promise.allSettled(readers)) {
    // An interruption reaches the streams as an AbortError; its own reason is the one to tell.
    options.signal?.throwIfAborted();
    if (result.status === "rejected") throw failure.signal.reason;
  }
  for (const unit of contents.units) {
    if (unit.kind === "toolchain")
      checkToolchain(
        unit,
        unit.layers.flatMap((i) => sums[i] ?? []),
      );
  }
  return report;
}

/** Hosts need it for nothing; container runtimes refuse an image without it. */
function checkDiffId({ digest, diffId }: Layer, found: string): void {
  if (found === diffId) return;
  throw new GoferryError("HASH_MISMATCH", {
    subject: digest,
    message: "the tar stream of a layer does not have the diffId that the contents name",
    expected: diffId,
    found,
    next: "Have the bundle built again",
  });
}

/** The units that have files in a layer; for the log layer, those whose records its tiles hold. */
export function unitsOfLayer({ units, layers }: Contents, index: number): Contents["units"] {
  if (layers[index]?.kind === "log") return units.filter(isLookedUp);
  return units.filter((unit) => unit.layers.includes(index));
}
