// Says why a tar header is refused, for the person who reads the refusal: ustar.ts only knows that some
// byte is not the one it would have written. The most telling difference is named first (a symbolic link
// also differs in its mode), and damage is told from another tar dialect by the header's own checksum.

import { GoferryError, type ErrorCode } from "../errors.ts";
import { visibleName } from "./names.ts";

interface Field {
  label: string;
  at: number;
  bytes: number;
  expected: string;
}

/** The fields of a ustar header (POSIX.1-1988), the most telling first. */
const FIELDS: readonly Field[] = [
  { label: "name", at: 0, bytes: 100, expected: "the path, or what follows its split, in ASCII" },
  { label: "prefix", at: 345, bytes: 155, expected: "the path up to the last slash that fits" },
  { label: "size", at: 124, bytes: 12, expected: "11 octal digits and NUL" },
  { label: "link target", at: 157, bytes: 100, expected: "nothing" },
  { label: "mode", at: 100, bytes: 8, expected: "0000644 or 0000755" },
  { label: "owner", at: 108, bytes: 8, expected: "0000000" },
  { label: "group", at: 116, bytes: 8, expected: "0000000" },
  { label: "owner's name", at: 265, bytes: 32, expected: "nothing" },
  { label: "group's name", at: 297, bytes: 32, expected: "nothing" },
  { label: "time", at: 136, bytes: 12, expected: "02263523000, which is 1980-01-01" },
  { label: "device", at: 329, bytes: 16, expected: "0000000 twice" },
  { label: "rest", at: 500, bytes: 12, expected: "zeros" },
  { label: "checksum", at: 148, bytes: 8, expected: "six octal digits, NUL and a space" },
];

const MAGIC: Field = { label: "magic", at: 257, bytes: 8, expected: "ustar, NUL, 00" };

const TYPES: Record<string, string> = {
  "\0": "a file of the old kind",
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a character device",
  "4": "a block device",
  "5": "a folder",
  "6": "a FIFO",
  g: "a global pax header",
  x: "a pax header",
  K: "a long link target of GNU tar",
  L: "a long name of GNU tar",
  S: "a sparse file",
};

const BLOCK = 512;
const TYPE = 156;

/**
 * Throws what is wrong with the one or three blocks of `found`, which are not those of `expected`.
 * @param path what `found` seems to name
 * @param expected the canonical header for what was read, or undefined if that has none of this length
 * @throws ENTRY_REFUSED, or BUNDLE_MALFORMED if this is no intact ustar header
 */
export function explainHeader(found: Buffer, path: string, expected: Buffer | undefined): never {
  const subject = path === "" ? "entry without a name" : visibleName(path);
  const isPax = found[TYPE] === 0x78;
  const bytes = isPax ? 3 * BLOCK : BLOCK;
  if (found.length < bytes) {
    refuse("BUNDLE_MALFORMED", subject, "length", {
      expected: `${bytes} bytes`,
      found: `${found.length} bytes`,
    });
  }
  for (const at of isPax ? [0, 2 * BLOCK] : [0]) {
    const block = found.subarray(at, at + BLOCK);
    explainBlock(block, subject, isPax && at === 0 ? "x" : "0");
    if (expected !== undefined) explainFields(block, expected.subarray(at, at + BLOCK), subject);
  }
  const record = found.toString("utf8", BLOCK, 2 * BLOCK).replace(/\0+$/, "");
  refuse("ENTRY_REFUSED", subject, "path", {
    expected: isPax ? "one pax record `path`, and only where ustar cannot hold the path" : "a path in ASCII",
    found: visibleName(isPax ? record : path),
  });
}

/** Refuses what is no intact header of the type that stands here. */
function explainBlock(block: Buffer, subject: string, type: string): void {
  if (block.toString("latin1", 257, 262) !== "ustar") {
    // Any file may have been given, a secret key too: nothing of it is shown.
    refuse("BUNDLE_MALFORMED", "tar header", MAGIC.label, { expected: MAGIC.expected, found: "other bytes" });
  }
  const checksum = Number.parseInt(block.toString("latin1", 148, 156), 8);
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (checksum !== sum) {
    refuse("BUNDLE_MALFORMED", subject, "checksum", {
      expected: `${sum} for these bytes`,
      found: `${checksum}`,
    });
  }
  const foundType = String.fromCharCode(block[TYPE] ?? 0);
  if (foundType !== type) {
    const name = TYPES[foundType] ?? `type ${JSON.stringify(foundType)}`;
    refuse("ENTRY_REFUSED", subject, "type", { expected: "a regular file", found: name });
  }
  if (block.toString("latin1", 257, 265) !== "ustar\x0000")
    refuseField("ENTRY_REFUSED", subject, MAGIC, block);
}

function explainFields(block: Buffer, expected: Buffer, subject: string): void {
  for (const field of FIELDS) {
    const end = field.at + field.bytes;
    if (expected.compare(block, field.at, end, field.at, end) !== 0) {
      refuseField("ENTRY_REFUSED", subject, field, block);
    }
  }
}

function refuseField(code: ErrorCode, subject: string, field: Field, block: Buffer): never {
  const found = block.toString("latin1", field.at, field.at + field.bytes);
  refuse(code, subject, field.label, {
    expected: field.expected,
    found: visibleName(found.replace(/\0+$/, "")),
  });
}

function refuse(
  code: ErrorCode,
  subject: string,
  label: string,
  is: { expected: string; found: string },
): never {
  throw new GoferryError(code, {
    subject,
    message: `The ${label} in a tar header is not as goferry writes it`,
    expected: is.expected,
    found: is.found,
    next: "Do not use this archive: copy it again, or have it built again with goferry build",
  });
}
