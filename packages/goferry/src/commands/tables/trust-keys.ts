// `goferry trust add`, `goferry trust remove`, `goferry trust revoke` and `goferry trust require` as the command line and the help know them; what they do is in ../trust-keys.ts.

import { DRY_RUN, ROOT_EXITS, TRUST_PLACE } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

const OPTIONS = { ...TRUST_PLACE, "dry-run": DRY_RUN } as const;

const FINGERPRINT = {
  arg: "FPR",
  help: "Full fingerprint of the key, 40 hexadecimal digits.",
  required: true,
  kind: "text",
} as const;

export const trustAddTable = {
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
  exits: ROOT_EXITS.verified,
  changesRoot: true,
} as const satisfies CommandTable;

export const trustRemoveTable = {
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
  exits: ROOT_EXITS.verified,
  changesRoot: true,
} as const satisfies CommandTable;

export const trustRevokeTable = {
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
  exits: ROOT_EXITS.verified,
  changesRoot: true,
} as const satisfies CommandTable;

export const trustRequireTable = {
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
  exits: ROOT_EXITS.verified,
  changesRoot: true,
} as const satisfies CommandTable;
