// `goferry key generate`: a key pair that signs bundles.

import { join } from "node:path";
import { EXIT, GoferryError } from "@goferry/core";
import { generateKey, writeKeyPair } from "@goferry/bundler";
import { defineCommand } from "../command.ts";
import { newPassphrase } from "../key-files.ts";
import { rowsText } from "../output/rows.ts";

export const keyGenerate = defineCommand({
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
  async run(values, { terminal }) {
    const { name, email, out } = values;
    const file = values["passphrase-file"];
    if (values["no-passphrase"] && file !== undefined) throw contradiction();
    const files = { privateFile: join(out, "private.asc"), publicFile: join(out, "public.asc") };
    if (values["dry-run"]) {
      const text = `Would make a key for ${name} <${email}>: ${files.privateFile} and ${files.publicFile}`;
      return { text, json: { dryRun: true, ...files } };
    }
    const passphrase = values["no-passphrase"] ? undefined : await newPassphrase(file, terminal);
    const pair = await generateKey({ name, email, passphrase, now: terminal.now() });
    const { privateFile, publicFile } = await writeKeyPair(out, pair);
    const { fingerprint } = pair;
    const rows = rowsText([
      ["fingerprint", fingerprint],
      [
        "private",
        `${privateFile}, ${passphrase === undefined ? "without a passphrase" : "with a passphrase"}`,
      ],
      ["public", publicFile],
    ]);
    return {
      text: `Made a key for ${name} <${email}>\n${rows}`,
      json: { fingerprint, privateFile, publicFile, protected: passphrase !== undefined },
    };
  },
});

function contradiction(): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "--no-passphrase",
    message: "the key cannot be without a passphrase and have the one in --passphrase-file",
    expected: "one of the two flags",
    found: "both",
  });
}
