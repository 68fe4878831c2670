import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { createProgress } from "./progress.ts";
import { lineText } from "./progress-line.ts";
import { RateMeter } from "./rate.ts";

function output(): Writable & { text: () => string; writes: () => number; isTTY: boolean; columns: number } {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk: Uint8Array, _, done) {
      written.push(Buffer.from(chunk).toString());
      done();
    },
  });
  const extra = { isTTY: true, columns: 60, text: () => written.join(""), writes: () => written.length };
  return Object.assign(stream, extra);
}

describe("createProgress", () => {
  it("writes one line a stage where there is no terminal", async () => {
    const stream = output();
    const progress = await createProgress(stream, "stages", () => 0);
    for (const stage of ["Planning", "Packing", "Packing"]) progress.update({ stage, done: 1 });
    progress.end();
    expect(stream.text()).toBe("goferry: Planning\ngoferry: Packing\n");
  });

  it("takes a terminal that does not know its width for one of the usual width", async () => {
    const stream = Object.assign(output(), { columns: 0 });
    const progress = await createProgress(stream, "line", () => 0);
    progress.update({ stage: "Planning" });
    progress.end();
    expect(stream.text()).toContain("Planning");
  });

  it("writes nothing where nothing is wanted", async () => {
    const stream = output();
    const progress = await createProgress(stream, "none", () => 0);
    progress.update({ stage: "Planning" });
    progress.end();
    expect(stream.text()).toBe("");
  });

  it("draws one line on a terminal, ten times a second at most, and leaves it empty", async () => {
    vi.useFakeTimers();
    try {
      const stream = output();
      const progress = await createProgress(stream, "line", () => Date.now());
      let drawn = 0;
      for (let done = 0; done <= 1e6; done += 1000) {
        progress.update({ stage: "Packing", done, total: 1e6, unit: "bytes" });
        vi.advanceTimersByTime(2);
        drawn = [...stream.text().matchAll(/Packing/gu)].length;
      }
      expect(drawn).toBeGreaterThan(5);
      expect(drawn).toBeLessThanOrEqual(22);
      expect(stream.text()).toMatch(/ MB\/s| kB\/s/u);
      expect(stream.text()).not.toContain("\n");
      progress.end();
      expect(stream.text().endsWith("\u001b[2K")).toBe(true);
      const before = stream.writes();
      vi.advanceTimersByTime(5000);
      expect(stream.writes()).toBe(before);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("lineText", () => {
  it("has bytes, percent, rate and subject as far as they are known", () => {
    const known = { stage: "Fetching", subject: "go1.27.1", done: 35e6, total: 70e6, unit: "bytes" as const };
    expect(lineText(known, 5e6, 80)).toBe("Fetching  35.0 MB of 70.0 MB  50 %  5.0 MB/s  go1.27.1");
    expect(lineText({ stage: "Asking", done: 7, unit: "items" }, 9, 80)).toBe("Asking  7");
    expect(lineText({ stage: "Planning" }, 0, 80)).toBe("Planning");
    expect(lineText({ stage: "x", done: 5, total: 0 }, 0, 80)).toBe("x  5 of 0");
  });

  it("is one line that fits, whatever the subject is", () => {
    const line = lineText({ stage: "Fetching", subject: `a\n\u001b[2J${"b".repeat(100)}` }, 0, 40);
    expect(line.length).toBe(39);
    expect(stripVTControlCharacters(line)).toBe(line);
  });
});

describe("RateMeter", () => {
  it("says what comes now, not what was there at once", () => {
    let now = 0;
    const rate = new RateMeter(() => now);
    rate.add(1e9);
    expect(rate.perSecond()).toBe(0);
    for (now = 100; now <= 10_000; now += 100) rate.add(1e9 + now * 1000);
    expect(rate.perSecond()).toBeCloseTo(1e6, -4);
    for (; now <= 15_000; now += 100) rate.add(1e9 + 1e7);
    expect(rate.perSecond()).toBe(0);
  });
});
