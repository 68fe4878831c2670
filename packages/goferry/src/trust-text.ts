// How results tell which keys are trusted.

import type { TrustedKey } from "@goferry/core";
import type { TrustChange, TrustChanged, TrustPlace, TrustStore } from "@goferry/installer";
import type { Outcome } from "./command.ts";
import { rowsText, type Row } from "./output/rows.ts";
import { amountText, timeText } from "./output/units.ts";

/** What a change of trusted keys came to. */
export function trustOutcome(
  { changed: isChanged, place, store, subject, signatures }: TrustChanged,
  how: { action: TrustChange["action"]; whose: TrustPlace; dryRun: boolean; now: Date },
): Outcome {
  const { action, dryRun } = how;
  const headline =
    subject === null
      ? `Nothing to do: it is so in ${place} already`
      : `${dryRun ? "Would be so: " : ""}${place}: ${DONE[action]} ${subject}`;
  return {
    text: `${headline}\n${rowsText(trustRows(store, how))}`,
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
export function trustRows(
  { keys, minSignatures, revoked, update }: TrustStore,
  { whose, now }: { whose: TrustPlace; now: Date },
): Row[] {
  return [
    ["keys", keys.length === 0 ? noKeysText(whose, minSignatures) : keys.map((key) => keyLine(key, now))],
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

/** As pinnedTrust decides it: the user's keys are no substitute where the root asks for several signatures. */
function noKeysText(whose: TrustPlace, minSignatures: number): string {
  if ("config" in whose) return "none; every command needs --key where the root has none either";
  return minSignatures > 1
    ? "none; every command needs --key"
    : "none; those of goferry trust list --user count, or --key";
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
