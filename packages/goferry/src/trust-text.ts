// How results tell which keys are trusted.

import type { TrustedKey } from "@goferry/core";
import type { TrustStore } from "@goferry/installer";
import type { Row } from "./output/rows.ts";
import { amountText, timeText } from "./output/units.ts";

/** The rows of a store. */
export function trustRows({ keys, minSignatures, revoked, update }: TrustStore, now: Date): Row[] {
  return [
    ["keys", keys.length === 0 ? "none; every command needs --key" : keys.map((key) => keyLine(key, now))],
    ["needed", neededText(keys.length, minSignatures)],
    ["revoked", revoked],
    ["update", update === null ? undefined : `sequence ${update.sequence}`],
  ];
}

/** A store for `--json`. */
export function trustJson({ keys, minSignatures, revoked, update }: TrustStore): {
  keys: object[];
  minSignatures: number;
  revoked: readonly string[];
  update: object | null;
} {
  return { keys: keys.map(keyJson), minSignatures, revoked, update };
}

/** What an administrator should know of a store that accepts nothing. */
export function trustWarnings({ keys, minSignatures }: TrustStore): string[] {
  if (keys.length >= minSignatures || minSignatures === 1) return [];
  return [
    `${amountText(minSignatures, "trusted key")} must have signed, and only ${keys.length} are left: nothing is ` +
      "accepted here until goferry trust add brings another one.",
  ];
}

function neededText(count: number, minSignatures: number): string | undefined {
  if (count === 0 && minSignatures === 1) return undefined;
  return `${amountText(minSignatures, "signature")}, by different ones of ${amountText(count, "key")}`;
}

function keyLine({ fingerprint, userIds, expires }: TrustedKey, now: Date): string {
  const end = expires === undefined ? "" : `, ${expires <= now ? "EXPIRED" : "expires"} ${timeText(expires)}`;
  return `${fingerprint} ${userIds[0] ?? ""}${end}`;
}

function keyJson({ fingerprint, userIds, created, expires }: TrustedKey): object {
  return {
    fingerprint,
    userIds,
    created: timeText(created),
    expires: expires === undefined ? null : timeText(expires),
  };
}
