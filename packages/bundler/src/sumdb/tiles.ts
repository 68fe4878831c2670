// The tiles that a bundle brings for the go command of its hosts, so that GOSUMDB stays on without a network. Which they
// are follows from the contents (core's logTiles); each is shown to belong to the signed tree before it is packed.

import {
  checkEntryName,
  isLookedUp,
  logTiles,
  MAX_TILES,
  openTreeHead,
  parseVerifier,
  proveTiles,
  tilePath,
  type Contents,
  type Unit,
} from "@goferry/core";
import { logSource, logTileSource, type LogCache, type LogFetch } from "./source.ts";

export interface TilesOptions {
  fetch: LogFetch;
  cache?: LogCache | undefined;
  /** Verifier key of the database, as in GOSUMDB. */
  vkey: string;
  log: NonNullable<Contents["log"]>;
  /** All units of the bundle. */
  units: readonly Pick<Unit, "kind" | "evidence">[];
  /** Requests at a time; 16 unless given. */
  concurrency?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A file of the log layer. */
export interface TileFile {
  /** In the layer. */
  path: string;
  bytes: Uint8Array;
}

/**
 * The files of the log layer, in path order; none if the bundle has nothing to look up, or more than a reader takes.
 * Throws LOG_MISMATCH, and what `fetch` throws.
 */
export async function collectTiles(options: TilesOptions): Promise<TileFile[]> {
  const { fetch, cache, vkey, log, units, concurrency = 16 } = options;
  if (!units.some(isLookedUp)) return [];
  const placed = logTiles(log, units);
  if (placed.length > MAX_TILES) return [];
  for (const { path } of placed) checkEntryName(path);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([stop.signal, options.signal]) : stop.signal;
  const source = logSource({ fetch, cache, name: parseVerifier(vkey).name, concurrency, signal });
  const data = new Map<string, Uint8Array>();
  const from = logTileSource(source);
  const heads = [log.head, ...(log.earlier ?? []).map(({ head }) => head)].map((note) =>
    openTreeHead(note, vkey),
  );
  const [newest, ...earlier] = heads;
  if (newest === undefined) return [];
  try {
    await proveTiles(
      [newest, ...earlier],
      placed.map(({ tile }) => tile),
      {
        read: from.read,
        async keep(tile, bytes) {
          data.set(tilePath(tile), bytes);
          await from.keep?.(tile, bytes);
        },
      },
    );
  } finally {
    // After a refusal, the requests still under way are of no use.
    stop.abort();
  }
  return placed.map(({ path, tile }) => ({ path, bytes: data.get(tilePath(tile)) ?? new Uint8Array() }));
}
