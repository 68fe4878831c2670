/**
 * A whole number as people read it: `71,834,221`. Not by Intl, whose tables take a command that shows one number longer to load
 * than all else that it does.
 */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/gu, ",");
}
