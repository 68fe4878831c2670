// Hosts count the keys that have signed. A second signature of one key looks like another one in a listing and counts for
// nothing, so it is not made.

import { GoferryError, MAX_SIGNATURES, verifyDetached, type TrustedKey } from "@goferry/core";

export interface Signed {
  /** The signed bytes. */
  data: Uint8Array;
  /** Armored. */
  signatures: readonly Uint8Array[];
  /** The clock of this machine. */
  now: Date;
  /** The file, for messages. */
  subject: string;
}

/**
 * Makes sure that the key, or a subkey of it, has not signed yet, and that there is room for its signature.
 * @throws ALREADY_SIGNED; SIGNATURE_INVALID for a signature that claims this key and does not hold: no host that trusts it
 * would accept the file
 */
export async function refuseSecond(
  key: TrustedKey,
  { data, signatures, now, subject }: Signed,
): Promise<void> {
  for (const armored of signatures) {
    if (!(await isBy(key, { armored, data, at: now, subject }))) continue;
    throw new GoferryError("ALREADY_SIGNED", {
      subject,
      message: "this key has signed it already",
      expected: "a key that has not signed yet, because hosts count different keys",
      found: `${key.fingerprint} (${key.userIds[0] ?? ""})`,
      next: "Have the owner of another key sign",
    });
  }
  if (signatures.length < MAX_SIGNATURES) return;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject,
    message: "there is no room for another signature",
    expected: `at most ${MAX_SIGNATURES}`,
    found: `${signatures.length}`,
    next: "Start from the file as it was before some of them signed",
  });
}

async function isBy(
  key: TrustedKey,
  check: { armored: Uint8Array; data: Uint8Array; at: Date; subject: string },
): Promise<boolean> {
  try {
    await verifyDetached({ ...check, keys: [key] });
    return true;
  } catch (error) {
    if (error instanceof GoferryError && error.code === "SIGNATURE_UNTRUSTED") return false;
    throw error;
  }
}
