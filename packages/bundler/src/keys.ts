// The keys that sign bundles. They are made so that the oldest gpg in use, 2.2, can read them: version 4, EdDSA in
// its first OpenPGP form, no AEAD and no Argon2; the library's modern key types are refused there. A key without an
// encryption subkey is enough to sign, and cannot be mistaken for one to send secrets to.

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { decryptKey, enums, generateKey as generate, readPrivateKeys } from "openpgp";
import type { PartialConfig, PrivateKey } from "openpgp";
import { GoferryError } from "@goferry/core";
import { createFile } from "./output.ts";

export interface KeyRequest {
  /** As in `Site builds <builds@example.com>`: what hosts show when they verify. */
  name: string;
  email: string;
  /** Protects the private key; absent or empty, whoever reads the file can sign. */
  passphrase?: string | undefined;
  /** The time that the key says it was made; it verifies no earlier signature. */
  now: Date;
}

export interface KeyPair {
  /** Armored, the secret: for private.asc. */
  privateKey: string;
  /** Armored: for public.asc, which goes to every host. */
  publicKey: string;
  /** 40 upper-case hex digits. */
  fingerprint: string;
}

/** A private key that is ready to sign. Only `unlockKey` makes one. */
export interface UnlockedKey {
  /** Of the primary key, 40 upper-case hex digits. */
  fingerprint: string;
  key: PrivateKey;
}

/** What gpg 2.2 understands, whatever the library comes to prefer. */
export const GPG_2_2: PartialConfig = {
  v6Keys: false,
  aeadProtect: false,
  s2kType: enums.s2k.iterated,
  minRSABits: 2048,
};

/**
 * Makes a key that may certify and sign, and does not expire.
 *
 * @throws GoferryError ARGUMENT_INVALID: a name or an address that does not make a user ID
 */
export async function generateKey({ name, email, passphrase, now }: KeyRequest): Promise<KeyPair> {
  checkUserId(name, email);
  const { privateKey, publicKey } = await generate({
    type: "ecc",
    curve: "ed25519Legacy",
    userIDs: { name: name.trim(), email },
    ...(passphrase ? { passphrase } : {}),
    subkeys: [],
    date: now,
    format: "object",
    config: GPG_2_2,
  });
  return {
    privateKey: privateKey.armor(),
    publicKey: publicKey.armor(),
    fingerprint: publicKey.getFingerprint().toUpperCase(),
  };
}

/**
 * Reads an armored private key and takes off its passphrase; one that has none needs none. `subject` is what errors
 * call the file. No error repeats the passphrase.
 *
 * @throws GoferryError KEY_INVALID, PASSPHRASE_MISSING, PASSPHRASE_WRONG
 */
export async function unlockKey(
  armored: string,
  passphrase?: string,
  subject = "signing key",
): Promise<UnlockedKey> {
  const locked = await readOnlyKey(armored, subject);
  const fingerprint = locked.getFingerprint().toUpperCase();
  if (locked.isDecrypted()) return { fingerprint, key: locked };
  if (!passphrase) {
    throw new GoferryError("PASSPHRASE_MISSING", {
      subject,
      message: "the private key is protected by a passphrase, and none was given",
      expected: `the passphrase of ${fingerprint}`,
      next: "Set GOFERRY_KEY_PASSPHRASE, or run the command on a terminal and type it there.",
    });
  }
  try {
    return { fingerprint, key: await decryptKey({ privateKey: locked, passphrase, config: GPG_2_2 }) };
  } catch (error) {
    if (error instanceof Error && error.message.includes("Incorrect key passphrase")) {
      throw new GoferryError("PASSPHRASE_WRONG", {
        subject,
        message: "the passphrase does not open the private key",
        expected: `the passphrase of ${fingerprint}`,
        next: "Give the right passphrase; look for white space at its ends and for the keyboard layout.",
      });
    }
    throw keyInvalid(subject, "the private key cannot be unlocked", fingerprint, error);
  }
}

/**
 * Writes private.asc (mode 0600) and public.asc below `directory`, which is made if it is absent. Both or neither:
 * a key that somebody still needs is never overwritten.
 *
 * @throws GoferryError OUTPUT_EXISTS, IO_FAILED
 */
export async function writeKeyPair(
  directory: string,
  pair: Pick<KeyPair, "privateKey" | "publicKey">,
): Promise<{ privateFile: string; publicFile: string }> {
  const privateFile = join(directory, "private.asc");
  const publicFile = join(directory, "public.asc");
  try {
    await mkdir(directory, { recursive: true });
    await createFile(publicFile, pair.publicKey, 0o644);
  } catch (error) {
    throw outputRefused(publicFile, error);
  }
  try {
    await createFile(privateFile, pair.privateKey, 0o600);
  } catch (error) {
    await rm(publicFile, { force: true });
    throw outputRefused(privateFile, error);
  }
  return { privateFile, publicFile };
}

/** OpenPGP has one line for both: `Name <address>`. What breaks that line would break what hosts show. */
function checkUserId(name: string, email: string): void {
  const isName = /^[^<>()\p{Cc}\p{Cf}]{1,200}$/u.test(name) && name.trim() !== "";
  const isEmail = /^[^\s<>()@\p{Cc}\p{Cf}]{1,64}@[^\s<>()@\p{Cc}\p{Cf}]{1,190}$/u.test(email);
  if (isName && isEmail) return;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: isName ? "--email" : "--name",
    message: "this does not fit into the user ID of a key",
    expected: isName
      ? "an address such as builds@example.com"
      : "a name without < > ( ) and control characters",
    found: JSON.stringify(isName ? email : name),
    next: 'For example: --name "Site builds" --email builds@example.com',
  });
}

async function readOnlyKey(armored: string, subject: string): Promise<PrivateKey> {
  if (/^-----BEGIN PGP PUBLIC KEY BLOCK-----/m.test(armored)) {
    throw keyInvalid(
      subject,
      "the file holds a public key, which cannot sign; private.asc can",
      "a public key",
    );
  }
  let keys: PrivateKey[];
  try {
    keys = await readPrivateKeys({ armoredKeys: armored, config: GPG_2_2 });
  } catch (error) {
    throw keyInvalid(subject, "the file is not an armored OpenPGP private key", undefined, error);
  }
  const [key, ...others] = keys;
  if (key === undefined || others.length > 0) {
    throw keyInvalid(subject, "the file holds several private keys", `${keys.length} keys`);
  }
  return key;
}

function keyInvalid(subject: string, message: string, found?: string, cause?: unknown): GoferryError {
  return new GoferryError("KEY_INVALID", {
    subject,
    message,
    expected: "one armored OpenPGP private key",
    found: found ?? (cause instanceof Error ? cause.message : undefined),
    next: "Make one with: goferry key generate, or export yours: gpg --export-secret-keys --armor FINGERPRINT",
    cause,
  });
}

function outputRefused(path: string, cause: unknown): GoferryError {
  if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") {
    return new GoferryError("OUTPUT_EXISTS", {
      subject: path,
      message: "a key is there already, and a lost private key cannot be made again",
      next: "Name another folder with --out, or move the old key away yourself.",
    });
  }
  return new GoferryError("IO_FAILED", {
    subject: path,
    message: "the key could not be written",
    found: cause instanceof Error ? cause.message : String(cause),
    next: "Name a folder with --out that can be written to.",
    cause,
  });
}
