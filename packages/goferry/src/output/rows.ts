// Results as aligned lines: a label, and what belongs to it.

import { printable } from "./printable.ts";

/** A label and its lines; none: the row is left out. */
export type Row = readonly [label: string, values: string | readonly string[] | undefined];

/** One line for each value, indented by two spaces, the label before the first. */
export function rowsText(rows: readonly Row[]): string {
  const shown = rows.flatMap(([label, values]) => {
    const list = values === undefined ? [] : typeof values === "string" ? [values] : values;
    return list.length === 0 ? [] : [{ label, list: list.flatMap((each) => printable(each).split("\n")) }];
  });
  const width = Math.max(0, ...shown.map(({ label }) => label.length));
  return shown
    .flatMap(({ label, list }) => list.map((text, i) => `  ${(i === 0 ? label : "").padEnd(width)}  ${text}`))
    .join("\n");
}

/** The beginning of a list that may be long. */
export function beginning(items: readonly string[], count = 10): string[] {
  if (items.length <= count) return [...items];
  return [...items.slice(0, count), `and ${items.length - count} more (all with --json)`];
}
