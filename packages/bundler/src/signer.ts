// Signing, behind an interface, so that a key that never leaves a smart card or a gpg-agent can take its place.

import { createMessage, enums, sign } from "openpgp";
import { GoferryError, readTrustedKey, verifyDetached, type TrustedKey } from "@goferry/core";
import { GPG_2_2 } from "./keys.ts";
import type { UnlockedKey } from "./keys.ts";

export interface Signer {
  /** Of the primary key, 40 upper-case hex digits. */
  fingerprint: string;
  /** What hosts know of the key. @throws KEY_INVALID for a key that hosts refuse */
  publicKey(): Promise<TrustedKey>;
  /**
   * A detached signature over `data`: ASCII armor, type 0x00, version 4, SHA-512. `at` is when it says it was made,
   * to the second, and not earlier than the key; a signer that is a program of its own goes by its own clock.
   *
   * @throws GoferryError KEY_INVALID: the key may not sign at that time (expired, revoked, not made yet), or it is
   * of a kind that hosts refuse; GPG_FAILED
   */
  sign(data: Uint8Array, at: Date): Promise<string>;
}

/**
 * A signer that holds the key in memory. Every signature is verified before it is handed out, with the code that
 * hosts use: a fault while signing, or a key that hosts refuse, is found here and not behind the gap.
 */
export function keySigner({ fingerprint, key }: UnlockedKey): Signer {
  const publicKey = async (): Promise<TrustedKey> =>
    await readTrustedKey(key.toPublic().write(), fingerprint);
  return {
    fingerprint,
    publicKey,
    async sign(data, at) {
      try {
        const armored = await sign({
          message: await createMessage({ binary: data }),
          signingKeys: key,
          detached: true,
          date: at,
          config: { ...GPG_2_2, preferredHashAlgorithm: enums.hash.sha512 },
        });
        await verifyDetached({ armored: Buffer.from(armored), data, keys: [await publicKey()], at });
        return armored;
      } catch (cause) {
        throw new GoferryError("KEY_INVALID", {
          subject: fingerprint,
          message: "the key cannot make a signature that hosts accept",
          expected: `a key that may sign, at ${at.toISOString()}`,
          found: cause instanceof Error ? cause.message : String(cause),
          next: "Sign with another key, or make one with: goferry key generate",
          cause,
        });
      }
    },
  };
}
