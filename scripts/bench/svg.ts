// The plots: bars of the ratios that have a limit, and lines of what grows. Plain SVG, without a script, readable on a light
// and on a dark page.

import type { Series } from "./parts/context.ts";
import type { Results } from "./results.ts";

interface Bar {
  name: string;
  value: number;
  least: number;
  most: number;
  limit: number;
}

const WIDTH = 860;
const LABELS = 430;
const ROW = 26;

/** goferry against what people do today: 1 is as long, or as large. */
export function ratiosSvg(results: Results): string {
  const bars = barsOf(results);
  const height = 58 + bars.length * ROW;
  const most = Math.max(1, ...bars.map(({ most: high, limit }) => Math.max(high, limit)));
  const x = (value: number): number => LABELS + (value / most) * (WIDTH - LABELS - 60);
  const rows = bars.flatMap(({ name, value, least, most: high, limit }, i) => {
    const y = 44 + i * ROW;
    const middle = y + 8;
    return [
      text(LABELS - 8, y + 12, name, "end"),
      `<rect x="${LABELS}" y="${y}" width="${round(x(value) - LABELS)}" height="16" class="${value <= limit ? "met" : "missed"}"/>`,
      `<path d="M${round(x(least))} ${middle}H${round(x(high))}" class="line"/>`,
      `<path d="M${round(x(limit))} ${y - 3}v22" class="limit"/>`,
      text(x(Math.max(value, high)) + 6, y + 12, value.toFixed(2), "start"),
    ];
  });
  const head = [
    text(8, 18, "goferry's time or size, divided by that of what it is compared with", "start"),
    text(8, 34, "bar: median; line: spread; mark: the most that it may be", "start"),
  ];
  return document(height, [...head, ...rows]);
}

function barsOf({ parts }: Results): Bar[] {
  return Object.values(parts).flatMap(({ comparisons = [], figures = [] }) => [
    ...comparisons.flatMap(({ what, where, others }) =>
      others.flatMap(({ name, ratio, limit }) =>
        limit === undefined
          ? []
          : [
              {
                name: `${what}${where === "" ? "" : `, ${where}`} / ${name}`,
                value: ratio.median,
                least: ratio.least,
                most: ratio.most,
                limit,
              },
            ],
      ),
    ),
    ...figures.flatMap(({ what, value, unit, limit }) =>
      unit === "ratio" && limit !== undefined
        ? [
            {
              name: what.replace("bundle beside archives and GOMODCACHE as tar.gz", "size / tar.gz"),
              value,
              least: value,
              most: value,
              limit,
            },
          ]
        : [],
    ),
  ]);
}

/** One panel for each plot and unit; both axes begin at 0, so that a straight line is one. */
export function growthSvg(series: readonly Series[]): string {
  const panels = [...new Set(series.map(({ plot, unit }) => `${plot}\n${unit}`))];
  const size = 400;
  const high = 260;
  const drawn = panels.flatMap((panel, i) => {
    const [plot = "", unit = ""] = panel.split("\n");
    const own = series.filter((each) => each.plot === plot && each.unit === unit);
    const left = 60 + (i % 2) * (size + 30);
    const top = 40 + Math.floor(i / 2) * (high + 60);
    const mostX = Math.max(1, ...own.flatMap(({ points }) => points.map(({ x }) => x)));
    const mostY = Math.max(...own.flatMap(({ points }) => points.map(({ y }) => y)), 0.001);
    const at = (x: number, y: number): string =>
      `${round(left + (x / mostX) * (size - 110))} ${round(top + high - (y / mostY) * high)}`;
    return [
      text(left, top - 12, `${unit === "s" ? "seconds" : "MB of memory"} by ${plot}`, "start"),
      `<path d="M${left} ${top}v${high}h${size - 110}" class="axis"/>`,
      text(left - 6, top + 10, mostY.toFixed(unit === "s" ? 1 : 0), "end"),
      text(left - 6, top + high, "0", "end"),
      text(left + size - 110, top + high + 16, String(mostX), "end"),
      ...own.flatMap(({ name, points }, n) => {
        const line = points.map(({ x, y }, j) => `${j === 0 ? "M" : "L"}${at(x, y)}`).join("");
        const last = points.at(-1);
        const [endX = 0, endY = 0] = at(last?.x ?? 0, last?.y ?? 0)
          .split(" ")
          .map(Number);
        return [
          `<path d="${line}" class="line c${n}"/>`,
          ...points.map(({ x, y }) => {
            const [cx = "0", cy = "0"] = at(x, y).split(" ");
            return `<circle cx="${cx}" cy="${cy}" r="3" class="c${n}"/>`;
          }),
          text(endX + 6, endY + 4, name, "start"),
        ];
      }),
    ];
  });
  return document(Math.ceil(panels.length / 2) * (high + 60) + 40, drawn);
}

function document(height: number, lines: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    "<style>",
    "text{font:12px sans-serif;fill:#333}.met{fill:#3a86c8}.missed{fill:#d1702a}.line{stroke:#333;fill:none}.limit{stroke:#b00020;stroke-width:2}",
    ".axis{stroke:#888;fill:none}.c0{stroke:#3a86c8;fill:#3a86c8}.c1{stroke:#2a9d5c;fill:#2a9d5c}.c2{stroke:#d1702a;fill:#d1702a}path.line{fill:none}",
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.line{stroke:#ddd}.limit{stroke:#ff6b81}}",
    "</style>",
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}

function text(x: number, y: number, content: string, anchor: "start" | "end"): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped}</text>`;
}

function round(value: number): string {
  return value.toFixed(1);
}
