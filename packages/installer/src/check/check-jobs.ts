// Hands the lists of files to worker threads: a full check of a large root is hashing, and goes as fast as there are
// processors for it.

import { setImmediate } from "node:timers/promises";
import { WorkThread } from "../extract/thread.ts";
import { checkTree, type TreeChecked, type TreeJob } from "./tree-check.ts";

export interface CheckThreads {
  /** With up to one, this thread does it. */
  cores: number;
  workerSource: string | undefined;
  signal?: AbortSignal | undefined;
  /** Hears how many jobs are done. */
  onDone?: ((done: number) => void) | undefined;
}

/** A thread takes 10 MB, and more of them than a disk has queues for are of no use. */
const MAX_THREADS = 8;

const HERE = {
  async check(job: TreeJob): Promise<TreeChecked> {
    // So that an interruption is heard of.
    await setImmediate();
    return checkTree(job);
  },
};

/** The answers in the order of the jobs. Throws what checkTree throws; INTERRUPTED. */
export async function runCheckJobs(jobs: readonly TreeJob[], options: CheckThreads): Promise<TreeChecked[]> {
  const { cores, workerSource, signal, onDone } = options;
  const answers: TreeChecked[] = [];
  const threads: WorkThread[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    const thread = cores <= 1 ? HERE : new WorkThread(workerSource);
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
    const width = Math.min(Math.max(cores, 1), MAX_THREADS, jobs.length);
    await Promise.all(Array.from({ length: width }, work));
  } catch (error) {
    await Promise.all(threads.map((thread) => thread.stop()));
    throw error;
  }
  await Promise.all(threads.map((thread) => thread.release()));
  return answers;
}
