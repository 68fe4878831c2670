// The results as text: the table of the terminal and of docs/BENCH.md are the same lines.

import type { Comparison, Spread } from "./compare.ts";
import type { Figure, Series } from "./parts/context.ts";
import type { PartRun, Results } from "./results.ts";

/** In the order in which they are shown. */
export const PART_NAMES = ["startup", "install", "verify", "build", "size", "growth"] as const;

export function renderDocument(results: Results): string {
  const parts = PART_NAMES.flatMap((name) => {
    const run = results.parts[name];
    if (run === undefined) return [];
    const plot = name === "growth" ? ["![Growth of time and memory](bench/growth.svg)", ""] : [];
    return [renderPart(name, run), ...plot];
  });
  return [
    "# Measurements",
    "",
    "Written by `pnpm bench`; do not edit. Contenders take turns within a round; a ratio is the median of the ratios of one",
    "round each, its spread in brackets, goferry's time with its final sync against the other's with one and without. Memory is the",
    "most that one process had resident, written what was handed to the disk. The raw runs are in",
    "[bench/results.json](bench/results.json); [PERFORMANCE](PERFORMANCE.md) says where the time goes.",
    "",
    ...(parts.length === 0 ? ["No part has been run yet.", ""] : parts),
  ].join("\n");
}

export function renderPart(name: string, run: PartRun): string {
  const { machine, time, runs, isQuick, comparisons = [], figures = [], series = [], notes = [] } = run;
  const quick = isQuick ? " With --quick: this shows that it works, and no more." : "";
  const lines = [
    `## ${name}`,
    "",
    `${machine.cpu}, ${machine.cores} cores, ${gigabytes(machine.memoryBytes)} of memory, Linux ${machine.kernel}; ${time}; ${runs} runs.${quick}`,
    "",
    ...comparisons.flatMap(comparisonLines),
    ...figureLines(figures),
    ...seriesLines(series),
    ...notes.flatMap((note) => [note, ""]),
  ];
  return lines.join("\n");
}

function comparisonLines({ what, where, ours, others }: Comparison): string[] {
  const title = where === "" ? what : `${what} (${where})`;
  return [
    `**${title}**`,
    "",
    "| | seconds with sync | without | goferry / it, with sync | goferry / it, without | at most | memory | written |",
    "|---|---|---|---|---|---|---|---|",
    `| ${cell(ours.name)} | ${spreadText(ours.synced)} | | | | | ${megabytes(ours.peakBytes)} | ${megabytes(ours.writtenBytes)} |`,
    ...others.map(
      ({ name, seconds, synced, ratio, ratioWithoutSync, limit, peakBytes, writtenBytes }) =>
        `| ${cell(name)} | ${spreadText(synced)} | ${spreadText(seconds)} | ${spreadText(ratio)} | ${spreadText(ratioWithoutSync)} | ${limitText(ratio.median, limit)} | ${megabytes(peakBytes)} | ${megabytes(writtenBytes)} |`,
    ),
    "",
  ];
}

function figureLines(figures: readonly Figure[]): string[] {
  if (figures.length === 0) return [];
  return [
    "| | | at most |",
    "|---|---|---|",
    ...figures.map(
      ({ what, value, unit, limit, note }) =>
        `| ${what} | ${valueText(value, unit)}${note === undefined ? "" : ` (${note})`} | ${limit === undefined ? "" : `${valueText(limit, unit)}: ${verdict(value, limit)}`} |`,
    ),
    "",
  ];
}

/** A table for each plot: how many, then seconds and megabytes of each step. */
function seriesLines(series: readonly Series[]): string[] {
  return [...new Set(series.map(({ plot }) => plot))].flatMap((plot) => {
    const own = series.filter((each) => each.plot === plot);
    const counts = own[0]?.points.map(({ x }) => x) ?? [];
    return [
      `| ${plot} | ${own.map(({ name, unit }) => `${name}, ${unit}`).join(" | ")} |`,
      `|${"---|".repeat(own.length + 1)}`,
      ...counts.map(
        (x, i) =>
          `| ${x} | ${own.map(({ points, unit }) => (points[i]?.y ?? NaN).toFixed(unit === "s" ? 1 : 0)).join(" | ")} |`,
      ),
      "",
    ];
  });
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function spreadText({ median, least, most }: Spread): string {
  return least === most
    ? median.toFixed(2)
    : `${median.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

function limitText(value: number, limit: number | undefined): string {
  return limit === undefined ? "" : `${limit}: ${verdict(value, limit)}`;
}

function verdict(value: number, limit: number): string {
  return value <= limit ? "met" : `missed by ${(100 * (value / limit - 1)).toFixed(0)} %`;
}

function valueText(value: number, unit: Figure["unit"]): string {
  switch (unit) {
    case "bytes":
      return megabytes(value);
    case "seconds":
      return `${value.toFixed(1)} s`;
    case "ms":
      return `${value.toFixed(0)} ms`;
    case "ratio":
      return value.toFixed(3);
    case "times":
      return `${value.toFixed(1)} times`;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(0)} GB`;
}
