// What is told of a key that has signed, so that somebody can decide whether it is the one they mean and still fit for use.

import type { Key, Subkey } from "openpgp";
import { END_OF_TIME, fingerprintOf, STRICT } from "./policy.ts";
import type { TrustedKey } from "./trusted-key.ts";

export interface KeyFacts {
  /** 40 upper-case hex digits. */
  fingerprint: string;
  /** As gpg names it: "rsa4096", "ed25519", "nistp256". */
  algorithm: string;
  created: Date;
  /** Null: never. */
  expires: Date | null;
}

/** Of a pinned key, and of the key or subkey of it that has signed. */
export interface SignerFacts {
  key: KeyFacts;
  signing: KeyFacts;
}

/** @param signingFingerprint of the key itself or of a subkey; the key's own facts stand for one that it does not have */
export async function signerFacts({ key }: TrustedKey, signingFingerprint: string): Promise<SignerFacts> {
  const subkey = key.subkeys.find((each) => fingerprintOf(each) === signingFingerprint);
  const own = factsOf(key, await key.getExpirationTime(undefined, STRICT));
  const signing =
    subkey === undefined ? own : factsOf(subkey, await subkey.getExpirationTime(END_OF_TIME, STRICT));
  return { key: own, signing };
}

function factsOf(part: Key | Subkey, expires: Date | number | null): KeyFacts {
  const { algorithm, bits, curve } = part.getAlgorithmInfo();
  return {
    fingerprint: fingerprintOf(part),
    algorithm: bits === undefined ? shortCurve(curve ?? algorithm) : `rsa${bits}`,
    created: part.getCreationTime(),
    expires: expires instanceof Date ? expires : null,
  };
}

/** The library has its own names, some of them with the version of the standard they are from. */
function shortCurve(name: string): string {
  return name.startsWith("ed25519") ? "ed25519" : name.toLowerCase();
}
