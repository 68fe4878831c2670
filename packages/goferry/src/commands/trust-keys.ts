// `goferry trust add`, `remove`, `revoke` and `require`: which keys sign for a root or for a user, and how many of them.

import { GoferryError, type TrustedKey } from "@goferry/core";
import { changeTrust, type TrustChange } from "@goferry/installer";
import type { Outcome, Run } from "../command.ts";
import type { Context } from "../context.ts";
import { fingerprintArgument } from "../fingerprint-argument.ts";
import { readTrustedKeys } from "../trusted-key-files.ts";
import { trustOutcome } from "../trust-text.ts";
import { trustPlace } from "../trust-place.ts";
import type {
  trustAddTable,
  trustRemoveTable,
  trustRevokeTable,
  trustRequireTable,
} from "./tables/trust-keys.ts";

export const trustAdd: Run<typeof trustAddTable> = async (values, context) => {
  const typed = fingerprintArgument(values.fingerprint, "--fingerprint");
  const [key] = await readTrustedKeys([values.file]);
  if (key === undefined || key.fingerprint !== typed) throw mismatch(values.file, typed, key);
  return await changed(values, context, { action: "add", key });
};

export const trustRemove: Run<typeof trustRemoveTable> = async (values, context) => {
  const fingerprint = fingerprintArgument(values.fingerprint, "FPR");
  return await changed(values, context, { action: "remove", fingerprint });
};

export const trustRevoke: Run<typeof trustRevokeTable> = async (values, context) => {
  const fingerprint = fingerprintArgument(values.fingerprint, "FPR");
  return await changed(values, context, { action: "revoke", fingerprint });
};

export const trustRequire: Run<typeof trustRequireTable> = async (values, context) => {
  return await changed(values, context, { action: "require", minSignatures: countOf(values.count) });
};

interface PlaceValues {
  root: string | undefined;
  user: boolean;
  "dry-run": boolean;
}

async function changed(
  values: PlaceValues,
  { terminal, host, signal }: Context,
  change: TrustChange,
): Promise<Outcome> {
  const dryRun = values["dry-run"];
  const place = trustPlace(values, { terminal, host });
  return trustOutcome(await changeTrust(host, { place, change, dryRun, signal }), {
    action: change.action,
    whose: place,
    dryRun,
    now: terminal.now(),
  });
}

function countOf(text: string): number {
  if (/^[1-9][0-9]?$/u.test(text)) return Number(text);
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: "N",
    message: "the value cannot be used",
    expected: "a whole number from 1",
    found: JSON.stringify(text),
    next: "For example: goferry trust require 2",
  });
}

function mismatch(file: string, typed: string, key: TrustedKey | undefined): GoferryError {
  return new GoferryError("FINGERPRINT_MISMATCH", {
    subject: file,
    message: "the file holds another key than the one whose fingerprint was typed",
    expected: typed,
    found: key === undefined ? "no key" : `${key.fingerprint} (${key.userIds[0] ?? ""})`,
    next: "Ask the owner of the key, by another way than the one that brought the file. Do not type what is found here.",
  });
}
