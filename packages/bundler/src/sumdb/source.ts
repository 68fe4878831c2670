// Where the files of the checksum database come from: a cache, or else the network, with a limit on requests
// at a time. What is fetched enters the cache only when the caller has verified it, so that an answer of a bad
// proxy is not met again on the next day.

import {
  GoferryError,
  HASH_SIZE,
  noteText,
  parseTreeHead,
  TILE_WIDTH,
  tilePath,
  type Tile,
  type TileSource,
} from "@goferry/core";

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
export function logTileSource(source: LogSource): TileSource {
  return {
    async read(tile) {
      if (tile.width === TILE_WIDTH) return await source.read(tilePath(tile));
      const exact = await ifThere(source, tile);
      if (exact !== undefined) return exact;
      // A database may drop a partial tile once it has a wider one, which begins with it (as in Go's client).
      const full = await ifThere(source, { ...tile, width: TILE_WIDTH });
      const wider = full ?? (await source.read(tilePath({ ...tile, width: await widthNow(tile, source) })));
      return wider.subarray(0, tile.width * HASH_SIZE);
    },
    async keep(tile, data) {
      await source.keep(tilePath(tile), data);
    },
  };
}

async function ifThere(source: LogSource, tile: Tile): Promise<Uint8Array | undefined> {
  try {
    return await source.read(tilePath(tile));
  } catch (error) {
    if (error instanceof GoferryError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** How wide the tile is in the tree of today. Nobody vouches for that, but a wrong answer only finds nothing. */
async function widthNow({ level, n }: Tile, source: LogSource): Promise<number> {
  const { size } = parseTreeHead(noteText(Buffer.from(await source.read("latest")).toString("utf8")));
  return Math.max(1, Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - n * TILE_WIDTH));
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
