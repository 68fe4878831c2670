// `goferry key generate` as the command line and the help know it; what it does is in ../key-generate.ts.

import { EXIT } from "@goferry/core";
import type { CommandTable } from "../../command.ts";

export const keyGenerateTable = {
  name: "key generate",
  summary: "Make a key pair that signs bundles",
  description:
    "Makes an OpenPGP key that signs bundles: private.asc stays where bundles are built, public.asc goes to every " +
    "host by a way you trust. Stock gpg reads both.\n\n" +
    "The passphrase is asked for on the terminal, or taken from GOFERRY_KEY_PASSPHRASE or --passphrase-file.",
  positionals: {},
  options: {
    name: { kind: "text", arg: "NAME", help: "Whose key it is; hosts show this.", required: true },
    email: { kind: "text", arg: "ADDRESS", help: "Whom to ask about it; hosts show this.", required: true },
    out: {
      kind: "path",
      arg: "DIR",
      help: "Folder for private.asc and public.asc; a key that is there is never overwritten.",
      required: true,
    },
    "passphrase-file": {
      kind: "path",
      arg: "FILE",
      help: "File with the passphrase on its first line.",
      setting: true,
    },
    "no-passphrase": { kind: "flag", help: "Make a key that whoever reads private.asc can use." },
    "dry-run": { kind: "flag", help: "Say what would be done, and change nothing." },
  },
  examples: [
    {
      line: 'goferry key generate --name "Site builds" --email builds@example.com --out keys',
      what: "On a terminal, which asks for a passphrase",
    },
    {
      line: 'goferry key generate --name "Site builds" --email builds@example.com --out keys --passphrase-file /run/secrets/key',
      what: "In a script",
    },
  ],
  exits: [EXIT.usage, EXIT.io, EXIT.notFound],
} as const satisfies CommandTable;
