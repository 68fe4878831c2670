// `goferry trust add`, `remove`, `revoke` and `require`: which keys sign for a root or for a user, and how many of them.

import { EXIT, GoferryError, type TrustedKey } from "@goferry/core";
import { changeTrust, type TrustChange } from "@goferry/installer";
import { defineCommand, type Outcome } from "../command.ts";
import type { Context } from "../context.ts";
import { fingerprintArgument } from "../fingerprint-argument.ts";
import { readTrustedKeys } from "../key-files.ts";
import { trustOutcome } from "../trust-text.ts";
import { DRY_RUN, trustPlace, TRUST_PLACE } from "./shared.ts";

const OPTIONS = { ...TRUST_PLACE, "dry-run": DRY_RUN } as const;

const FINGERPRINT = {
  arg: "FPR",
  help: "Full fingerprint of the key, 40 hexadecimal digits.",
  required: true,
  kind: "text",
} as const;

const EXITS = [
  EXIT.usage,
  EXIT.refused,
  EXIT.preflight,
  EXIT.locked,
  EXIT.io,
  EXIT.notFound,
  EXIT.rolledBack,
];

export const trustAdd = defineCommand({
  name: "trust add",
  summary: "Trust a key to sign bundles",
  description:
    "Pins a public key, so that goferry install, verify and diff need no --key. The fingerprint is typed, from where its " +
    "owner published or told it, and never copied from the key itself or from the medium that brought it: comparing the " +
    "two is the moment at which trust begins.\n\n" +
    "A key that is trusted already, and comes with a new expiry or a new subkey, is brought up to date. The file holds " +
    "one public key. The decision is written to the root's audit log.",
  positionals: { file: { arg: "KEYFILE", help: "Public key, such as public.asc.", required: true } },
  options: {
    fingerprint: { kind: "text", arg: "FPR", help: "Its full fingerprint, typed.", required: true },
    ...OPTIONS,
  },
  examples: [
    {
      line: "sudo goferry trust add public.asc --fingerprint 9EF05226EC1428CDA626FF9248987D271A61BD7F",
      what: "For this machine, in /opt/goferry",
    },
    {
      line: 'goferry trust add public.asc --fingerprint "9EF0 5226 EC14 28CD A626  FF92 4898 7D27 1A61 BD7F" --user',
      what: "For this user, in any root that has no keys of its own",
    },
  ],
  exits: EXITS,
  changesRoot: true,
  async run(values, context) {
    const typed = fingerprintArgument(values.fingerprint, "--fingerprint");
    const [key] = await readTrustedKeys([values.file]);
    if (key === undefined || key.fingerprint !== typed) throw mismatch(values.file, typed, key);
    return await changed(values, context, { action: "add", key });
  },
});

export const trustRemove = defineCommand({
  name: "trust remove",
  summary: "Stop trusting a key",
  description:
    "Takes back goferry trust add. What is installed stays; bundles that only this key signed are not accepted any more " +
    "without --key. For a key that is lost or stolen use goferry trust revoke, which no --key overrides.",
  positionals: { fingerprint: FINGERPRINT },
  options: OPTIONS,
  examples: [
    {
      line: "goferry trust remove 9EF05226EC1428CDA626FF9248987D271A61BD7F",
      what: "As goferry trust list shows it",
    },
    {
      line: "goferry trust remove 9EF05226EC1428CDA626FF9248987D271A61BD7F --root /opt/goferry --dry-run",
      what: "Would enough keys be left?",
    },
  ],
  exits: EXITS,
  changesRoot: true,
  async run(values, context) {
    const fingerprint = fingerprintArgument(values.fingerprint, "FPR");
    return await changed(values, context, { action: "remove", fingerprint });
  },
});

export const trustRevoke = defineCommand({
  name: "trust revoke",
  summary: "Refuse a key for ever, here",
  description:
    "For a key that is lost or stolen. Nothing that it signed is accepted any more, whatever time the signature names " +
    "and whoever names the key with --key, and it cannot be trusted again. It need not be trusted now.\n\n" +
    "If fewer keys are left than must have signed, nothing is accepted until goferry trust add brings another one. On " +
    "hundreds of hosts goferry trust update does the same by one signed file.",
  positionals: { fingerprint: FINGERPRINT },
  options: OPTIONS,
  examples: [
    { line: "sudo goferry trust revoke 9EF05226EC1428CDA626FF9248987D271A61BD7F", what: "On this machine" },
    {
      line: "goferry trust revoke 9EF05226EC1428CDA626FF9248987D271A61BD7F --user",
      what: "For what this user verifies",
    },
  ],
  exits: EXITS,
  changesRoot: true,
  async run(values, context) {
    const fingerprint = fingerprintArgument(values.fingerprint, "FPR");
    return await changed(values, context, { action: "revoke", fingerprint });
  },
});

export const trustRequire = defineCommand({
  name: "trust require",
  summary: "Say how many trusted keys must have signed",
  description:
    "With 2, a bundle is accepted only if two different trusted keys have signed it: who has stolen one of them can do " +
    "nothing with it. --min-signatures of a command can ask for more than that, and never for fewer where a bundle is " +
    "installed. The decision is written to the root's audit log.",
  positionals: {
    count: { arg: "N", help: "How many; at most as many as there are keys.", required: true, kind: "text" },
  },
  options: OPTIONS,
  examples: [
    { line: "sudo goferry trust require 2", what: "Two of the trusted keys, on this machine" },
    { line: "goferry trust require 1 --root /srv/go", what: "One is enough again" },
  ],
  exits: EXITS,
  changesRoot: true,
  async run(values, context) {
    return await changed(values, context, { action: "require", minSignatures: countOf(values.count) });
  },
});

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
