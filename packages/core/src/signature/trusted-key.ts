// The door through which keys enter: bytes of a file that an administrator names, in; a key that may be trusted,
// out. What is wrong with a key is said here, once, so that a failed verification is never about the key file.

import { readKeys } from "openpgp";
import type { Key, PublicKey, Subkey } from "openpgp";
import { GoferryError } from "../errors.ts";
import { looksArmored, readArmor } from "./armor.ts";
import { END_OF_TIME, fingerprintOf, isRevoked, STRICT } from "./policy.ts";

/** A public key that somebody with authority pinned. Only `readTrustedKey` makes one. */
export interface TrustedKey {
  /** Of the primary key: 40 upper-case hex digits. */
  fingerprint: string;
  /** The user IDs that the key itself has signed, control characters replaced. */
  userIds: string[];
  created: Date;
  /** Absent when the key does not expire. An expired key still verifies what it signed before. */
  expires?: Date;
  key: PublicKey;
}

/** Bytes. A key with many signatures of others has a few hundred thousand. */
const MAX_KEY_BYTES = 4 << 20;

const STRONG_ALGORITHMS = new Set(["rsaEncryptSign", "rsaSign", "ecdsa", "eddsaLegacy", "ed25519", "ed448"]);

/**
 * Reads a file with one OpenPGP public key, armored or binary, version 4. `subject` is what errors call the file.
 *
 * @throws GoferryError KEY_INVALID: not a key, several keys, a secret key, RSA below 2048 bits, DSA or ElGamal, no
 * self-signature by SHA-256 or better, revoked, neither it nor a subkey may sign.
 */
export async function readTrustedKey(file: Uint8Array, subject = "public key"): Promise<TrustedKey> {
  const key = await parseOnlyKey(file, subject);
  const fingerprint = fingerprintOf(key);
  if (key.isPrivate()) {
    throw keyInvalid(subject, "the file holds a secret key, and only a public key may be trusted", {
      expected: "a public key",
      found: `the secret key ${fingerprint}`,
      next: `Name public.asc, the file made beside it, or make one: gpg --export --armor ${fingerprint} > public.asc`,
    });
  }
  checkStrength(key, subject);
  if (await isRevoked(key, key)) {
    throw keyInvalid(subject, "the key is revoked", {
      found: fingerprint,
      next: `Make sure that no host trusts it: goferry trust revoke ${fingerprint}; and ask its owner for the new one`,
    });
  }
  const expires = await key.getExpirationTime(undefined, STRICT);
  const userIds = await selfSignedUserIds(key);
  if (expires === null || userIds.length === 0) {
    throw keyInvalid(subject, "the key has no valid self-signature", {
      expected: "a user ID signed by the key itself with SHA-256 or better",
      found: fingerprint,
      next: `Its owner renews it with: gpg --cert-digest-algo SHA256 --quick-set-expire ${fingerprint} 2y`,
    });
  }
  if (!(await maySign(key))) {
    throw keyInvalid(subject, "nothing may be signed with this key", {
      expected: "a key, or a subkey that is neither revoked nor weak, with the right to sign data",
      found: `${fingerprint}, which is for other uses`,
      next: `Its owner adds a subkey that signs: gpg --quick-add-key ${fingerprint} ed25519 sign; or uses another key`,
    });
  }
  const common = { fingerprint, userIds, created: key.getCreationTime(), key };
  return expires instanceof Date ? { ...common, expires } : common;
}

/** For a key that was revoked on this host, whatever its file says. @throws KEY_REVOKED */
export function refuseRevoked({ fingerprint }: TrustedKey, revoked: readonly string[]): void {
  if (!revoked.includes(fingerprint)) return;
  throw new GoferryError("KEY_REVOKED", {
    subject: fingerprint,
    message: "this key was revoked here, and never counts again",
    expected: "a key that is not revoked",
    next: "Use the key that took its place; if there is none yet: goferry key generate",
  });
}

/**
 * Whether the key, or a subkey of it, might sign at any time. One that is for encryption, or only certifies, would be
 * pinned for nothing, and every bundle refused for a reason that is hard to see then.
 */
