// Detached OpenPGP signatures, the root of a bundle's trust. Only what stock gpg makes and checks by default is
// let in (claim.ts). The library decides whether a signature holds; the code around it makes sure that nothing else
// counts as one and that a refusal names its cause. Keys are judged at the time of the signature: a bundle does not
// become invalid because a key expires.

import { createMessage, enums, verify } from "openpgp";
import type { Key, Subkey } from "openpgp";
import { GoferryError } from "../errors.ts";
import { CLOCK_TOLERANCE } from "../limits.ts";
import { readClaim } from "./claim.ts";
import type { Claim } from "./claim.ts";
import { hashSigned } from "./hash-signed.ts";
import { fingerprintOf, isRevoked, STRICT } from "./policy.ts";
import { printableUserId } from "./trusted-key.ts";
import type { TrustedKey } from "./trusted-key.ts";

export { readTrustedKey } from "./trusted-key.ts";
export type { TrustedKey } from "./trusted-key.ts";

export interface DetachedCheck {
  /** The signature file: ASCII armor with one signature. */
  armored: Uint8Array;
  /** The signed bytes; as a stream where they are too many for memory. It is not read if the signer is not pinned. */
  data: Uint8Array | AsyncIterable<Uint8Array>;
  /** The pinned keys; a signature by any other key is refused. */
  keys: readonly TrustedKey[];
  /**
   * Fingerprints of keys that were revoked here, 40 upper-case hex digits. None of them counts, pinned or not, whenever
   * the signature says it was made: who has stolen a key dates as he likes.
   */
  revoked?: readonly string[] | undefined;
  /**
   * The clock of this machine. With it, a signature from more than CLOCK_TOLERANCE ahead and one past its own expiry
   * are refused; without it, neither is looked at.
   */
  at?: Date;
  /** What errors call the thing that is verified. */
  subject?: string;
}

export interface VerifiedSignature {
  /** Of the primary key, 40 upper-case hex digits: the `fingerprint` of one of the pinned keys. */
  fingerprint: string;
  /** Of the key or subkey that made the signature. */
  signingFingerprint: string;
  /** When the signature says it was made, to the second. */
  created: Date;
  /** The primary user ID of the key, fit for a terminal. */
  userId: string;
}

/**
 * Checks that `armored` is a signature over `data` by one of the pinned `keys`.
 *
 * @throws GoferryError SIGNATURE_INVALID (not one binary v4 signature with SHA-256 or better, or it does not match
 * the bytes), SIGNATURE_UNTRUSTED (by a key that is not pinned, that is revoked, or that might not sign at that
 * time), SIGNATURE_TIME (past its own expiry); CLOCK_BEHIND for one that holds, and was made in the future; what reading
 * `data` throws
 */
export async function verifyDetached(check: DetachedCheck): Promise<VerifiedSignature> {
  const subject = check.subject ?? "signature";
  const claim = await readClaim(check.armored, subject);
  // Who signed comes first: the time of a signature that does not count anyway is nobody's business.
  const issuers = pinnedIssuers(claim, check);
  checkExpiry(claim, check.at);
  const data = check.data instanceof Uint8Array ? check.data : await hashSigned(claim.packet, check.data);
  let refusal: unknown;
  for (const issuer of issuers) {
    try {
      const verified = await verifyBy(issuer, claim, data);
      // Last of all: only a signature that holds says something about a clock.
      return beforeNow(verified, check.at, subject);
    } catch (error) {
      refusal = error;
    }
  }
  throw refusal;
}

interface Issuer {
  trusted: TrustedKey;
  signing: Key | Subkey;
}

/**
 * Checks that a signature is not older than what it signs, by more than the clocks of two machines may differ: then it
 * was made for something else, or its key was not there any more when it was needed.
 * @param made when the signed thing says it was made
 * @throws SIGNATURE_TIME
 */
export function checkSignedSince(
  { fingerprint, created }: VerifiedSignature,
  made: Date,
  subject: string,
): void {
  if (created.getTime() >= made.getTime() - CLOCK_TOLERANCE) return;
  throw new GoferryError("SIGNATURE_TIME", {
    subject,
    message: `the signature by ${fingerprint} is older than what it signs`,
    expected: `a time not more than a day before ${made.toISOString()}`,
    found: created.toISOString(),
    next: "Ask the signer to look at the clock of the machine that signs, and for a new signature.",
  });
}

function checkExpiry({ subject, packet }: Claim, at: Date | undefined): void {
  if (at === undefined) return;
  const expires = packet.getExpirationTime();
  if (expires instanceof Date && expires <= at) {
    throw new GoferryError("SIGNATURE_TIME", {
      subject,
      message: "the signature has expired",
      expected: `an expiry after ${at.toISOString()}, the clock of this machine`,
      found: expires.toISOString(),
      next: "Ask the signer for a new signature.",
    });
  }
}

/** A stolen key can date a signature as it likes; this catches broken clocks, on either side. */
function beforeNow(verified: VerifiedSignature, at: Date | undefined, subject: string): VerifiedSignature {
  const { created, fingerprint, userId } = verified;
  if (at === undefined || created.getTime() <= at.getTime() + CLOCK_TOLERANCE) return verified;
  throw new GoferryError("CLOCK_BEHIND", {
    subject,
    message:
      "the signature is good, and from the future by the clock of this machine: one of the two clocks is wrong",
    expected: `a clock that shows ${created.toISOString()} or later, when ${fingerprint} (${userId}) signed`,
    found: at.toISOString(),
    next: "Compare this machine's clock with a watch and set it. If it is right, do not change it: the signer's clock is ahead, or somebody else has the key.",
  });
}

