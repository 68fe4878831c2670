// The form of a signature, checked on its bytes before the library judges it: what other readers quietly accept
// (text mode, old hashes, several signatures, packets that nobody asked for) is refused with its name.

import { enums, readSignature } from "openpgp";
import type { Signature, SignaturePacket } from "openpgp";
import { GoferryError } from "../errors.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";
import { readArmor } from "./armor.ts";
import { onlyPacket } from "./packet.ts";
import { STRICT } from "./policy.ts";

/** A signature that has the right form and is not yet believed. */
export interface Claim {
  subject: string;
  signature: Signature;
  packet: SignaturePacket;
  /** When it says it was made, to the second. */
  created: Date;
  /** 16 upper-case hex digits. */
  keyId: string;
  /** 40 upper-case hex digits; signatures made before 2017 do not carry it. */
  fingerprint: string | undefined;
}

const ACCEPTED_HASHES = new Set<number>([enums.hash.sha256, enums.hash.sha384, enums.hash.sha512]);

const REFUSED_HASHES = new Map([
  [1, "MD5"],
  [2, "SHA-1"],
  [3, "RIPEMD-160"],
  [11, "SHA-224"],
]);

/**
 * Reads an armored file with one detached signature of type 0x00, version 4, by SHA-256, SHA-384 or SHA-512.
 *
 * @throws GoferryError SIGNATURE_INVALID
 */
export async function readClaim(armored: Uint8Array, subject: string): Promise<Claim> {
  const bytes = checkForm(armored, subject);
  const signature = await parse(bytes, subject);
  if (!isOneSpelling(bytes, signature)) {
    throw malformed(subject, "numbers with their own lengths", "another spelling of the same signature");
  }
  const [packet, ...others] = signature.packets;
  if (packet?.created == null || others.length > 0) {
    throw malformed(
      subject,
      "one signature that says when it was made",
      `${signature.packets.length} signatures`,
    );
  }
  const critical = packet.rawNotations.find((notation) => notation.critical);
  if (critical !== undefined) {
    const found = `the notation ${JSON.stringify(critical.name)}`;
    throw malformed(subject, "no notation that a reader must understand (critical)", found);
  }
  const keyId = packet.issuerKeyID.toHex().toUpperCase();
  const fingerprint =
    packet.issuerFingerprint === null
      ? undefined
      : Buffer.from(packet.issuerFingerprint).toString("hex").toUpperCase();
  if (fingerprint?.endsWith(keyId) === false) {
    throw malformed(subject, "one signer", `key ID ${keyId} and fingerprint ${fingerprint}`);
  }
  return { subject, signature, packet, created: packet.created, keyId, fingerprint };
}

/** RFC 9580 section 5.2.3: version, type, public-key algorithm and hash algorithm are the first four octets. */
function checkForm(armored: Uint8Array, subject: string): Uint8Array {
  if (armored.length > MAX_SIGNATURE_BYTES) {
    throw malformed(subject, `at most ${MAX_SIGNATURE_BYTES} bytes`, `${armored.length} bytes`);
  }
  const armor = readArmor(armored);
  if ("problem" in armor)
    throw malformed(subject, "one armored PGP SIGNATURE", `a file that ${armor.problem}`);
  if (armor.label !== "PGP SIGNATURE") throw malformed(subject, "PGP SIGNATURE", armor.label);
  const packet = onlyPacket(armor.bytes);
  if (packet?.tag !== enums.packet.signature) {
    throw malformed(subject, "exactly one signature packet", "several packets, or one of another kind");
  }
  const [version, type, , hash = 0] = packet.body;
  if (version !== 4) throw malformed(subject, "a signature of version 4", `version ${version}`);
  if (type !== enums.signature.binary) {
    const found = type === enums.signature.text ? "a text-mode signature (type 0x01)" : `type ${type}`;
    throw malformed(subject, "a signature over bytes (type 0x00)", found);
  }
  if (!ACCEPTED_HASHES.has(hash)) {
    throw malformed(
      subject,
      "SHA-256, SHA-384 or SHA-512",
      REFUSED_HASHES.get(hash) ?? `hash algorithm ${hash}`,
    );
  }
  return armor.bytes;
}

/** Lengths of numbers are not signed, and readers take wrong ones; what is written again has right ones. */
function isOneSpelling(bytes: Uint8Array, signature: Signature): boolean {
  const [one, other] = [onlyPacket(bytes), onlyPacket(signature.write())];
  return one !== undefined && other !== undefined && Buffer.compare(one.body, other.body) === 0;
}

async function parse(binarySignature: Uint8Array, subject: string): Promise<Signature> {
  try {
    return await readSignature({ binarySignature, config: { ...STRICT, ignoreUnsupportedPackets: false } });
  } catch (cause) {
    throw malformed(
      subject,
      "a signature that can be read",
      cause instanceof Error ? cause.message : String(cause),
    );
  }
}

function malformed(subject: string, expected: string, found: string): GoferryError {
  return new GoferryError("SIGNATURE_INVALID", {
    subject,
    message: "the signature is not of the form that goferry accepts",
    expected,
    found,
    next: "Have it built again with goferry, or sign the file again: gpg --digest-algo SHA512 --armor --detach-sign FILE",
  });
}
