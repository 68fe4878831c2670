// The text of a PATH value: entries divided by semicolons, one of which may be quoted and then hold a semicolon itself.
// An entry is put in or taken out, and every other character stays where it is: no tidying of other people's PATH.

import { expand } from "./environment.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Windows reads no longer variable (SetEnvironmentVariable), and no environment is longer in all. */
export const PATH_LIMIT = 32_767;

/** What the dialog of older systems, their logon and many installers can still hold: beyond it some of them cut. */
export const PATH_SAFE = 2047;

/** The entries as they stand there, empty ones too; a semicolon at the end begins no other. */
export function pathEntries(text: string): string[] {
  const entries: string[] = [];
  let entry = "";
  let isQuoted = false;
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted;
    if (character !== ";" || isQuoted) {
      entry += character;
      continue;
    }
    entries.push(entry);
    entry = "";
  }
  return entry === "" ? entries : [...entries, entry];
}

/** Whether an entry means the folder: without case, quotes, variables and a backslash at the end. */
export function isFolder(entry: string, folder: string, env: Environment): boolean {
  return plain(expand(entry, env)) === plain(folder);
}

function plain(folder: string): string {
  return folder.replaceAll('"', "").trim().replaceAll("/", "\\").replace(/\\+$/, "").toLowerCase();
}

/**
 * The text with `folder` as one more entry; the same text where it is one already.
 * @param at the entry in front of which it goes; at the end if left out
 */
export function withFolder(text: string, folder: string, env: Environment, at?: number): string {
  const entries = pathEntries(text);
  if (entries.some((entry) => isFolder(entry, folder, env))) return text;
  if (at === undefined || at >= entries.length)
    return text === "" || text.endsWith(";") ? text + folder : `${text};${folder}`;
  return [...entries.slice(0, at), folder, ...entries.slice(at)].join(";") + (text.endsWith(";") ? ";" : "");
}

/** The text without the entries that mean `folder`. */
export function withoutFolder(text: string, folder: string, env: Environment): string {
  const entries = pathEntries(text);
  const rest = entries.filter((entry) => !isFolder(entry, folder, env));
  if (rest.length === entries.length) return text;
  return rest.join(";") + (text.endsWith(";") && rest.length > 0 ? ";" : "");
}
