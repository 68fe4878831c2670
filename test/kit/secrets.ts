// Looks for passwords where none may be: in what was printed, in command lines, in files.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface Login {
  user: string;
  password: string;
}

export interface SecretFinder {
  /** Those that are in the text, in any of the forms that they travel in. */
  inText(text: string): string[];
  /** The files below a folder that hold one, without those below `except`. */
  inFiles(folder: string, except: string): Promise<string[]>;
}

/** Finds the passwords of these logins: as they are, as in a URL, and as in a header (RFC 7617). */
export function secretFinder(...logins: readonly Login[]): SecretFinder {
  const secrets = logins.flatMap(({ user, password }) => [
    password,
    encodeURIComponent(password),
    Buffer.from(`${user}:${password}`).toString("base64"),
  ]);
  const inText = (text: string): string[] => secrets.filter((secret) => text.includes(secret));
  return {
    inText,
    async inFiles(folder, except) {
      const found: string[] = [];
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (!entry.isFile() || path.startsWith(except)) continue;
        if (inText(await readFile(path, "latin1")).length > 0) found.push(path);
      }
      return found;
    },
  };
}

/** A URL with the login in it, as HTTPS_PROXY and GOPROXY take it. */
export function withLogin(url: string, { user, password }: Login): string {
  return url.replace("//", `//${encodeURIComponent(user)}:${encodeURIComponent(password)}@`);
}
