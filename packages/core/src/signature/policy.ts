// What goferry accepts from OpenPGP, in one place: the library's settings, made stricter. The same for the keys
// that an administrator pins and for the signatures made by them.

import { config, enums } from "openpgp";
import type { Config, Key } from "openpgp";

const WEAK_HASHES = new Set([enums.hash.md5, enums.hash.ripemd, enums.hash.sha1]);

/**
 * Settings for every judgement of a key or a signature. gpg replaces the self-signature of a key when its expiry
 * is changed; such a key carries no statement from before, and is judged at the first one it has (`allowInsecure…`
 * is the library's name for that: its own keys never need it).
 */
export const STRICT: Config = {
  ...config,
  minRSABits: 2048,
  rejectHashAlgorithms: WEAK_HASHES,
  rejectMessageHashAlgorithms: WEAK_HASHES,
  allowInsecureVerificationWithReformattedKeys: true,
};

/** Revocations count whatever hash they were made with: refusing a weak one would keep a revoked key alive. */
const REVOCATIONS: Config = { ...STRICT, rejectHashAlgorithms: new Set() };

/** The latest moment of a JavaScript date, so that no statement lies in its future. */
export const END_OF_TIME = new Date(8.64e15);

/**
 * True when the key, or its subkey `signing`, carries a valid revocation. Reason and date do not matter: whoever
 * holds a stolen key can date a signature back, and "superseded" is what careful people write about lost keys too.
 */
export async function isRevoked(key: Key, signing: ReturnType<Key["getKeys"]>[number]): Promise<boolean> {
  if (await key.isRevoked(undefined, undefined, END_OF_TIME, REVOCATIONS)) return true;
  if (!("bindingSignatures" in signing)) return false;
  for (const binding of signing.bindingSignatures) {
    if (await signing.isRevoked(binding, key.keyPacket, END_OF_TIME, REVOCATIONS)) return true;
  }
  return false;
}

/** A fingerprint as goferry writes it everywhere: upper-case hex, no spaces. */
export function fingerprintOf(key: { getFingerprint(): string }): string {
  return key.getFingerprint().toUpperCase();
}
