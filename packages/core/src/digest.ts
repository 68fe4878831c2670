// SHA-256 in the two spellings that the format has: bare hexadecimal (chunks, file hashes) and OCI's `sha256:…`.

import { hash } from "node:crypto";

/** `sha256:` and 64 lower-case hexadecimal digits (OCI image-spec, descriptor.md). */
export type Digest = `sha256:${string}`;

/** 64 lower-case hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${sha256Hex(bytes)}`;
}

/** The hexadecimal part. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}
