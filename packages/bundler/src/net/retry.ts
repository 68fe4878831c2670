// When a request is tried again, and after how long. Only what may pass by itself is tried again: a broken or silent
// connection, 408, 429 and 5xx. The loop is p-retry's; the delays are ours, because a server's Retry-After must be
// able to lengthen them and tests must not have to wait for them.
import { GoferryError } from "@goferry/core";
import pRetry from "p-retry";

import { ATTEMPTS, BACKOFF_FIRST_MS, BACKOFF_MAX_MS, RETRY_AFTER_MAX_MS } from "./limits.ts";

export interface RetryOptions {
  /** What the request is about; the subject of INTERRUPTED. */
  subject: string;
  signal?: AbortSignal | undefined;
  /** Waits so many milliseconds; may reject as soon as the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A number of [0, 1). */
  random(): number;
}

/** Thrown by an attempt that is worth another one; `failure` is what the user gets if there is none. */
export class Retryable extends Error {
  readonly failure: GoferryError;
  /** Milliseconds that the server asked to wait for. */
  readonly retryAfterMs: number;
  /** True if the attempt got further than any before it, so that it does not count. */
  readonly progressed: boolean;

  constructor(failure: GoferryError, { retryAfterMs = 0, progressed = false } = {}) {
    super(failure.message);
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
    this.progressed = progressed;
  }
}

/**
 * Runs `attempt` until it succeeds, fails for good or has used up its attempts.
 * @throws what the attempt threw; of a Retryable its `failure`; GoferryError INTERRUPTED once the signal is aborted.
 */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, subject } = options;
  try {
    return await pRetry(attempt, {
      retries: ATTEMPTS - 1,
      minTimeout: 0,
      ...(signal === undefined ? {} : { signal }),
      shouldConsumeRetry: ({ error }) => !(error instanceof Retryable && error.progressed),
      async shouldRetry({ error, retriesConsumed }) {
        if (!(error instanceof Retryable) || error.retryAfterMs > RETRY_AFTER_MAX_MS) return false;
        await options.sleep(Math.max(error.retryAfterMs, backoff(retriesConsumed, options.random())), signal);
        return true;
      },
    });
  } catch (error) {
    if (signal?.aborted === true) throw interrupted(subject);
    throw error instanceof Retryable ? error.failure : error;
  }
}

/** Milliseconds to wait after `earlier` failed retries: doubled each time, bounded, jittered to between half and all. */
export function backoff(earlier: number, random: number): number {
  const full = Math.min(BACKOFF_FIRST_MS * 2 ** earlier, BACKOFF_MAX_MS);
  return Math.round(full * (0.5 + random / 2));
}

/**
 * Milliseconds of a Retry-After header (RFC 9110 section 10.2.3), 0 if there is none that can be read. A date is taken
 * against the server's own Date header, so that neither of the two clocks has to be right.
 */
export function retryAfter(value: string | undefined, date: string | undefined): number {
  if (value === undefined) return 0;
  if (/^\d{1,9}$/u.test(value.trim())) return Number(value) * 1000;
  const wait = Date.parse(value) - Date.parse(date ?? "");
  return Number.isFinite(wait) ? Math.max(0, wait) : 0;
}

/** The error of a request that the caller's signal ended. */
export function interrupted(subject: string): GoferryError {
  return new GoferryError("INTERRUPTED", { subject, message: "the download was interrupted" });
}
