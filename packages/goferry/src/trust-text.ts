// How results tell which keys are trusted.

import type { TrustedKey } from "@goferry/core";
import type { TrustChange, TrustChanged, TrustStore } from "@goferry/installer";
import type { Outcome } from "./command.ts";
import { rowsText, type Row } from "./output/rows.ts";
import { amountText, timeText } from "./output/units.ts";

/** What a change of trusted keys came to. */
export function trustOutcome(
  { changed: isChanged, place, store, subject, signatures }: TrustChanged,
  { action, dryRun, now }: { action: TrustChange["action"]; dryRun: boolean; now: Date },
): Outcome {
  const headline =
    subject === null
      ? `Nothing to do: it is so in ${place} already`
      : `${dryRun ? "Would be so: " : ""}${place}: ${DONE[action]} ${subject}`;
  return {
    text: `${headline}\n${rowsText(trustRows(store, now))}`,
    json: {
      changed: isChanged,
      dryRun,
      place,
      change: subject,
      ...trustJson(store),
      signers: signatures.map(({ fingerprint }) => fingerprint),
    },
    warnings: trustWarnings(store),
  };
}

const DONE: Readonly<Record<TrustChange["action"], string>> = {
  add: "trusts",
  remove: "does not trust any more",
  revoke: "refuses for ever",
  require: "asks for",
  update: "took over",
};

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
  const whose = minSignatures === 1 ? "any of" : "different ones of";
  return `${amountText(minSignatures, "signature")}, by ${whose} ${amountText(count, "key")}`;
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
