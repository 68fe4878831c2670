// The private keys that sign. Passphrases come from a file, from the environment, or from somebody who types them; never
// from the command line, which every user can read.

import { GoferryError } from "@goferry/core";
import { keySigner, unlockKey, type Signer, type UnlockedKey } from "@goferry/bundler";
import { PASSPHRASE_VARIABLE } from "./machine.ts";
import { askSecret, canAsk } from "./prompt.ts";
import type { Terminal } from "./terminal.ts";
import { readKeyFile } from "./trusted-key-files.ts";

/** How often a wrong passphrase may be typed. */
const ATTEMPTS = 3;

/** @throws KEY_INVALID, PASSPHRASE_MISSING, PASSPHRASE_WRONG, NOT_FOUND, IO_FAILED, INTERRUPTED */
export async function openKeyFiles(
  files: readonly string[],
  passphraseFile: string | undefined,
  terminal: Terminal,
): Promise<Signer[]> {
  const given = await givenPassphrase(passphraseFile, terminal);
  const signers: Signer[] = [];
  for (const file of files) {
    const armored = Buffer.from(await readKeyFile(file)).toString("utf8");
    signers.push(keySigner(await unlock(armored, { file, given, terminal })));
  }
  return signers;
}

/**
 * The passphrase for a new key: from the file or the environment, or typed twice. `--yes` is no answer here: a key
 * without a passphrase must be asked for by that name.
 * @throws PASSPHRASE_MISSING, ARGUMENT_INVALID (typed differently, or empty), NOT_FOUND, IO_FAILED, INTERRUPTED
 */
export async function newPassphrase(file: string | undefined, terminal: Terminal): Promise<string> {
  const given = await givenPassphrase(file, terminal);
  if (given !== undefined) return given;
  if (!canAsk(terminal)) {
    throw new GoferryError("PASSPHRASE_MISSING", {
      subject: "new key",
      message: "the new key needs a passphrase, and there is no terminal to ask on",
      expected: `${PASSPHRASE_VARIABLE}, or --passphrase-file FILE`,
      found: "neither",
      next: "Give one of them, or accept a key that whoever reads the file can use: --no-passphrase",
    });
  }
  const typed = await askSecret(terminal, "Passphrase for the new key: ");
  if (typed === "") throw noPassphrase("nothing");
  if (typed === (await askSecret(terminal, "The same again: "))) return typed;
  throw noPassphrase("two different passphrases");
}

function noPassphrase(found: string): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "passphrase",
    message: "no key was made",
    expected: "the same passphrase twice",
    found,
    next: "Run the command again; for a key without a passphrase, add --no-passphrase.",
  });
}

interface Unlocking {
  file: string;
  given: string | undefined;
  terminal: Terminal;
}

async function unlock(armored: string, { file, given, terminal }: Unlocking): Promise<UnlockedKey> {
  try {
    return await unlockKey(armored, given, file);
  } catch (error) {
    if (!isCode(error, "PASSPHRASE_MISSING") || !canAsk(terminal)) throw error;
  }
  for (let attempt = 1; ; attempt++) {
    const typed = await askSecret(terminal, `Passphrase for ${file}: `);
    try {
      return await unlockKey(armored, typed, file);
    } catch (error) {
      const isRetry = isCode(error, "PASSPHRASE_WRONG") || isCode(error, "PASSPHRASE_MISSING");
      if (!isRetry || attempt === ATTEMPTS) throw error;
      terminal.stderr.write("That is not its passphrase.\n");
    }
  }
}

async function givenPassphrase(file: string | undefined, { env }: Terminal): Promise<string | undefined> {
  if (file === undefined) return env[PASSPHRASE_VARIABLE] || undefined;
  const [line = ""] = Buffer.from(await readKeyFile(file))
    .toString("utf8")
    .split(/\r?\n/u, 1);
  if (line !== "") return line;
  throw new GoferryError("PASSPHRASE_MISSING", {
    subject: file,
    message: "the first line of the passphrase file is empty",
    expected: "the passphrase on the first line",
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof GoferryError && error.code === code;
}
