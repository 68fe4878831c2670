import { GoferryError } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { ATTEMPTS, BACKOFF_FIRST_MS, BACKOFF_MAX_MS, RETRY_AFTER_MAX_MS } from "./limits.ts";
import { backoff, retryAfter, Retryable, withRetries } from "./retry.ts";

const failure = new GoferryError("NETWORK_UNREACHABLE", { subject: "x", message: "x" });

/** Runs attempts that end as `outcomes` say ("ok" after them) and notes the waits. */
async function run(
  outcomes: Error[],
  signal?: AbortSignal,
): Promise<{ attempts: number; waits: number[]; error: unknown }> {
  const waits: number[] = [];
  let attempts = 0;
  let error: unknown;
  try {
    await withRetries(
      async () => {
        const outcome = outcomes[attempts++];
        if (outcome !== undefined) throw outcome;
      },
      {
        subject: "x",
        signal,
        sleep: async (ms) => void waits.push(ms),
        random: () => 0,
      },
    );
  } catch (thrown) {
    error = thrown;
  }
  return { attempts, waits, error };
}

const repeated = (count: number, options = {}): Error[] =>
  Array.from({ length: count }, () => new Retryable(failure, options));

describe("withRetries", () => {
  it("waits twice as long each time and gives up with what happened last", async () => {
    const { attempts, waits, error } = await run(repeated(100));
    expect(attempts).toBe(ATTEMPTS);
    expect(waits).toEqual([250, 500, 1000, 2000, 4000]);
    expect(error).toBe(failure);
  });

  it("tries nothing again that is no Retryable", async () => {
    const { attempts, error } = await run([failure]);
    expect([attempts, error]).toEqual([1, failure]);
  });

  it("does not count attempts that got further", async () => {
    const { attempts, error } = await run(repeated(50, { progressed: true }));
    expect([attempts, error]).toEqual([51, undefined]);
  });

  it("waits as long as the server asks for, up to the limit", async () => {
    expect((await run(repeated(1, { retryAfterMs: 7000 }))).waits).toEqual([7000]);
    const { attempts, error } = await run(repeated(1, { retryAfterMs: RETRY_AFTER_MAX_MS + 1 }));
    expect([attempts, error]).toEqual([1, failure]);
  });

  it("is INTERRUPTED by the signal, before and between attempts", async () => {
    expect(await run([], AbortSignal.abort())).toMatchObject({ attempts: 0, error: { code: "INTERRUPTED" } });
    const controller = new AbortController();
    const result = withRetries(() => Promise.reject(new Retryable(failure)), {
      subject: "x",
      signal: controller.signal,
      sleep: async () => controller.abort(),
      random: Math.random,
    });
    await expect(result).rejects.toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
  });
});

describe("backoff", () => {
  it("lies between half of the doubled delay and all of it, and below its bound", () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(fc.nat(2000), fraction, (earlier, random) => {
        const full = Math.min(BACKOFF_FIRST_MS * 2 ** earlier, BACKOFF_MAX_MS);
        expect(backoff(earlier, random)).toBeGreaterThanOrEqual(full / 2);
        expect(backoff(earlier, random)).toBeLessThanOrEqual(full);
      }),
    );
  });
});

describe("retryAfter", () => {
  const date = "Sat, 21 Nov 2026 05:16:31 GMT";
  it.each([
    ["120", undefined, 120_000],
    ["Sat, 21 Nov 2026 05:17:31 GMT", date, 60_000],
    ["Sat, 21 Nov 2026 05:15:31 GMT", date, 0],
    ["Sat, 21 Nov 2026 05:17:31 GMT", undefined, 0],
    ["soon", date, 0],
    ["-5", date, 0],
    [undefined, date, 0],
  ])("%s at %s", (value, now, expected) => {
    expect(retryAfter(value, now)).toBe(expected);
  });
});
