// `goferry trust make-update`, `goferry trust sign-update` and `goferry trust update` as the command line and the help know them; what they do is in ../trust-update.ts.

import { EXIT } from "@goferry/core";
import { DRY_RUN, ROOT_EXITS, SIGNER_OPTIONS, TRUST_PLACE, TRUSTING_ROOT } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

const FILE = {
  arg: "FILE",
  help: "The update, as goferry trust make-update wrote it.",
  required: true,
} as const;

export const trustMakeUpdateTable = {
  name: "trust make-update",
  summary: "Make an update of trusted keys for many hosts",
  description:
    "Writes a document with keys that hosts shall trust from now on, and keys that they shall refuse for ever. It counts on " +
    "a host once as many of the keys that this host trusts so far have signed it as the host asks for: sign it here, and " +
    "have the owners of the other keys run goferry trust sign-update.\n\n" +
    "--after FILE continues the last update: what it said is said again, so that a host which missed it comes to the same. " +
    "A key that --key names, or that is trusted here, must have signed that file. Look at the keys that are taken over from " +
    "it all the same: whoever signs vouches for them. " +
    "Hosts refuse an update that is not later than the last one they took.",
  positionals: {},
  options: {
    out: { kind: "path", arg: "FILE", help: "The update; replaced if it is there.", required: true },
    after: { kind: "path", arg: "FILE", help: "The last update that was made for these hosts." },
    key: {
      kind: "paths",
      arg: "FILE",
      help: "Public key of which one must have signed the file of --after; without it those of goferry trust list.",
      setting: true,
    },
    root: TRUSTING_ROOT,
    add: { kind: "paths", arg: "KEYFILE", help: "Public key that hosts shall trust." },
    revoke: {
      kind: "texts",
      arg: "FPR",
      help: "Full fingerprint of a key that hosts shall refuse for ever.",
    },
    "min-signatures": {
      kind: "count",
      arg: "N",
      help: "How many trusted keys must have signed a bundle; as it is on each host if left out.",
    },
    sequence: {
      kind: "count",
      arg: "N",
      help: "Number of the update, if it does not follow from --after; 1 for the first if left out.",
    },
    ...SIGNER_OPTIONS,
    "dry-run": DRY_RUN,
  },
  examples: [
    {
      line: "goferry trust make-update --add new/public.asc --revoke 9EF05226EC1428CDA626FF9248987D271A61BD7F --out keys-1.json --sign-key old/private.asc",
      what: "A new key for an old one, signed by the old one",
    },
    {
      line: "goferry trust make-update --after keys-1.json --key old/public.asc --min-signatures 2 --out keys-2.json --sign-with-gpg 9EF05226EC1428CDA626FF9248987D271A61BD7F",
      what: "The next one: two signatures from now on",
    },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.io, EXIT.notFound],
} as const satisfies CommandTable;

export const trustSignUpdateTable = {
  name: "trust sign-update",
  summary: "Add a signature to an update of trusted keys",
  description:
    "Shows what an update says and signs it. Read it: whoever signs vouches for every key that it adds. A key that has " +
    "signed already is refused.",
  positionals: { file: FILE },
  options: {
    ...SIGNER_OPTIONS,
    out: { kind: "path", arg: "FILE", help: "Where to write it; in place of FILE if left out." },
    "dry-run": DRY_RUN,
  },
  examples: [
    { line: "goferry trust sign-update keys-1.json --sign-key second/private.asc", what: "In place" },
    {
      line: "goferry trust sign-update keys-1.json --sign-with-gpg 9EF05226EC1428CDA626FF9248987D271A61BD7F --dry-run",
      what: "What would I sign?",
    },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.io, EXIT.notFound],
} as const satisfies CommandTable;

export const trustUpdateTable = {
  name: "trust update",
  summary: "Take over an update of trusted keys",
  description:
    "Changes which keys a root or a user trusts, as an update says that enough of the keys trusted so far have signed. " +
    "Refused are an update that is older than the last one, one that too few have signed, and one that would leave fewer " +
    "keys than must sign a bundle; then nothing has changed. Done again it changes nothing.",
  positionals: { file: FILE },
  options: { ...TRUST_PLACE, "dry-run": DRY_RUN },
  examples: [
    { line: "sudo goferry trust update keys-1.json", what: "For this machine" },
    { line: "goferry trust update keys-1.json --root /srv/go --dry-run", what: "What would it change?" },
    { line: "goferry trust update keys-1.json --user", what: "For this user" },
  ],
  exits: ROOT_EXITS.judged,
  changesRoot: true,
} as const satisfies CommandTable;
