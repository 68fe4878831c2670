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

/** A watchdog that counts from now and fires after `stallMs` milliseconds. */
export function createWatchdog(stallMs: number): Watchdog {
  const controller = new AbortController();
  let barked = false;
  let timer: NodeJS.Timeout | undefined;
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
      clearTimeout(timer);
      left -= performance.now() - since;
    },
    resume() {
      clearTimeout(timer);
      since = performance.now();
      timer = setTimeout(() => {
        barked = true;
        controller.abort();
      }, left);
    },
    abort: () => controller.abort(),
  };
  watchdog.restart();
  return watchdog;
}
