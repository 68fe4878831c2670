import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { inParallel } from "./parallel.ts";

describe("inParallel", () => {
  it("gives the results in the order of the items, whatever order they end in", async () => {
    let running = 0;
    let most = 0;
    const results = await inParallel([30, 1, 20, 2, 0], { width: 2 }, async (ms) => {
      most = Math.max(most, ++running);
      await wait(ms);
      running--;
      return ms * 2;
    });
    expect(results).toEqual([60, 2, 40, 4, 0]);
    expect(most).toBe(2);
  });

  it("throws the first failure only after the others have ended, and begins nothing more", async () => {
    const begun: number[] = [];
    let ended = false;
    const work = async (item: number, signal: AbortSignal): Promise<void> => {
      begun.push(item);
      if (item === 1) throw new Error("first");
      // One that needs a while to notice, and then fails for that reason.
      await wait(60_000, undefined, { signal }).catch(() => wait(20));
      ended = true;
      throw new Error("second");
    };
    await expect(inParallel([0, 1, 2, 3], { width: 2 }, work)).rejects.toThrow("first");
    expect(ended).toBe(true);
    expect(begun).toEqual([0, 1]);
  });

  it("throws the reason of an abort, not what it made fail", async () => {
    const abort = new AbortController();
    const work = async (_: number, signal: AbortSignal): Promise<void> => {
      abort.abort(new Error("Ctrl-C"));
      await wait(60_000, undefined, { signal });
    };
    await expect(inParallel([1, 2], { width: 1, signal: abort.signal }, work)).rejects.toThrow("Ctrl-C");
  });
});
