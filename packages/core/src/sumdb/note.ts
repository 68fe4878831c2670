// Signed notes, the form in which Go's checksum database states what its log holds: a text, a blank line, and
// signature lines `— name base64`, where the base64 is four bytes of key hash and an Ed25519 signature of the
// text. Specified by golang.org/x/mod/sumdb/note and golang.org/x/mod/sumdb/tlog (note.go).
//
// A note arrives through a proxy or in a bundle, so only the canonical spelling of each part is accepted: no
// byte of a note can be changed without its being refused.

import { createPublicKey, hash, verify, type KeyObject } from "node:crypto";
import { GoferryError } from "../errors.ts";
import { HASH_SIZE, logMismatch, type TreeHead } from "./tlog.ts";

/** The key of sum.golang.org, as the go command carries it (cmd/go/internal/modfetch/key.go). */
export const SUM_GOLANG_ORG_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

/** A key that notes are checked with. */
export interface Verifier {
  /** Name of the database, such as sum.golang.org. */
  name: string;
  /** The first four bytes of the SHA-256 of name and key: tells keys of one name apart. */
  keyHash: Uint8Array;
  key: KeyObject;
}

/** Ed25519, the only kind of key that notes have. */
const ED25519 = 1;

/** More signature lines than this are refused, as Go does. */
const MAX_SIGNATURES = 100;

/** Reads a verifier key in the syntax of GOSUMDB, `name+hash+base64key`. Throws ARGUMENT_INVALID. */
export function parseVerifier(vkey: string): Verifier {
  const [, name = "", hex = "", base64 = ""] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/i.exec(vkey) ?? [];
  const key = decodeBase64(base64);
  if (key?.[0] !== ED25519 || key.length !== 33) {
    throw invalidKey(vkey, "name+hash+key with an Ed25519 key");
  }
  const keyHash = hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), key]), "buffer").subarray(0, 4);
  if (keyHash.toString("hex") !== hex.toLowerCase()) {
    throw invalidKey(vkey, `the hash ${keyHash.toString("hex")} between name and key`);
  }
  const x = Buffer.from(key.subarray(1)).toString("base64url");
  return { name, keyHash, key: createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } }) };
}

/**
 * Checks a note and returns its text, final newline included. At least one signature must be by the verifier's
 * key, and each that claims to be must be good; signatures by other keys count for nothing. Throws LOG_MISMATCH.
 */
export function openNote(note: string, verifier: Verifier): string {
  const split = note.lastIndexOf("\n\n");
  // oxlint-disable-next-line no-control-regex -- the format excludes exactly these
  if (split < 0 || !note.endsWith("\n") || !note.isWellFormed() || /[\0-\x09\x0b-\x1f]/.test(note)) {
    throw malformed(verifier, "text, a blank line and signature lines");
  }
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) throw malformed(verifier, `at most ${MAX_SIGNATURES} signatures`);
  const own = lines
    .map((line) => parseSignature(line, verifier))
    .filter(({ name, keyHash }) => name === verifier.name && Buffer.compare(keyHash, verifier.keyHash) === 0);
  const keyName = `${verifier.name}+${Buffer.from(verifier.keyHash).toString("hex")}`;
  if (own.length === 0) {
    throw logMismatch(subjectOf(verifier), "the note is not signed by the key of this checksum database", {
      expected: `a signature by ${keyName}`,
      found: `other signatures only (${lines.length})`,
    });
  }
  if (!own.every(({ signature }) => verify(null, Buffer.from(text), verifier.key, signature))) {
    throw logMismatch(subjectOf(verifier), "the signature of the note is wrong", {
      expected: `a signature by ${keyName} of exactly this text`,
      found: "a signature of something else",
    });
  }
  return text;
}

/** The text of a note, whoever signed it: all up to the last blank line. It proves nothing: see `openNote`. */
export function noteText(note: string): string {
  return note.slice(0, note.lastIndexOf("\n\n") + 1);
}

/**
 * Reads the text of a tree head: `go.sum database tree`, the number of records, the hash of the root in base64.
 * Further lines are left to later versions of the format, as its specification says. Throws LOG_MISMATCH.
 */
export function parseTreeHead(text: string): TreeHead {
  const [title, size = "", base64 = "", ...rest] = text.split("\n");
  const root = decodeBase64(base64);
  const isSize = /^(0|[1-9][0-9]*)$/.test(size) && Number.isSafeInteger(Number(size));
  if (title !== "go.sum database tree" || !isSize || root?.length !== HASH_SIZE || rest.at(-1) !== "") {
    throw logMismatch("tree head of the checksum database", "the text is not that of a tree head", {
      expected: "go.sum database tree, a number of records, a hash",
      found: JSON.stringify(text.slice(0, 120)),
    });
  }
  return { size: Number(size), hash: root };
}

/** Decodes standard base64 with padding; undefined unless it is the canonical spelling of its bytes. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

/** One signature line. The line of another key may hold what it likes, but must have the form. */
function parseSignature(
  line: string,
  verifier: Verifier,
): { name: string; keyHash: Uint8Array; signature: Uint8Array } {
  const [, name = "", base64 = ""] = /^— ([^\s+]+) (\S+)$/.exec(line) ?? [];
  const bytes = decodeBase64(base64);
  if (bytes === undefined || bytes.length < 5)
    throw malformed(verifier, "signature lines of dash, name and base64");
  return { name, keyHash: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

function subjectOf(verifier: Verifier): string {
  return `signed note of ${verifier.name}`;
}

function malformed(verifier: Verifier, expected: string): GoferryError {
  return logMismatch(subjectOf(verifier), "what should be a signed note has another form", { expected });
}

function invalidKey(vkey: string, expected: string): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "key of the checksum database",
    message: "the key cannot be read",
    expected,
    // Not the whole: what was given may be the private key (PRIVATE+KEY+…).
    found: `${vkey.split("+", 1)[0]}+…`,
    next: "Give the key in the syntax of GOSUMDB: name+hash+key",
  });
}
