// `goferry trust make-update`, `sign-update` and `update`: new and revoked keys for many hosts, as one signed file.

import {
  readAddedKeys,
  renderUpdateFile,
  verifyTrustUpdate,
  type TrustUpdate,
  type TrustUpdateFile,
} from "@goferry/core";
import { makeUpdate, readUpdateFile, signUpdate, writeUpdateFile } from "@goferry/bundler";
import { changeTrust } from "@goferry/installer";
import type { Outcome, Run } from "../command.ts";
import { fingerprintArgument } from "../fingerprint-argument.ts";
import { readTrustedKeys } from "../trusted-key-files.ts";
import { trustFor } from "../trusted-keys.ts";
import { rowsText } from "../output/rows.ts";
import { amountText } from "../output/units.ts";
import { openSigners } from "../signers.ts";
import { trustPlace } from "../trust-place.ts";
import { trustOutcome } from "../trust-text.ts";
import type { trustMakeUpdateTable, trustSignUpdateTable, trustUpdateTable } from "./tables/trust-update.ts";

export const trustMakeUpdate: Run<typeof trustMakeUpdateTable> = async (values, context) => {
  const { terminal, signal } = context;
  const { out, after } = values;
  const now = terminal.now();
  const last = after === undefined ? undefined : await readSigned(after, values, context);
  const update = makeUpdate({
    after: last,
    add: await readTrustedKeys(values.add),
    revoke: values.revoke.map((text) => fingerprintArgument(text, "--revoke")),
    minSignatures: values["min-signatures"],
    sequence: values.sequence,
    now,
  });
  const isSigned = values["sign-key"].length + values["sign-with-gpg"].length > 0;
  const signers = isSigned ? await openSigners(values, { terminal, signal }) : [];
  const file = await signUpdate({ update, signatures: [] }, { signers, now, subject: out });
  const dryRun = values["dry-run"];
  if (!dryRun) await writeUpdateFile(out, file);
  return await updateOutcome(file, { out, dryRun, done: "Made", last });
};

/**
 * An update that hosts have taken over, which one of the keys that this user goes by has signed. One that was revoked since,
 * by this very update perhaps, counts if it is named: for what it said then, not for anything new.
 */
async function readSigned(
  file: string,
  { key, root }: { key: readonly string[]; root: string | undefined },
  context: Parameters<typeof trustFor>[1],
): Promise<TrustUpdate> {
  const bytes = renderUpdateFile(await readUpdateFile(file));
  const named = await readTrustedKeys(key);
  const keys =
    named.length > 0 ? named : (await trustFor({ key: [], "min-signatures": undefined, root }, context)).keys;
  const trust = { keys, revoked: [], minSignatures: 1, now: context.terminal.now() };
  return await verifyTrustUpdate(bytes, trust, file);
}

export const trustSignUpdate: Run<typeof trustSignUpdateTable> = async (values, { terminal, signal }) => {
  const before = await readUpdateFile(values.file);
  const out = values.out ?? values.file;
  const dryRun = values["dry-run"];
  if (dryRun) return await updateOutcome(before, { out, dryRun, done: "Sign" });
  const signers = await openSigners(values, { terminal, signal });
  const file = await signUpdate(before, { signers, now: terminal.now(), subject: values.file });
  await writeUpdateFile(out, file);
  return await updateOutcome(file, { out, dryRun, done: "Signed" });
};

export const trustUpdate: Run<typeof trustUpdateTable> = async (values, { terminal, host, signal }) => {
  const { file } = values;
  const dryRun = values["dry-run"];
  const bytes = renderUpdateFile(await readUpdateFile(file));
  const place = trustPlace(values, { terminal, host });
  const change = { action: "update", bytes, file } as const;
  const changed = await changeTrust(host, { place, change, dryRun, signal });
  return trustOutcome(changed, { action: "update", whose: place, dryRun, now: terminal.now() });
};

async function updateOutcome(
  { update, signatures }: TrustUpdateFile,
  { out, dryRun, done, last }: { out: string; dryRun: boolean; done: string; last?: TrustUpdate | undefined },
): Promise<Outcome> {
  const keys = await readAddedKeys(update, out);
  const said = new Set([...(last?.add.map(({ fingerprint }) => fingerprint) ?? []), ...(last?.revoke ?? [])]);
  // Who signs vouches for that too: what this command line did not say itself is told apart.
  const from = (fingerprint: string): string => (said.has(fingerprint) ? ", taken over from --after" : "");
  const { sequence, created, minSignatures, revoke } = update;
  const rows = rowsText([
    ["file", out],
    ["sequence", `${sequence}, created ${created}`],
    [
      "adds",
      keys.map(({ fingerprint, userIds }) => `${fingerprint} ${userIds[0] ?? ""}${from(fingerprint)}`),
    ],
    ["revokes", revoke.map((fingerprint) => fingerprint + from(fingerprint))],
    ["needed", minSignatures === undefined ? undefined : amountText(minSignatures, "signature")],
    ["signed by", amountText(signatures.length, "key")],
  ]);
  return {
    text: `${dryRun ? "Would be so: " : ""}${done} update ${sequence}\n${rows}`,
    json: {
      dryRun,
      file: out,
      sequence,
      created,
      minSignatures: minSignatures ?? null,
      add: keys.map(({ fingerprint, userIds }) => ({ fingerprint, userIds })),
      revoke,
      signatureCount: signatures.length,
    },
  };
}
