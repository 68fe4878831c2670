// The files of public keys that somebody trusts.

import { readFile } from "node:fs/promises";
import { GoferryError, readTrustedKey, type TrustedKey } from "@goferry/core";

/** @throws KEY_INVALID, NOT_FOUND, IO_FAILED */
export async function readTrustedKeys(files: readonly string[]): Promise<TrustedKey[]> {
  const keys: TrustedKey[] = [];
  for (const file of files) keys.push(await readTrustedKey(await readKeyFile(file), file));
  return keys;
}

/** @throws NOT_FOUND, IO_FAILED */
export async function readKeyFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "an error";
    const isAbsent = code === "ENOENT" || code === "ENOTDIR";
    throw new GoferryError(isAbsent ? "NOT_FOUND" : "IO_FAILED", {
      subject: file,
      message: isAbsent ? "there is no such file" : "the file cannot be read",
      found: isAbsent ? undefined : code,
      next: isAbsent ? "Check the path of the key." : "Make it readable for this user, or name another file.",
      cause,
    });
  }
}