/** Key IDs are short enough to collide, so the full fingerprint decides wherever the signature carries it. */
function pinnedIssuers(claim: Claim, { keys, revoked = [] }: DetachedCheck): Issuer[] {
  const { subject, keyId, fingerprint } = claim;
  const pinnedKeys = keys.filter((key) => !revoked.includes(key.fingerprint));
  const issuers = issuersAmong(pinnedKeys, claim);
  if (issuers.length > 0) return issuers;
  const [dead] = issuersAmong(keys, claim);
  const lost = dead?.trusted.fingerprint ?? revoked.find((each) => each.endsWith(fingerprint ?? keyId));
  if (lost !== undefined) throw revokedHere(subject, lost);
  const pinned = pinnedKeys.map((key) => `${key.fingerprint} (${key.userIds[0]})`).join(", ");
  throw new GoferryError("SIGNATURE_UNTRUSTED", {
    subject,
    message: "the signature was made by a key that is not trusted here",
    expected: pinned === "" ? "a trusted key, and none is named" : `a signature by ${pinned}`,
    found: fingerprint === undefined ? `key ID ${keyId}` : `key ID ${keyId}, fingerprint ${fingerprint}`,
    next: "Get the signer's public key by a way you trust, compare its fingerprint, and name it with --key or goferry trust add.",
  });
}

function issuersAmong(keys: readonly TrustedKey[], { keyId, fingerprint }: Claim): Issuer[] {
  return keys.flatMap((trusted) =>
    trusted.key
      .getKeys()
      .map((signing) => ({ trusted, signing }))
      .filter(({ signing }) => fingerprintOf(signing).endsWith(fingerprint ?? keyId)),
  );
}

function revokedHere(subject: string, found: string): GoferryError {
  return new GoferryError("SIGNATURE_UNTRUSTED", {
    subject,
    message: "the key that made the signature is revoked here",
    expected: "a signature by a key that is not revoked",
    found,
    next: "Have the bundle signed with another trusted key; a revoked one never counts again.",
  });
}

async function verifyBy(issuer: Issuer, claim: Claim, data: Uint8Array): Promise<VerifiedSignature> {
  const { trusted, signing } = issuer;
  if (await isRevoked(trusted.key, signing)) throw untrusted(issuer, claim, "it is revoked");
  const date = momentOfJudgement(issuer, claim);
  const { signatures } = await verify({
    message: await createMessage({ binary: data }),
    signature: claim.signature,
    verificationKeys: trusted.key,
    date,
    format: "binary",
    config: STRICT,
  });
  // Results are promises that reject: one that nobody awaits would pass for a signature that holds.
  const results = await Promise.allSettled(signatures.map((signature) => signature.verified));
  if (results.length !== 1 || results[0]?.status !== "fulfilled" || !results[0].value) {
    throw await explain(
      issuer,
      claim,
      data,
      results[0]?.status === "rejected" ? results[0].reason : undefined,
    );
  }
  const { user } = await trusted.key.getPrimaryUser(date, undefined, STRICT);
  return {
    fingerprint: trusted.fingerprint,
    signingFingerprint: fingerprintOf(signing),
    created: claim.created,
    userId: printableUserId(user.userID?.userID ?? ""),
  };
}

/**
 * The time of the signature; or, if the key's own statements about itself are all younger because its expiry was
 * changed since, the time of the first of them. What the library asks then is the same: did the key allow this?
 */
function momentOfJudgement({ trusted, signing }: Issuer, { created }: Claim): Date {
  const certifications = trusted.key.users.flatMap((user) => user.selfCertifications);
  const bindings = "bindingSignatures" in signing ? signing.bindingSignatures : certifications;
  const firsts = [certifications, bindings].map((statements) =>
    Math.min(...statements.map((statement) => statement.created?.getTime() ?? Infinity)),
  );
  return new Date(Math.max(created.getTime(), ...firsts.filter(Number.isFinite)));
}

/** The library has refused; this finds out whether the bytes or the key are to blame. */
async function explain(
  issuer: Issuer,
  claim: Claim,
  data: Uint8Array,
  reason: unknown,
): Promise<GoferryError> {
  const why = reason instanceof Error ? reason.message : "no result";
  const [literal] = (await createMessage({ binary: data })).packets;
  const date = momentOfJudgement(issuer, claim);
  try {
    if (literal === undefined) throw new Error("no literal data");
    await claim.packet.verify(issuer.signing.keyPacket, enums.signature.binary, literal, date, true, STRICT);
  } catch (cause) {
    return new GoferryError("SIGNATURE_INVALID", {
      subject: claim.subject,
      message:
        "the signature does not match the bytes: they were changed after signing, or it signs something else",
      expected: `the bytes that ${issuer.trusted.fingerprint} (${issuer.trusted.userIds[0]}) signed`,
      found: why,
      next: "Copy the files again from where they were made, and compare their SHA-256 with the signer's.",
      cause,
    });
  }
  return untrusted(issuer, claim, "it was not valid for signing at that time", why);
}

function untrusted({ trusted, signing }: Issuer, claim: Claim, message: string, why = ""): GoferryError {
  const time = claim.created.toISOString();
  return new GoferryError("SIGNATURE_UNTRUSTED", {
    subject: claim.subject,
    message: `the key that made the signature does not count: ${message}`,
    expected: `a signature by a key that may sign, at ${time}`,
    found: [`key ${fingerprintOf(signing)} of ${trusted.fingerprint} (${trusted.userIds[0]})`, why]
      .filter((part) => part !== "")
      .join(": "),
    next: "Ask the signer for a signature by a valid key.",
  });
}
