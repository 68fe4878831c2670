// Unpacks the layers of a verified bundle into staging, each layer in one of a few worker threads, and proves on the
// way that every unit has its h1. What is written here is not installed: that is a rename, later, by the transaction.

import {
  checkToolchain,
  GoferryError,
  unitName,
  unitsOfLayer,
  type LayerSums,
  type OpenedBundle,
  type Unit,
} from "@goferry/core";
import type { KeptSums } from "./file-sink.ts";
import type { ExtractJob } from "./job.ts";
import { WorkThread } from "./thread.ts";

export interface ExtractOptions {
  /** Absolute folder, empty: the layers' sdk/ and mod/ appear in it. */
  folder: string;
  /** Indexes of the layers to unpack. */
  layers: readonly number[];
  /**
   * The units to unpack; their layers must all be among `layers`. Of a layer of modules, which is read and proven
   * whole, the others are left out; a layer of a toolchain is unpacked whole.
   */
  units: readonly Unit[];
  zips: boolean;
  /** Make every file durable before it is closed: where that cannot be done for all at once. */
  sync: boolean;
  /** JavaScript of worker.ts, where it is not a file: in a stand-alone executable. */
  workerSource?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Hears of compressed bytes as they are checked. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/** Decoders at a time, whatever the number of cores: each may take 32 MiB for its window and 60 MB around it. */
const MAX_WORKERS = 3;

/**
 * Unpacks, and returns what is to be kept of it in state/units/ (see KeptSums in file-sink.ts), toolchains like modules.
 * @throws what readLayer and checkToolchain throw; DISK_FULL, PERMISSION_DENIED, READ_ONLY, IO_FAILED; INTERRUPTED
 */
export async function extractLayers(
  bundle: OpenedBundle,
  options: ExtractOptions & { cores: number },
): Promise<KeptSums> {
  const { contents } = bundle;
  const { layers, cores, onBytes, signal } = options;
  const kept: KeptSums = new Map();
  const sums: LayerSums[] = [];
  // The layer that takes longest goes first, so that no thread is left alone with it at the end.
  const queue = layers.toSorted(
    (a, b) => (contents.layers[b]?.tarSize ?? 0) - (contents.layers[a]?.tarSize ?? 0),
  );
  const workers: WorkThread[] = [];
  const work = async (): Promise<void> => {
    const thread = new WorkThread(options.workerSource, onBytes);
    workers.push(thread);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const done = await thread.extract(jobOf(bundle, next, options));
      sums[next] = done.sums;
      for (const [name, each] of done.kept) kept.set(name, each);
    }
  };
  const aborted = abortion(signal);
  try {
    const running = Array.from({ length: Math.min(cores, MAX_WORKERS, queue.length) }, work);
    await Promise.race([Promise.all(running), aborted.promise]);
  } finally {
    aborted.forget();
    await Promise.all(workers.map((thread) => thread.stop()));
  }
  for (const unit of options.units) {
    if (unit.kind !== "toolchain") continue;
    kept.set(
      unitName(unit),
      checkToolchain(
        unit,
        unit.layers.flatMap((i) => sums[i] ?? []),
      ),
    );
  }
  return kept;
}

function jobOf(
  { source, contents, layerOffsets }: OpenedBundle,
  index: number,
  { folder, zips, sync, units: wanted }: ExtractOptions,
): ExtractJob {
  const layer = contents.layers[index];
  const file = source.file(layerOffsets[index] ?? -1);
  if (layer === undefined || file === undefined) {
    throw new GoferryError("INTERNAL", {
      subject: `layer ${index}`,
      message: "the bundle has no such layer",
    });
  }
  const units = unitsOfLayer(contents, index);
  const chosen = new Set(wanted);
  const kept = units.filter((unit) => chosen.has(unit));
  const { log } = contents;
  return { kind: "extract", name: source.name, ...file, layer, units, kept, log, folder, zips, sync };
}

function abortion(signal: AbortSignal | undefined): { promise: Promise<never>; forget(): void } {
  let forget = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    const stop = (): void => reject(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
    forget = () => signal?.removeEventListener("abort", stop);
  });
  // Nobody waits for it when the work ends first.
  promise.catch(() => undefined);
  return { promise, forget };
}
