// Hands the lists of files to worker threads: a full check of a large root is hashing, and goes as fast as there are
// processors for it.

import { WorkThread } from "../extract/thread.ts";
import { checkTree, type TreeChecked, type TreeJob } from "./tree-check.ts";

export interface CheckThreads {
  cores: number;
  workerSource: string | undefined;
  signal?: AbortSignal | undefined;
  /** Hears how many jobs are done. */
  onDone?: ((done: number) => void) | undefined;
}

/** A thread takes 10 MB, and more of them than a disk has queues for are of no use. */
const MAX_THREADS = 8;

const HERE = { check: async (job: TreeJob): Promise<TreeChecked> => await Promise.resolve(checkTree(job)) };

/** The answers in the order of the jobs. Throws what checkTree throws; INTERRUPTED. */
export async function runCheckJobs(jobs: readonly TreeJob[], options: CheckThreads): Promise<TreeChecked[]> {
  const { cores, workerSource, signal, onDone } = options;
  const answers: TreeChecked[] = [];
  const threads: WorkThread[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    // With one processor, a thread of its own would only have to be started.
    const thread = cores === 1 ? HERE : new WorkThread(workerSource);
    if (thread instanceof WorkThread) threads.push(thread);
    for (let i = next++; i < jobs.length; i = next++) {
      const job = jobs[i];
      if (job === undefined) return;
      signal?.throwIfAborted();
      answers[i] = await thread.check(job);
      onDone?.(++done);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(cores, MAX_THREADS, jobs.length) }, work));
    return answers;
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}
