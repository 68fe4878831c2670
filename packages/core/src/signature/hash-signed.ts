// The digest of signed bytes that come as a stream. The library would hold an archive of 70 MB three times in memory; it
// takes a digest that was made elsewhere, though, as its own reading of one-pass signatures does (RFC 9580 section 5.4).
// Should a later version not look at that digest, it verifies against no bytes at all, and refuses.

import { createHash } from "node:crypto";
import { enums } from "openpgp";
import type { SignaturePacket } from "openpgp";
import { GoferryError } from "../errors.ts";

const HASHES = new Map<number, string>([
  [enums.hash.sha256, "sha256"],
  [enums.hash.sha384, "sha384"],
  [enums.hash.sha512, "sha512"],
]);

/**
 * Hashes `data` as a version 4 signature of type 0x00 does (RFC 9580 section 5.2.4) and leaves the digest with the packet.
 * Returns what is to be verified in place of the data: nothing.
 *
 * @throws what reading `data` throws
 */
export async function hashSigned(
  packet: SignaturePacket,
  data: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const { signatureData, hashAlgorithm } = packet;
  const name = hashAlgorithm === null ? undefined : HASHES.get(hashAlgorithm);
  if (name === undefined || signatureData === null) {
    throw new GoferryError("INTERNAL", { subject: "signature", message: "its form was not checked before" });
  }
  const hash = createHash(name);
  for await (const chunk of data) hash.update(chunk);
  const end = Buffer.from([4, 0xff, 0, 0, 0, 0]);
  end.writeUInt32BE(signatureData.length, 2);
  const digest = new Uint8Array(hash.update(signatureData).update(end).digest());
  Object.assign(packet, { hashed: Promise.resolve(digest) });
  return new Uint8Array();
}
