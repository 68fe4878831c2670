// Unpacks the layers of a verified bundle into staging, each layer in one of a few worker threads, and proves on the
// way that every unit has its h1. What is written here is not installed: that is a rename, later, by the transaction.

import { Worker } from "node:worker_threads";
import {
  checkToolchain,
  GoferryError,
  unitName,
  unitsOfLayer,
  type LayerSums,
  type OpenedBundle,
  type Unit,
} from "@goferry/core";
import { errorOf, failureOf, type ExtractAnswer, type ExtractJob } from "./job.ts";

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
  /** JavaScript of worker.ts, where it is not a file: in a stand-alone executable. */
  workerSource?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Hears of compressed bytes as they are checked. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * What lives for a moment, as all of a worker's buffers do, is collected sooner and so takes less: with V8's own choice an
 * installation of Prometheus passes 512 MB.
 */
const LIMITS = { maxYoungGenerationSizeMb: 3 };

/** Decoders at a time, whatever the number of cores: each may take 32 MiB for its window and 60 MB around it. */
const MAX_WORKERS = 3;

/**
 * Unpacks, and returns for every unit, by `path@version`, the text that its h1 is the hash of.
 * @throws what readLayer and checkToolchain throw; DISK_FULL, PERMISSION_DENIED, READ_ONLY, IO_FAILED; INTERRUPTED
 */
export async function extractLayers(
  bundle: OpenedBundle,
  options: ExtractOptions & { cores: number },
): Promise<Map<string, string>> {
  const { contents } = bundle;
  const { layers, cores, onBytes, signal } = options;
  const lines = new Map<string, string>();
  const sums: LayerSums[] = [];
  // The layer that takes longest goes first, so that no thread is left alone with it at the end.
  const queue = layers.toSorted(
    (a, b) => (contents.layers[b]?.tarSize ?? 0) - (contents.layers[a]?.tarSize ?? 0),
  );
  const workers: ExtractThread[] = [];
  const work = async (): Promise<void> => {
    const thread = new ExtractThread(options.workerSource, onBytes);
    workers.push(thread);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const done = await thread.run(jobOf(bundle, next, options));
      sums[next] = done.sums;
      for (const [unit, text] of done.lines) lines.set(unit, text);
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
    lines.set(
      unitName(unit),
      checkToolchain(
        unit,
        unit.layers.flatMap((i) => sums[i] ?? []),
      ),
    );
  }
  return lines;
}

function jobOf(
  { source, contents, layerOffsets }: OpenedBundle,
  index: number,
  { folder, zips, units: wanted }: ExtractOptions,
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
  const kept = units.filter((unit) => wanted.includes(unit));
  return { name: source.name, ...file, layer, units, kept, log: contents.log, folder, zips };
}

interface Extracted {
  sums: LayerSums;
  lines: [string, string][];
}

/** One worker thread that takes one job at a time. */
class ExtractThread {
  readonly #worker: Worker;
  readonly #onBytes: ((bytes: number) => void) | undefined;

  constructor(source: string | undefined, onBytes: ((bytes: number) => void) | undefined) {
    this.#worker =
      source === undefined
        ? new Worker(new URL("./worker.ts", import.meta.url), { resourceLimits: LIMITS })
        : new Worker(source, { eval: true, resourceLimits: LIMITS });
    this.#onBytes = onBytes;
  }

  run(job: ExtractJob): Promise<Extracted> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker.removeAllListeners();
      worker.on("message", (answer: ExtractAnswer) => {
        if (answer.kind === "bytes") this.#onBytes?.(answer.bytes);
        else if (answer.kind === "failed") reject(errorOf(answer.failure));
        else resolve({ sums: answer.sums, lines: answer.lines });
      });
      worker.once("error", (error) => reject(errorOf(failureOf(error))));
      worker.once("exit", (code) => reject(errorOf(failureOf(`the worker thread ended with code ${code}`))));
      worker.postMessage(job);
    });
  }

  async stop(): Promise<void> {
    this.#worker.removeAllListeners();
    await this.#worker.terminate();
  }
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
