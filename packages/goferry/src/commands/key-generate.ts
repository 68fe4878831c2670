// `goferry key generate`: a key pair that signs bundles.

import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { generateKey, writeKeyPair } from "@goferry/bundler";
import { newPassphrase } from "../key-files.ts";
import { rowsText } from "../output/rows.ts";
import type { Run } from "../command.ts";
import type { keyGenerateTable } from "./tables/key-generate.ts";

export const keyGenerate: Run<typeof keyGenerateTable> = async (values, { terminal }) => {
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
    ["private", `${privateFile}, ${passphrase === undefined ? "without a passphrase" : "with a passphrase"}`],
    ["public", publicFile],
  ]);
  return {
    text: `Made a key for ${name} <${email}>\n${rows}`,
    json: { fingerprint, privateFile, publicFile, protected: passphrase !== undefined },
  };
};

function contradiction(): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "--no-passphrase",
    message: "the key cannot be without a passphrase and have the one in --passphrase-file",
    expected: "one of the two flags",
    found: "both",
  });
}
