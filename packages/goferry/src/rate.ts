// Bytes a second, as they come just now: over the last seconds, so that what was there from an earlier run, and counts
// at once, does not make a slow line look fast for long.

/** Milliseconds that count. */
const WINDOW_MS = 3000;

/** Milliseconds between two samples that are kept. */
const STEP_MS = 100;

export class RateMeter {
  readonly #now: () => number;
  #samples: { at: number; done: number }[] = [];

  /** @param now milliseconds, never backwards */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param done everything so far, not what is new */
  add(done: number): void {
    const at = this.#now();
    const last = this.#samples.at(-1);
    // The first sample of all stays alone; later ones of the same moment replace each other.
    if (last !== undefined && this.#samples.length > 1 && at - last.at < STEP_MS) last.done = done;
    else this.#samples.push({ at, done });
    const oldest = this.#samples.findIndex((sample) => at - sample.at <= WINDOW_MS);
    if (oldest > 0) this.#samples = this.#samples.slice(oldest);
  }

  /** 0 until half a second is known. */
  perSecond(): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 500) return 0;
    return (Math.max(0, last.done - first.done) / (last.at - first.at)) * 1000;
  }
}
