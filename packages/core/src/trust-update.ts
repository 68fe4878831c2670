// A trust update: a small document that changes which keys hosts trust, signed by keys that they trust already. So a
// key can be replaced on hundreds of hosts by carrying one file, and nobody has to type a fingerprint on each of them.
// FORMAT.md section 13 is its specification.

import * as z from "zod/mini";
import { digestOf, type Digest } from "./digest.ts";
import { GoferryError } from "./errors.ts";
import { FINGERPRINT, TIME } from "./format/fields.ts";
import { canonicalJson, parseCanonicalJson } from "./format/json.ts";
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES, MAX_UPDATE_BYTES } from "./limits.ts";
import { readTrustedKey } from "./signature/trusted-key.ts";
import {
  checkSignedSince,
  verifyDetached,
  type TrustedKey,
  type VerifiedSignature,
} from "./signature/verify.ts";

/** Says what the signed bytes are, so that a signature over them can never be one over something else. */
export const UPDATE_TYPE = "application/vnd.goferry.trust-update.v1+json";

const ADDED_KEY = z.strictObject({
  fingerprint: FINGERPRINT,
  /** The packets of the public key, base64. */
  key: z.base64().check(z.minLength(1), z.maxLength(MAX_UPDATE_BYTES)),
});

const UPDATE = z
  .strictObject({
    type: z.literal(UPDATE_TYPE),
    created: TIME,
    sequence: z.int().check(z.minimum(1)),
    minSignatures: z.optional(z.int().check(z.minimum(1), z.maximum(MAX_SIGNATURES))),
    add: z.array(ADDED_KEY).check(z.maxLength(MAX_SIGNATURES)),
    revoke: z.array(FINGERPRINT).check(z.maxLength(1000)),
  })
  .check(
    z.refine(({ add }) => isAscending(add.map(({ fingerprint }) => fingerprint)), {
      error: "keys in ascending order of their fingerprints, each once",
      path: ["add"],
    }),
    z.refine(({ revoke }) => isAscending(revoke), {
      error: "fingerprints in ascending order, each once",
      path: ["revoke"],
    }),
    z.refine(({ add, revoke }) => add.every(({ fingerprint }) => !revoke.includes(fingerprint)), {
      error: "no key that is added as well",
      path: ["revoke"],
    }),
  );

const UPDATE_FILE = z
  .strictObject({
    update: UPDATE,
    signatures: z
      .array(z.string().check(z.minLength(1), z.maxLength(MAX_SIGNATURE_BYTES)))
      .check(z.maxLength(MAX_SIGNATURES)),
  })
  .check(
    z.refine(({ signatures }) => new Set(signatures).size === signatures.length, {
      error: "different signatures",
      path: ["signatures"],
    }),
  );

export type TrustUpdate = z.infer<typeof UPDATE>;

/** An update, and who has signed it so far: armored, in the order in which they signed. */
export type TrustUpdateFile = z.infer<typeof UPDATE_FILE>;

/** An update that trusted keys vouch for. Only `verifyTrustUpdate` makes one. */
export interface VerifiedUpdate extends TrustUpdate {
  /** Of the signed bytes. */
  digest: Digest;
  /** The keys of `add`. */
  keys: TrustedKey[];
  /** One for each trusted key that signed. */
  signatures: VerifiedSignature[];
}

export interface UpdateTrust {
  /** The keys that are trusted before the update. */
  keys: readonly TrustedKey[];
  revoked: readonly string[];
  /** How many of them must have signed. */
  minSignatures: number;
  /** The clock of this machine. */
  now: Date;
}

/** The bytes that are signed: the canonical spelling of `update` alone. */
export function updateBytes(update: TrustUpdate): Uint8Array {
  return canonicalJson(update);
}

export function renderUpdateFile(file: TrustUpdateFile): Uint8Array {
  return canonicalJson(file);
}

/**
 * Reads an update without asking who signed it: to show it, or to add a signature.
 * @throws DOCUMENT_INVALID
 */
