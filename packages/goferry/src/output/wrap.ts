// Lines that fit a terminal.

import { stripVTControlCharacters } from "node:util";

/**
 * Breaks lines at spaces so that none is longer than `columns`; words that are longer stand alone. Line breaks of the
 * text stay. Every line but the first begins with `indent` spaces.
 * @param columns undefined: lines may have any length
 */
export function wrap(
  text: string,
  { columns, indent }: { columns: number | undefined; indent: number },
): string {
  const margin = " ".repeat(indent);
  const lines = text.split("\n").flatMap((line) => breakLine(line, columns, indent));
  return lines.map((line, i) => (i === 0 ? line : `${margin}${line}`)).join("\n");
}

function breakLine(line: string, columns: number | undefined, indent: number): string[] {
  if (columns === undefined) return [line];
  const room = Math.max(20, columns - indent);
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    const next = current === "" ? word : `${current} ${word}`;
    if (width(next) <= room || current.trim() === "") current = next;
    else {
      lines.push(current);
      current = word;
    }
  }
  return [...lines, current];
}

function width(text: string): number {
  return stripVTControlCharacters(text).length;
}
