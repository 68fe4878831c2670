// One key from two files of it. Files of a key that lie around are of different age, and the older one may lack the
// revocation of a subkey: what a host has once known of a key must not be forgotten because somebody brings that file.

import { STRICT } from "./policy.ts";
import { readTrustedKey, type TrustedKey } from "./trusted-key.ts";

/**
 * The key with all subkeys, self-signatures and revocations that either file has. Both are of the same fingerprint.
 * @throws KEY_INVALID when together they are not a key that may be trusted
 */
export async function mergeTrustedKeys(known: TrustedKey, added: TrustedKey): Promise<TrustedKey> {
  const merged = await known.key.update(added.key, undefined, STRICT);
  return await readTrustedKey(merged.write(), known.fingerprint);
}

/** The key as a file of its own: armored, as gpg reads it. */
export function armoredKey({ key }: TrustedKey): string {
  return key.armor().replaceAll("\r\n", "\n");
}
