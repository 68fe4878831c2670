// Where layers are made: one after the other, each once, from the cache where an earlier build made it. Layers of toolchains
// can be begun while modules are still being fetched, so that nothing waits for what it does not need.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { diskError } from "../net/disk-error.ts";
import type { LayerCache } from "./layer-cache.ts";
import type { PlannedLayer } from "./planned-layer.ts";
import { writeLayer, type WrittenLayer } from "./write-layer.ts";

export interface LayerPressOptions {
  /** A folder for the layers; made when the first of them is. */
  workDir: string;
  /** Of zstd; the usual one if left out. */
  level?: number | undefined;
  /** None: every layer is made anew. */
  cache?: LayerCache | undefined;
  signal?: AbortSignal | undefined;
  /** Hears of unpacked bytes as they are packed. */
  onBytes?: ((bytes: number) => void) | undefined;
}

export interface LayerPress extends AsyncDisposable {
  /** The layer, made when those that were asked for before it are. @throws as writeLayer does */
  layer(planned: PlannedLayer): Promise<WrittenLayer>;
  /** Puts the rest of those that were made anew into the cache: call it when their units are known to be right. @throws DISK_FULL, IO_FAILED */
  keep(): Promise<void>;
}

/**
 * One layer at a time: beside what a build of large projects has grown to by then, a second one took memory to
 * 563 MB, of 512 that a command may have. Reading, hashing and compressing still go on side by side.
 */
export function layerPress({ workDir, level, cache, signal, onBytes }: LayerPressOptions): LayerPress {
  const failure = new AbortController();
  const stop = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const asked = new Map<string, Promise<WrittenLayer>>();
  const fresh: { planned: PlannedLayer; written: WrittenLayer }[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  const make = async (planned: PlannedLayer, file: string): Promise<WrittenLayer> => {
    signal?.throwIfAborted();
    stop.throwIfAborted();
    await mkdir(workDir, { recursive: true }).catch((error: unknown) => {
      throw diskError(error, workDir);
    });
    const found = await cache?.find(planned, file);
    if (found !== undefined) return found;
    try {
      const written = await writeLayer({ layer: planned, file, level, signal: stop, onBytes });
      if (isProven(written)) await cache?.keep(planned, written);
      else fresh.push({ planned, written });
      return written;
    } catch (error) {
      // The first failure is the one to be told of; after it no other layer is begun.
      failure.abort(error);
      signal?.throwIfAborted();
      throw error;
    }
  };

  return {
    layer(planned) {
      const there = asked.get(planned.identity);
      if (there !== undefined) return there.then((layer) => ({ ...layer, units: planned.units }));
      const file = join(workDir, `layer-${asked.size}`);
      const made = turn.then(() => make(planned, file));
      turn = made.catch(() => undefined);
      asked.set(planned.identity, made);
      return made;
    },

    async keep() {
      for (const { planned, written } of fresh.splice(0)) await cache?.keep(planned, written);
    },

    async [Symbol.asyncDispose]() {
      failure.abort(new Error("nobody waits for the layers any more"));
      await turn;
    },
  };
}

/** Whether all units of a layer have their h1, as can be said of modules: those that are packed stay if the build ends here. */
function isProven({ layer, units, seen }: WrittenLayer): boolean {
  return (
    layer.kind === "mod" &&
    units.every((unit) => unit.kind === "gomod" || (unit.kind === "module" && seen.get(unit)?.h1 === unit.h1))
  );
}
