// Config files: where they are, and whose they may be. What stands in them: config-yaml.ts.

import { open } from "node:fs/promises";
import { GoferryError } from "@goferry/core";
import type { Config } from "./config-yaml.ts";
import type { OptionTable } from "./option.ts";

export interface ConfigPlace {
  required: boolean;
  /** Of the user, where the file counts without being named: then it must be his, or root's. */
  uid?: number | undefined;
}

/**
 * Reads a config file; undefined when there is none and it is not `required`.
 * @throws ARGUMENT_INVALID with line and column; NOT_FOUND, IO_FAILED; PERMISSION_DENIED
 */
export async function readConfig(
  file: string,
  { settings, ...place }: ConfigPlace & { settings: OptionTable },
): Promise<Config | undefined> {
  const text = await readText(file, place);
  if (text === undefined) return undefined;
  // Most machines have no config file, and need no reader of YAML.
  const { parseConfig } = await import("./config-yaml.ts");
  return parseConfig(text, file, settings);
}

async function readText(file: string, { required, uid }: ConfigPlace): Promise<string | undefined> {
  try {
    await using handle = await open(file);
    const { uid: owner, mode } = await handle.stat();
    if (uid !== undefined) refuseForeign(file, { owner, mode, uid });
    return await handle.readFile("utf8");
  } catch (cause) {
    if (cause instanceof GoferryError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "an error";
    const isAbsent = code === "ENOENT" || code === "ENOTDIR";
    if (isAbsent && !required) return undefined;
    throw new GoferryError(isAbsent ? "NOT_FOUND" : "IO_FAILED", {
      subject: file,
      message: isAbsent ? "there is no such config file" : "the config file cannot be read",
      found: isAbsent ? undefined : code,
      next: required
        ? "Correct its name, after --answers or in GOFERRY_CONFIG."
        : "Make it readable, or remove it.",
      cause,
    });
  }
}

/** `sudo` may leave HOME as it was: then another user's `key:` would say whose signatures root believes. */
function refuseForeign(
  file: string,
  { owner, mode, uid }: { owner: number; mode: number; uid: number },
): void {
  const isOwn = owner === uid || owner === 0;
  if (isOwn && (mode & 0o002) === 0) return;
  throw new GoferryError("PERMISSION_DENIED", {
    subject: file,
    message: "others than this user can change the settings in this file",
    expected: `a file of uid ${uid} or of root that not everybody may write`,
    found: `owner uid ${owner}, mode ${(mode & 0o7777).toString(8)}`,
    next: isOwn
      ? `chmod o-w ${file}`
      : "Run the command as its owner, or with a home folder of this user's own: sudo -H; or name the file in GOFERRY_CONFIG.",
  });
}
