import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { spreadOf } from "./compare.ts";
import { renderDocument, renderPart } from "./render.ts";
import { DOCUMENT, GROWTH_SVG, RATIOS_SVG, readResults, type PartRun } from "./results.ts";
import { growthSvg, ratiosSvg } from "./svg.ts";

const RUN: PartRun = {
  machine: { cpu: "A processor", cores: 2, memoryBytes: 8e9, kernel: "6.1" },
  time: "2026-11-26T00:00:00Z",
  runs: 3,
  isQuick: false,
  figures: [{ what: "a start", value: 120, unit: "ms", limit: 100 }],
  comparisons: [
    {
      what: "toolchain",
      where: "ext4",
      ours: measured("goferry", [1, 1.2, 1.1]),
      others: [
        {
          ...measured("tar", [2, 2.4, 2.2]),
          ratio: { median: 0.5, least: 0.5, most: 0.5 },
          ratioWithoutSync: { median: 0.55, least: 0.5, most: 0.6 },
          limit: 0.5,
        },
      ],
    },
  ],
  series: [{ plot: "modules", name: "build", unit: "s", points: [{ x: 1, y: 2 }] }],
};

function measured(name: string, values: number[]): NonNullable<PartRun["comparisons"]>[number]["ours"] {
  const spread = spreadOf(values);
  return { name, seconds: spread, synced: spread, peakBytes: 1e8, writtenBytes: 2e8, samples: [] };
}

describe("what pnpm bench says", () => {
  it("names every limit that is met, and by how much one is missed", () => {
    const text = renderPart("install", RUN);
    expect(text).toContain("| goferry | 1.10 (1.00 to 1.20) |");
    expect(text).toContain("| 0.50 | 0.55 (0.50 to 0.60) | 0.5: met | 100.0 MB | 200.0 MB |");
    expect(text).toContain("| a start | 120 ms | 100 ms: missed by 20 % |");
    expect(text).toContain("| 1 | 2.0 |");
  });

  it("is plotted, with what is missed told apart", () => {
    const svg = ratiosSvg({ parts: { install: RUN } });
    expect(svg).toContain("toolchain, ext4 / tar");
    expect(svg).toContain('class="met"');
    expect(growthSvg(RUN.series ?? [])).toContain("seconds by modules");
  });

  it("stands in the documents as the results of the last run say", async () => {
    const results = await readResults();
    expect(await readFile(DOCUMENT, "utf8")).toBe(renderDocument(results));
    expect(await readFile(RATIOS_SVG, "utf8")).toBe(ratiosSvg(results));
    const series = results.parts["growth"]?.series;
    const drawn = await readFile(GROWTH_SVG, "utf8").catch(() => undefined);
    expect(drawn).toBe(series && growthSvg(series));
  });
});

describe("a spread", () => {
  it.each([
    [[3, 1, 2], { median: 2, least: 1, most: 3 }],
    [[4, 1, 2, 3], { median: 2.5, least: 1, most: 4 }],
  ])("of %j", (values, expected) => {
    expect(spreadOf(values)).toEqual(expected);
  });
});