export function parseUpdateFile(bytes: Uint8Array, subject: string): TrustUpdateFile {
  if (bytes.length > MAX_UPDATE_BYTES) {
    throw new GoferryError("DOCUMENT_INVALID", {
      subject,
      message: "the file is too large for a trust update",
      expected: `at most ${MAX_UPDATE_BYTES} bytes`,
      found: `${bytes.length} bytes`,
      next: "Name the file that goferry trust make-update wrote",
    });
  }
  return parseCanonicalJson(bytes, UPDATE_FILE, subject);
}

/**
 * Reads an update and believes it if enough keys vouch for it that were trusted before. Its keys are read only then.
 * @throws DOCUMENT_INVALID, KEY_INVALID; SIGNATURE_MISSING, SIGNATURE_UNTRUSTED, SIGNATURE_INVALID, SIGNATURE_TIME
 */
export async function verifyTrustUpdate(
  bytes: Uint8Array,
  trust: UpdateTrust,
  subject: string,
): Promise<VerifiedUpdate> {
  const { update, signatures } = parseUpdateFile(bytes, subject);
  const data = updateBytes(update);
  const good = await trustedSignatures(signatures, { data, trust, subject });
  if (good.length < trust.minSignatures) throw tooFew(good, trust, subject);
  const created = new Date(update.created);
  for (const signature of good) checkSignedSince(signature, created, subject);
  return { ...update, digest: digestOf(data), keys: await readAddedKeys(update, subject), signatures: good };
}

/** The keys that an update brings. @throws DOCUMENT_INVALID, KEY_INVALID */
export async function readAddedKeys({ add }: TrustUpdate, subject: string): Promise<TrustedKey[]> {
  const keys: TrustedKey[] = [];
  for (const { fingerprint, key: base64 } of add) {
    const key = await readTrustedKey(Buffer.from(base64, "base64"), `${fingerprint} in ${subject}`);
    if (key.fingerprint !== fingerprint) {
      throw new GoferryError("DOCUMENT_INVALID", {
        subject,
        message: "the update calls a key by the fingerprint of another one",
        expected: fingerprint,
        found: key.fingerprint,
        next: "Do not use this file, and ask who made it",
      });
    }
    keys.push(key);
  }
  return keys;
}

/** As for a bundle (FORMAT.md section 8): a bad signature by a trusted key spoils all, one by somebody else is nothing. */
async function trustedSignatures(
  signatures: readonly string[],
  { data, trust, subject }: { data: Uint8Array; trust: UpdateTrust; subject: string },
): Promise<VerifiedSignature[]> {
  const { keys, revoked, now: at } = trust;
  const good = new Map<string, VerifiedSignature>();
  let foreign: GoferryError | undefined;
  for (const text of signatures) {
    try {
      const check = { armored: Buffer.from(text), data, keys, revoked, at, subject };
      const verified = await verifyDetached(check);
      good.set(verified.fingerprint, verified);
    } catch (error) {
      if (!(error instanceof GoferryError) || error.code !== "SIGNATURE_UNTRUSTED") throw error;
      foreign ??= error;
    }
  }
  if (good.size === 0 && foreign !== undefined) throw foreign;
  return [...good.values()];
}

function tooFew(good: readonly VerifiedSignature[], trust: UpdateTrust, subject: string): GoferryError {
  return new GoferryError("SIGNATURE_MISSING", {
    subject,
    message: "too few of the keys that are trusted now have signed the update",
    expected: `${trust.minSignatures} of ${trust.keys.map(({ fingerprint }) => fingerprint).join(", ")}`,
    found: good.length === 0 ? "none" : good.map(({ fingerprint }) => fingerprint).join(", "),
    next: "Have it signed with another trusted key: goferry trust sign-update FILE --sign-key KEY",
  });
}

function isAscending(texts: readonly string[]): boolean {
  return texts.every((text, i) => i === 0 || (texts[i - 1] ?? "") < text);
}
