// Several pieces of work side by side, of which nothing goes on in the background once one has failed: a download that
// nobody waits for would keep the program alive, and a file that is still written cannot be removed.

/** Files that are read or copied at a time: a disk, and the threads of node that wait for it, have enough to do with these. */
export const FILES_AT_ONCE = 8;

export interface ParallelOptions {
  /** Items that are worked on at a time. */
  width: number;
  signal?: AbortSignal | undefined;
}

/**
 * The results of `work` for all items, in their order. The signal that `work` gets is aborted by the first failure, which
 * is thrown when everything has ended; an abort of `options.signal` goes before it.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  { width, signal }: ParallelOptions,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const failure = new AbortController();
  const stop = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const results: R[] = [];
  const queue = [...items.entries()];
  const run = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && !stop.aborted; next = queue.shift()) {
      const [i, item] = next;
      results[i] = await work(item, stop);
    }
  };
  const runs = Array.from({ length: width }, () => run().catch((error: unknown) => failure.abort(error)));
  await Promise.all(runs);
  signal?.throwIfAborted();
  failure.signal.throwIfAborted();
  return results;
}
