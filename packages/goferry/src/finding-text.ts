import type { Finding, Override } from "@goferry/installer";

/** What is worth knowing and no reason to stop, as a paragraph. */
export function findingText({ code, subject, message, next }: Finding | Override): string {
  return `${code} ${subject}: ${message}${next === undefined ? "" : `\nnext: ${next}`}`;
}
