// Everything that is wrong with a bundle, and not only the first of it: for somebody who has to say whether a stick is
// damaged, a builder made a mistake, or a module was changed. It goes on only where that is safe. No byte is unpacked that
// is not what was signed: behind the first bad chunk of a layer the others are compared with their digests and no more,
// and a layer that is no archive is left at that. What could not be looked at because of this is named.

import { createHash } from "node:crypto";
import { EXIT, GoferryError } from "../errors.ts";
import type { Contents, Layer } from "../format/contents.ts";
import { CHUNK_BYTES } from "../format/consistency.ts";
import { unitName, unitsOfLayer } from "../format/units.ts";
import { reviewEvidence, type EvidencePolicy, type EvidenceReport } from "./evidence.ts";
import { checkChunks, readLayer } from "./layer.ts";
import type { LayerSums } from "./layer-files.ts";
import type { OpenedBundle } from "./open.ts";
import { checkToolchain } from "./toolchain.ts";

export interface ReviewOptions {
  signal?: AbortSignal | undefined;
  /** Hears of compressed bytes as they are checked. */
  onBytes?: ((bytes: number) => void) | undefined;
}

export interface VerifyOptions extends ReviewOptions {
  policy: EvidencePolicy;
}

export interface Findings {
  /** In the order of trust, and of the file; at most MAX_FINDINGS. */
  findings: GoferryError[];
  /** How many there are beside those. */
  more: number;
}

export interface BundleReview extends Findings {
  evidence: EvidenceReport;
  /** `path@version` of units that were not compared with their h1, because a layer of theirs cannot be unpacked. */
  unread: string[];
  /** Files whose name, mode and content were compared. */
  files: number;
}

/** Findings that are kept: thousands of bad chunks say no more than some hundreds, and take memory. */
export const MAX_FINDINGS = 500;

/** Layers read at a time: memory is that many zstd windows, and more would not be faster on two cores. */
const PARALLEL_LAYERS = 2;

/** Compares every chunk with the signed contents, and nothing of what they unpack to. @throws IO_FAILED */
export async function reviewChunks(bundle: OpenedBundle, { onBytes }: ReviewOptions): Promise<Findings> {
  const { contents, source, layerOffsets } = bundle;
  const found = new FindingList();
  for (const [i, layer] of contents.layers.entries()) {
    await checkChunks({ source, offset: layerOffsets[i] ?? 0, layer, onBytes, report: found.add });
  }
  return found.list();
}

/**
 * Checks every chunk, entry, h1 and log proof.
 * @throws IO_FAILED; the reason of the signal; ARGUMENT_INVALID for a key of the log that cannot be read
 */
export async function reviewBundle(bundle: OpenedBundle, options: VerifyOptions): Promise<BundleReview> {
  const { contents } = bundle;
  const found = new FindingList();
  const evidence = reviewEvidence(contents, options.policy, found.add);
  const layers = await reviewLayers(bundle, options);
  for (const { list } of layers) found.addAll(list);
  const unread = unreadUnits(contents, layers);
  for (const unit of contents.units) {
    if (unit.kind !== "toolchain" || unread.has(unitName(unit))) continue;
    found.try(() =>
      checkToolchain(
        unit,
        unit.layers.flatMap((i) => layers[i]?.sums ?? []),
      ),
    );
  }
  const files = contents.layers.reduce(
    (sum, { entries }, i) => sum + (layers[i]?.sums === undefined ? 0 : entries),
    0,
  );
  return { evidence, ...found.list(), unread: [...unread], files };
}

interface LayerReview {
  list: FindingList;
  /** Undefined if it cannot be unpacked. */
  sums: LayerSums | undefined;
}

async function reviewLayers(bundle: OpenedBundle, options: ReviewOptions): Promise<LayerReview[]> {
  const failure = new AbortController();
  const signal =
    options.signal === undefined ? failure.signal : AbortSignal.any([options.signal, failure.signal]);
  const reviews: LayerReview[] = [];
  const queue = [...bundle.contents.layers.keys()];
  const readers = Array.from({ length: PARALLEL_LAYERS }, async () => {
    try {
      for (let i = queue.shift(); i !== undefined; i = queue.shift()) {
        reviews[i] = await reviewLayer(bundle, i, { ...options, signal });
      }
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
  return reviews;
}

async function reviewLayer(
  { contents, source, layerOffsets }: OpenedBundle,
  index: number,
  { signal, onBytes }: ReviewOptions,
): Promise<LayerReview> {
  const layer = contents.layers[index];
  const list = new FindingList();
  if (layer === undefined) return { list, sums: undefined };
  const place = { source, offset: layerOffsets[index] ?? 0, layer, report: list.add };
  const tar = createHash("sha256");
  let checked = 0;
  try {
    const sums = await readLayer({
      ...place,
      units: unitsOfLayer(contents, index),
      log: contents.log,
      signal,
      onTar: (bytes) => tar.update(bytes),
      onBytes(bytes) {
        checked += bytes;
        onBytes?.(bytes);
      },
    });
    list.try(() => checkDiffId(layer, `sha256:${tar.digest("hex")}`));
    return { list, sums };
  } catch (error) {
    if (!(error instanceof GoferryError) || error.exitCode !== EXIT.refused) throw error;
    list.add(error);
    const isChunk = error.code === "CHUNK_MISMATCH";
    const first = Math.ceil(checked / CHUNK_BYTES) + (isChunk ? 1 : 0);
    await checkChunks({ ...place, first, onBytes });
    return { list, sums: undefined };
  }
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

/** The log layer holds no files of units. */
function unreadUnits(contents: Contents, layers: readonly LayerReview[]): Set<string> {
  const unread = layers.flatMap(({ sums }, i) =>
    sums === undefined && contents.layers[i]?.kind !== "log" ? unitsOfLayer(contents, i) : [],
  );
  return new Set(unread.map(unitName));
}

class FindingList {
  readonly #kept: GoferryError[] = [];
  #more = 0;

  readonly add = (finding: GoferryError): void => {
    if (this.#kept.length < MAX_FINDINGS) this.#kept.push(finding);
    else this.#more += 1;
  };

  addAll(other: FindingList): void {
    for (const finding of other.#kept) this.add(finding);
    this.#more += other.#more;
  }

  /** Keeps the refusal of a check. */
  try(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof GoferryError)) throw error;
      this.add(error);
    }
  }

  list(): Findings {
    return { findings: [...this.#kept], more: this.#more };
  }
}
