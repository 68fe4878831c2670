// One worker thread (worker.ts) that takes one job at a time.

import { Worker } from "node:worker_threads";
import type { LayerSums, TreeSums } from "@goferry/core";
import type { TreeChecked, TreeJob } from "../check/tree-check.ts";
import { errorOf, failureOf, type ExtractJob, type WorkAnswer } from "./job.ts";

export interface Extracted {
  sums: LayerSums;
  kept: [string, TreeSums][];
}

/**
 * What lives for a moment, as all of a worker's buffers do, is collected sooner and so takes less: with V8's own choice an
 * installation of Prometheus passes 512 MB.
 */
const LIMITS = { maxYoungGenerationSizeMb: 3 };

/** Started before there was work for them. */
const spares: Worker[] = [];

/**
 * Starts threads for work that will come: it takes node a tenth of a second until one listens, in which the bundle can be
 * opened. They keep nobody from ending, and those that are not needed end with the process.
 * @param source as of WorkThread
 */
export function startThreads(count: number, source: string | undefined): void {
  while (spares.length < count) spare(startWorker(source));
}

/** Threads that were started and have no work. */
export function startedThreads(): number {
  return spares.length;
}

function spare(worker: Worker): void {
  worker.unref();
  // Of one that fails before its work nothing is told: the work gets a new one, which fails too, or does not.
  worker.on("error", () => forget(worker)).on("exit", () => forget(worker));
  spares.push(worker);
}

function startWorker(source: string | undefined): Worker {
  return source === undefined
    ? new Worker(new URL("./worker.ts", import.meta.url), { resourceLimits: LIMITS })
    : new Worker(source, { eval: true, resourceLimits: LIMITS });
}

function takeSpare(): Worker | undefined {
  const worker = spares.shift()?.removeAllListeners();
  worker?.ref();
  return worker;
}

function forget(worker: Worker): void {
  const at = spares.indexOf(worker);
  if (at >= 0) spares.splice(at, 1);
}

export class WorkThread {
  readonly #worker: Worker;
  /** It was started before there was work for it. */
  readonly #wasSpare: boolean;
  readonly #onBytes: ((bytes: number) => void) | undefined;

  /** @param source JavaScript of worker.ts, where it is not a file: in a stand-alone executable */
  constructor(source: string | undefined, onBytes?: (bytes: number) => void) {
    const worker = takeSpare();
    this.#wasSpare = worker !== undefined;
    this.#worker = worker ?? startWorker(source);
    this.#onBytes = onBytes;
  }

  extract(job: ExtractJob): Promise<Extracted> {
    return this.#run(job, (answer) => (answer.kind === "done" ? answer : undefined));
  }

  check(job: TreeJob): Promise<TreeChecked> {
    return this.#run({ kind: "check", job }, (answer) =>
      answer.kind === "checked" ? answer.checked : undefined,
    );
  }

  /** After its last job: one that was started ahead waits for the next who needs a thread, any other ends. */
  async release(): Promise<void> {
    const hasEnded = this.#worker.threadId === -1;
    if (!this.#wasSpare || hasEnded) await this.stop();
    else spare(this.#worker.removeAllListeners());
  }

  /** Ends it, whatever it does. */
  async stop(): Promise<void> {
    // Of several threads that fail at once one is heard; an error of another that nobody hears would end the process.
    this.#worker.removeAllListeners().on("error", () => undefined);
    await this.#worker.terminate();
  }

  #run<T>(message: object, answerOf: (answer: WorkAnswer) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker.removeAllListeners();
      worker.on("message", (answer: WorkAnswer) => {
        const result = answerOf(answer);
        if (answer.kind === "bytes") this.#onBytes?.(answer.bytes);
        else if (answer.kind === "failed") reject(errorOf(answer.failure));
        else if (result !== undefined) resolve(result);
      });
      worker.once("error", (error) => reject(errorOf(failureOf(error))));
      worker.once("exit", (code) => reject(errorOf(failureOf(`the worker thread ended with code ${code}`))));
      worker.postMessage(message);
    });
  }
}
