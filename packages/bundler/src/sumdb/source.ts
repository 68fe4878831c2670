// Where the files of the checksum database come from: a cache, or else the network, with a limit on requests
// at a time. What is fetched enters the cache only when the caller has verified it, so that an answer of a bad
// proxy is not met again on the next day.

import { GoferryError, HASH_SIZE, TILE_WIDTH, tilePath, type TileSource } from "@goferry/core";

/** Files by their path below a database, its name in front: `sum.golang.org/tile/8/0/000`. */
export interface LogCache {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, data: Uint8Array): Promise<void>;
}

/** Fetches a path such as `lookup/golang.org/x/text@v0.3.0`, relative to the root of the database. */
export type LogFetch = (path: string, signal?: AbortSignal) => Promise<Uint8Array>;

export interface LogSource {
  /** The file at a path below the root of the database; nothing in it is verified. */
  read(path: string): Promise<Uint8Array>;
  /** Puts a file that is verified into the cache, unless it came from there. */
  keep(path: string, data: Uint8Array): Promise<void>;
}

export interface LogSourceOptions {
  fetch: LogFetch;
  cache?: LogCache | undefined;
  /** Name of the database, such as sum.golang.org. */
  name: string;
  /** Requests at a time. */
  concurrency: number;
  /** No request is begun after it. */
  signal: AbortSignal;
}

export function logSource({ fetch, cache, name, concurrency, signal }: LogSourceOptions): LogSource {
  const limited = limit(concurrency);
  const fetched = new Set<string>();
  return {
    async read(path) {
      const cached = await cache?.get(`${name}/${path}`);
      if (cached !== undefined) return cached;
      fetched.add(path);
      return await limited(async () => {
        signal.throwIfAborted();
        return await fetch(path, signal);
      });
    },
    async keep(path, data) {
      if (fetched.has(path)) await cache?.put(`${name}/${path}`, data);
    },
  };
}

/** The tiles of a database, for `tileHashReader` to prove. */
export function logTiles(source: LogSource): TileSource {
  return {
    async read(tile) {
      try {
        return await source.read(tilePath(tile));
      } catch (error) {
        // A database may drop a partial tile once it has the full one, which begins with it (as in Go's client).
        const isGone = error instanceof GoferryError && error.code === "NOT_FOUND";
        if (!isGone || tile.width === TILE_WIDTH) throw error;
        const full = await source.read(tilePath({ ...tile, width: TILE_WIDTH }));
        return full.subarray(0, tile.width * HASH_SIZE);
      }
    },
    async keep(tile, data) {
      await source.keep(tilePath(tile), data);
    },
  };
}

/** Runs at most `width` jobs at a time, the others in the order in which they came. */
function limit(width: number): <T>(job: () => Promise<T>) => Promise<T> {
  let free = width;
  const waiting: (() => void)[] = [];
  return async (job) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await job();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
