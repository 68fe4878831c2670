// The signers that the flags of SIGNER_OPTIONS stand for: keys in files, and keys that only gpg can reach.

import { GoferryError } from "@goferry/core";
import { createRunner, gpgSigner, type Signer } from "@goferry/bundler";
import type { Context } from "./context.ts";
import { fingerprintArgument } from "./fingerprint-argument.ts";
import { openKeyFiles } from "./key-files.ts";

export interface SignerValues {
  readonly "sign-key": readonly string[];
  readonly "sign-with-gpg": readonly string[];
  readonly "passphrase-file": string | undefined;
}

/**
 * At least one signer, each with a key of its own.
 * @throws ARGUMENT_INVALID; KEY_INVALID, PASSPHRASE_MISSING, PASSPHRASE_WRONG, NOT_FOUND, IO_FAILED; GPG_MISSING, GPG_FAILED;
 * INTERRUPTED
 */
export async function openSigners(
  values: SignerValues,
  { terminal, signal }: Pick<Context, "terminal" | "signal">,
): Promise<Signer[]> {
  const [files, fingerprints] = [values["sign-key"], values["sign-with-gpg"]];
  if (files.length + fingerprints.length === 0) throw nobodySigns();
  const typed = fingerprints.map((text) => fingerprintArgument(text, "--sign-with-gpg"));
  const signers = await openKeyFiles(files, values["passphrase-file"], terminal);
  const { cwd, env, system } = terminal;
  const runner = createRunner(system.kill);
  for (const fingerprint of typed) {
    signers.push(await gpgSigner({ fingerprint, env, cwd, runner, signal }));
  }
  refuseTwice(signers);
  return signers;
}

function refuseTwice(signers: readonly Signer[]): void {
  const twice = signers.find(({ fingerprint }, i) =>
    signers.slice(0, i).some((signer) => signer.fingerprint === fingerprint),
  );
  if (twice === undefined) return;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: "--sign-key",
    message: "the same key is named twice",
    expected: "different keys, because hosts count the keys that have signed",
    found: twice.fingerprint,
  });
}

function nobodySigns(): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "--sign-key",
    message: "nobody has said who signs",
    expected: "--sign-key FILE, GOFERRY_SIGN_KEY or sign-key: in a config file; or --sign-with-gpg FPR",
    found: "nothing",
    next: "Make a key with: goferry key generate; or find one of yours with: gpg --list-secret-keys",
  });
}
