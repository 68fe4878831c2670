// Trust updates on the connected side: which keys hosts shall trust from now on, as one document that the owners of the
// keys they trust now sign, one after the other. FORMAT.md section 13.

import {
  GoferryError,
  parseUpdateFile,
  readAddedKeys,
  renderUpdateFile,
  updateBytes,
  UPDATE_TYPE,
  verifyDetached,
  type TrustedKey,
  type TrustUpdate,
  type TrustUpdateFile,
} from "@goferry/core";
import { readFile } from "node:fs/promises";
import { diskError, errorCode } from "./net/disk-error.ts";
import { draftOf } from "./output.ts";
import { refuseSecond } from "./second-signature.ts";
import type { Signer } from "./signer.ts";

export interface UpdateRequest {
  /** The last update that was made for these hosts: its keys and revocations are said again, and more. */
  after: TrustUpdate | undefined;
  add: readonly TrustedKey[];
  /** Fingerprints, 40 upper-case hex digits. */
  revoke: readonly string[];
  /** As before if left out. */
  minSignatures: number | undefined;
  /** One above that of `after` if left out; 1 for the first. */
  sequence: number | undefined;
  now: Date;
}

/** @throws ARGUMENT_INVALID for an update that says nothing, or is no later than the last; KEY_REVOKED; KEY_INVALID for an expired key */
export function makeUpdate(request: UpdateRequest): TrustUpdate {
  const { after, add, revoke, now } = request;
  const minSignatures = request.minSignatures ?? after?.minSignatures;
  const sequence = sequenceOf(request);
  if (add.length + revoke.length === 0 && request.minSignatures === undefined) throw saysNothing();
  const revoked = new Set([...(after?.revoke ?? []), ...revoke]);
  for (const key of add) {
    if (revoked.has(key.fingerprint)) throw revokedBefore(key.fingerprint);
    refuseExpired(key, now);
  }
  const keys = new Map((after?.add ?? []).map((each) => [each.fingerprint, each]));
  for (const { fingerprint, key } of add) {
    keys.set(fingerprint, { fingerprint, key: Buffer.from(key.write()).toString("base64") });
  }
  return {
    type: UPDATE_TYPE,
    created: now.toISOString().replace(/\.\d{3}Z$/u, "Z"),
    sequence,
    ...(minSignatures === undefined ? {} : { minSignatures }),
    add: [...keys.values()]
      .filter(({ fingerprint }) => !revoked.has(fingerprint))
      .toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
    revoke: [...revoked].toSorted(),
  };
}

/**
 * The file with the signatures of more keys.
 * @throws ALREADY_SIGNED; DOCUMENT_INVALID, KEY_INVALID for an update that no host would take; what the signers throw
 */
export async function signUpdate(
  file: TrustUpdateFile,
  { signers, now, subject }: { signers: readonly Signer[]; now: Date; subject: string },
): Promise<TrustUpdateFile> {
  const data = updateBytes(file.update);
  await readAddedKeys(file.update, subject);
  const signatures = [...file.signatures];
  for (const signer of signers) {
    const key = await signer.publicKey();
    const there = signatures.map((text) => Buffer.from(text));
    await refuseSecond(key, { data, signatures: there, now, subject });
    const armored = await signer.sign(data, now);
    await verifyDetached({ armored: Buffer.from(armored), data, keys: [key], at: now });
    signatures.push(armored);
  }
  return { update: file.update, signatures };
}

/** @throws NOT_FOUND, IO_FAILED, DOCUMENT_INVALID */
export async function readUpdateFile(file: string): Promise<TrustUpdateFile> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw diskError(error, file);
    throw new GoferryError("NOT_FOUND", {
      subject: file,
      message: "there is no such file",
      next: "Name the file that goferry trust make-update wrote",
      cause: error,
    });
  });
  return parseUpdateFile(bytes, file);
}

/** Replaces what is at `out`, whole or not at all. @throws DISK_FULL, IO_FAILED */
export async function writeUpdateFile(out: string, file: TrustUpdateFile): Promise<void> {
  await using draft = draftOf(out);
  await draft.write([renderUpdateFile(file)]);
  await draft.place();
}

function sequenceOf({ after, sequence }: UpdateRequest): number {
  const least = (after?.sequence ?? 0) + 1;
  if (sequence === undefined) return least;
  if (sequence >= least) return sequence;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: "--sequence",
    message: "hosts take only an update that is later than the last one",
    expected: `${least} or more`,
    found: `${sequence}`,
    next: "Leave it out: it follows from --after",
  });
}

function saysNothing(): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "command line",
    message: "the update would change nothing",
    expected: "--add KEYFILE, --revoke FPR or --min-signatures N",
    found: "none of them",
    next: "See: goferry trust make-update --help",
  });
}

/** Hosts do not ask: what an earlier update added may have expired since, and the next one says it again. */
function refuseExpired({ fingerprint, expires }: TrustedKey, now: Date): void {
  if (expires === undefined || expires > now) return;
  throw new GoferryError("KEY_INVALID", {
    subject: fingerprint,
    message: "the key has expired, so nothing new can be signed with it",
    expected: `an expiry after ${now.toISOString()}`,
    found: expires.toISOString(),
    next: `Renew it: gpg --quick-set-expire ${fingerprint} 2y; and export it again`,
  });
}

function revokedBefore(fingerprint: string): GoferryError {
  return new GoferryError("KEY_REVOKED", {
    subject: fingerprint,
    message: "a key that is revoked, in this update or an earlier one, cannot be added",
    expected: "a key that is not revoked",
    next: "Make a new key: goferry key generate",
  });
}
