// Go's hash of a module's tree, the `h1:` of go.sum and of the checksum database: x/mod
// sumdb/dirhash.Hash1. It covers names and contents, no modes, times or zip bytes. The text that is hashed
// is kept by hosts, because with it a changed file can be named where the hash alone says only "changed".

import { hash } from "node:crypto";
import { compareNames, visibleName } from "./archive/names.ts";
import { GoferryError } from "./errors.ts";

export interface HashedFile {
  /** Name as Go hashes it, for a module `path@version/` (see zipPrefix) and the name in the tree. */
  name: string;
  /** SHA-256 of the content, 64 lower-case hexadecimal digits. */
  sha256: string;
}

/**
 * The `h1:` of a tree, whatever the order of the files.
 * @throws as dirhashLines does
 */
export function dirhash(files: Iterable<HashedFile>): string {
  return hashLines(dirhashLines(files));
}

/**
 * The text whose SHA-256 the `h1:` is, as sha256sum prints it: one line for each file, sorted by name
 * in byte order: digest, two spaces, name, newline.
 * @throws ENTRY_REFUSED for a name with a newline or one that is there twice; INTERNAL for a digest of another form
 */
export function dirhashLines(files: Iterable<HashedFile>): string {
  const sorted = [...files].sort((a, b) => compareNames(a.name, b.name));
  let text = "";
  let previous: string | undefined;
  for (const { name, sha256 } of sorted) {
    if (name.includes("\n")) refuse("ENTRY_REFUSED", name, "a name without newlines", "a newline");
    if (name === previous) refuse("ENTRY_REFUSED", name, "each name once", "the name twice");
    if (!HEX_SHA256.test(sha256)) refuse("INTERNAL", name, "a SHA-256 in lower-case hexadecimal", sha256);
    text += `${sha256}  ${name}\n`;
    previous = name;
  }
  return text;
}

/** The `h1:` of the text that dirhashLines gives. */
export function hashLines(lines: string): string {
  return `h1:${hash("sha256", lines, "base64")}`;
}

/** The `h1:` of a lone go.mod file, go.sum's `path version/go.mod h1:…` (cmd/go modfetch goModSum). */
export function goModHash(bytes: Uint8Array): string {
  return dirhash([{ name: "go.mod", sha256: hash("sha256", bytes, "hex") }]);
}

const HEX_SHA256 = /^[0-9a-f]{64}$/;

function refuse(code: "ENTRY_REFUSED" | "INTERNAL", name: string, expected: string, found: string): never {
  throw new GoferryError(code, {
    subject: visibleName(name),
    message: "The hash of a tree cannot be taken over this file",
    expected,
    found: visibleName(found),
    next:
      code === "INTERNAL" ? "Report this as a bug of goferry" : "Change the name where the tree comes from",
  });
}
