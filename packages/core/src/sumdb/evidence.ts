// Log evidence: what a bundle carries so that a host without a network can tell that a unit is what Go's
// checksum database, and so everybody else, knows under that name. It holds even if the bundle's maker or its
// signing key was taken over: nobody but the database can sign a tree head.
//
// Needed are one tree head for the whole bundle, and for each unit the number of its record and its inclusion
// proof. The record itself is rebuilt from the unit's path, version and hashes.

import { GoferryError } from "../errors.ts";
import { decodeBase64, openNote, parseTreeHead, parseVerifier } from "./note.ts";
import { recordText, type LogRecord } from "./record.ts";
import { checkInclusion, HASH_SIZE, logMismatch, recordHash, type TreeHead } from "./tlog.ts";

/** Evidence of one unit, in the form that the bundle's contents have it. */
export interface LogEvidence {
  /** Number of the record in the log, from 0. */
  id: number;
  /** Inclusion proof in the bundle's tree head: its 32-byte hashes from leaf to root, joined, in base64. */
  proof: string;
  /** Hash of the zip for a unit that has none (kind gomod): only needed to rebuild the record, which has both. */
  h1?: string | undefined;
}

/** The part of a unit that the log knows. Either the unit or its evidence has `h1`, never both. */
export type LoggedUnit = Omit<LogRecord, "h1"> & { h1?: string | undefined };

/**
 * Checks that the unit, with exactly these hashes, is in the log under the tree head. Throws LOG_MISMATCH,
 * with the module as subject.
 */
export function verifyEvidence({
  unit,
  evidence,
  head,
}: {
  unit: LoggedUnit;
  evidence: LogEvidence;
  head: TreeHead;
}): void {
  const { path, version, modH1 } = unit;
  const subject = `${path}@${version}`;
  const h1 = unit.h1 ?? evidence.h1;
  if (h1 === undefined || (unit.h1 !== undefined && evidence.h1 !== undefined)) {
    throw logMismatch(
      subject,
      "the hash of the zip must stand in the unit or, without a zip, in its evidence",
      {
        expected: "one h1",
        found: h1 === undefined ? "none" : "two",
      },
    );
  }
  const leaf = recordHash(recordText({ path, version, h1, modH1 }));
  try {
    checkInclusion(decodeProof(evidence.proof, subject), head, evidence.id, leaf, subject);
  } catch (error) {
    throw withHashes(error, { subject, id: evidence.id, h1, modH1 });
  }
}

/** So that somebody can look the record up elsewhere, and see which of the two is the true one. */
function withHashes(
  error: unknown,
  { subject, id, h1, modH1 }: { subject: string; id: number; h1: string; modH1: string },
): unknown {
  if (!(error instanceof GoferryError)) return error;
  const { message, expected = "", found = "" } = error;
  const claim = `record ${id} with ${h1} and go.mod ${modH1}`;
  return logMismatch(subject, message, { expected, found: `${found}, from ${claim}`, cause: error });
}

/**
 * Checks the signed note of a tree head and reads it. `vkey` is a verifier key in the syntax of GOSUMDB.
 * Throws LOG_MISMATCH, and ARGUMENT_INVALID for a key that cannot be read.
 */
export function openTreeHead(note: string, vkey: string): TreeHead {
  return parseTreeHead(openNote(note, parseVerifier(vkey)));
}

/** Writes an inclusion proof as LogEvidence has it. */
export function encodeProof(proof: readonly Uint8Array[]): string {
  return Buffer.concat(proof).toString("base64");
}

/** Reads the hashes of a proof. Throws LOG_MISMATCH. */
export function decodeProof(text: string, subject: string): Uint8Array[] {
  const bytes = decodeBase64(text);
  if (bytes === undefined || bytes.length % HASH_SIZE !== 0) {
    throw logMismatch(subject, "the proof cannot be read", {
      expected: `base64 of hashes of ${HASH_SIZE} bytes`,
      found: JSON.stringify(text.slice(0, 80)),
    });
  }
  return Array.from({ length: bytes.length / HASH_SIZE }, (_, i) =>
    bytes.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE),
  );
}