async function maySign(key: Key): Promise<boolean> {
  const certifications = key.users.flatMap((user) => user.selfCertifications);
  for (const part of key.getKeys()) {
    if (await isRevoked(key, part)) continue;
    const statements = "bindingSignatures" in part ? part.bindingSignatures : [];
    const times = [...certifications, ...statements].flatMap(({ created }) => created ?? []);
    for (const time of times) {
      if (await isSigningKey(key, part, time)) return true;
    }
  }
  return false;
}

async function isSigningKey(key: Key, part: Key | Subkey, time: Date): Promise<boolean> {
  try {
    const found = await key.getSigningKey(part.getKeyID(), time, undefined, STRICT);
    return fingerprintOf(found) === fingerprintOf(part);
  } catch {
    // The library throws where there is none.
    return false;
  }
}

/** A user ID fit for a terminal: whoever made the key chose its bytes. */
export function printableUserId(userId: string): string {
  return userId.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\uFFFD");
}

async function parseOnlyKey(file: Uint8Array, subject: string): Promise<Key> {
  if (file.length > MAX_KEY_BYTES) {
    throw keyInvalid(subject, "the file is too large for a key", {
      expected: `at most ${MAX_KEY_BYTES} bytes`,
      found: `${file.length} bytes`,
      next: "Name the file of the signer's public key, such as public.asc",
    });
  }
  let keys: Key[];
  try {
    keys = await readKeys({ binaryKeys: keyPackets(file, subject), config: STRICT });
  } catch (cause) {
    if (cause instanceof GoferryError) throw cause;
    throw keyInvalid(subject, "the file is not an OpenPGP key that can be read", {
      expected: "an OpenPGP public key of version 4",
      found: cause instanceof Error ? cause.message : String(cause),
      next: "Export the key again: gpg --export --armor FINGERPRINT > public.asc",
      cause,
    });
  }
  const [key, ...others] = keys;
  if (key === undefined || others.length > 0) {
    throw keyInvalid(subject, "the file holds several keys", {
      expected: "one key",
      found: keys.map(fingerprintOf).join(", "),
      next: "Write the one to trust into a file of its own: gpg --export --armor FINGERPRINT > public.asc",
    });
  }
  return key;
}

function keyPackets(file: Uint8Array, subject: string): Uint8Array {
  if (!looksArmored(file)) return file;
  const armor = readArmor(file);
  if ("bytes" in armor && /^PGP (?:PUBLIC|PRIVATE) KEY BLOCK$/.test(armor.label)) return armor.bytes;
  throw keyInvalid(subject, "the file is not an OpenPGP public key", {
    expected: "one block of PGP PUBLIC KEY BLOCK and nothing else",
    found: "label" in armor ? `a block of ${armor.label}` : `a file that ${armor.problem}`,
    next: "Export the key again: gpg --export --armor FINGERPRINT > public.asc",
  });
}

function checkStrength(key: Key, subject: string): void {
  const { algorithm, bits, curve } = key.getAlgorithmInfo();
  const isWeak =
    !STRONG_ALGORITHMS.has(algorithm) ||
    (bits !== undefined && bits < STRICT.minRSABits) ||
    curve === "secp256k1" ||
    key.keyPacket.version !== 4;
  if (!isWeak) return;
  throw keyInvalid(subject, "keys of this kind are not accepted", {
    expected: `version 4; RSA of ${STRICT.minRSABits} bits or more, Ed25519 or ECDSA`,
    found: [`version ${key.keyPacket.version}`, algorithm, bits && `${bits} bits`, curve]
      .filter(Boolean)
      .join(", "),
    next: "Make a new key, for example: goferry key generate --name NAME --email EMAIL --out keys",
  });
}

async function selfSignedUserIds(key: Key): Promise<string[]> {
  const users = await key.verifyAllUsers(undefined, END_OF_TIME, STRICT);
  return users
    .filter((user) => user.valid === true && user.userID)
    .map((user) => printableUserId(user.userID));
}

function keyInvalid(
  subject: string,
  message: string,
  detail: { expected?: string; found?: string; next?: string; cause?: unknown },
): GoferryError {
  return new GoferryError("KEY_INVALID", { subject, message, ...detail });
}
