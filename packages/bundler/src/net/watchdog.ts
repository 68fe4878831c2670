// Ends an exchange that brings nothing any more. It can be paused, because the time that the reader of the bytes takes,
// such as a slow disk, is not the server's silence.

export interface Watchdog {
  readonly signal: AbortSignal;
  /** True once it has ended the exchange for its silence. */
  readonly barked: boolean;
  /** Counts from the start again. */
  restart(): void;
  /** Stops counting until it goes on; for good, if it never does. */
  pause(): void;
  /** Goes on counting where it was paused. */
  resume(): void;
  /** Ends the exchange now. */
  abort(): void;
}

/** Calls `fire` once after so many milliseconds, unless what it hands back was called before. */
export type StartTimer = (ms: number, fire: () => void) => () => void;

export const systemTimer: StartTimer = (ms, fire) => {
  const timer = setTimeout(fire, ms);
  return () => clearTimeout(timer);
};

/** A watchdog that counts from now and fires after `stallMs` milliseconds. */
export function createWatchdog(stallMs: number, startTimer: StartTimer): Watchdog {
  const controller = new AbortController();
  let barked = false;
  let stop = (): void => undefined;
  let left = stallMs;
  let since = performance.now();
  const watchdog: Watchdog = {
    signal: controller.signal,
    get barked() {
      return barked;
    },
    restart() {
      left = stallMs;
      watchdog.resume();
    },
    pause() {
      stop();
      left -= performance.now() - since;
    },
    resume() {
      stop();
      since = performance.now();
      stop = startTimer(left, () => {
        barked = true;
        controller.abort();
      });
    },
    abort: () => controller.abort(),
  };
  watchdog.restart();
  return watchdog;
}
