// Records of Go's checksum database: for one version of a module, two lines in the form of go.sum, with the hash
// of the zip and the hash of the go.mod. A bundle carries no record: it is rebuilt from the unit, so what is
// proven to be in the log is exactly what will be installed. Format: golang.org/x/mod/sumdb/tlog (note.go).

import { visibleName } from "../archive/names.ts";
import { decodeBase64 } from "./note.ts";
import { HASH_SIZE, logMismatch } from "./tlog.ts";

/** What the log says about one version of a module. Both hashes are `h1:` and base64 (Go's dirhash Hash1). */
export interface LogRecord {
  path: string;
  version: string;
  /** Hash of the zip. */
  h1: string;
  /** Hash of the go.mod. */
  modH1: string;
}

/** An answer of `lookup/`, of which nothing is proven yet. */
export interface Lookup {
  /** Number of the record. */
  id: number;
  record: LogRecord;
  /** Signed note of a tree head that covers the record, to be opened by `openTreeHead`. */
  note: string;
}

/** The text of a record, as it is hashed into the log. Throws LOG_MISMATCH for values that no record can have. */
export function recordText({ path, version, h1, modH1 }: LogRecord): string {
  // Were spaces or newlines let in, two different records could have one text.
  const isName = /^[!-~]+$/.test(path) && /^[!-.0-~]+$/.test(version);
  if (!isName || !isHash(h1) || !isHash(modH1)) {
    throw logMismatch(
      visibleName(`${path}@${version}`),
      "no record of the checksum database can have these values",
      {
        expected: "path and version without spaces, two hashes of the form h1:base64",
        found: JSON.stringify({ h1, modH1 }),
      },
    );
  }
  return `${path} ${version} ${h1}\n${path} ${version}/go.mod ${modH1}\n`;
}

/**
 * Reads the answer to the lookup of this module: the record's number, its two lines, a blank line, a note.
 * Throws LOG_MISMATCH for another form and for the record of another module.
 */
export function parseLookup(
  answer: Uint8Array,
  { path, version }: { path: string; version: string },
): Lookup {
  const text = Buffer.from(answer).toString("utf8");
  const [, id = "", lines = "", note = ""] = /^(0|[1-9][0-9]*)\n(.+\n.+\n)\n([\s\S]+)$/.exec(text) ?? [];
  const [, h1 = "", modH1 = ""] = / (\S+)\n.* (\S+)\n$/.exec(lines) ?? [];
  const record = { path, version, h1, modH1 };
  if (Number.isSafeInteger(Number(id)) && lines !== "" && recordText(record) === lines) {
    return { id: Number(id), record, note };
  }
  throw logMismatch(`${path}@${version}`, "the checksum database's answer is not the record of this module", {
    expected: `a number, ${path} ${version} h1:…, ${path} ${version}/go.mod h1:…, a signed tree head`,
    found: JSON.stringify(text.slice(0, 200)),
  });
}

function isHash(text: string): boolean {
  return text.startsWith("h1:") && decodeBase64(text.slice(3))?.length === HASH_SIZE;
}
