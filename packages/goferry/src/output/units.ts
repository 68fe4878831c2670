// Numbers and times as people read them; the same in every locale.

import { countText } from "@goferry/core";

/** Bytes with a decimal unit: `512 B`, `26.0 MB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `1 module`, `249 modules`. */
export function amountText(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** RFC 3339, UTC, seconds. */
export function timeText(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/u, "Z");
}
