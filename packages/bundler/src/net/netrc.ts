// Passwords for servers, from the file that curl, git and the go command read (GNU inetutils, "The .netrc file").
// The reader is strict: a file that it does not understand whole is refused, because a password that is attributed to
// the wrong machine is a password given away. Like the go command it has no `default` entry: a login that goes to
// every server ever asked is not what somebody who wrote it for FTP had in mind.
import { GoferryError } from "@goferry/core";

export interface Credentials {
  readonly login: string;
  readonly password: string;
}

/** Credentials by host name, in lower case. */
export type Netrc = ReadonlyMap<string, Credentials>;

/**
 * Reads the text of a netrc file. Of several entries for a machine the first one counts, as in the go command; an
 * entry without login or password is left out. `name` is the file's name, for the message.
 * @throws GoferryError ARGUMENT_INVALID with file and line, never with a word of the content.
 */
export function parseNetrc(text: string, name: string): Netrc {
  const found = new Map<string, Credentials>();
  for (const entry of entries(text, name)) {
    const { machine, login, password } = entry;
    if (machine === undefined || login === undefined || password === undefined) continue;
    const host = machine.toLowerCase();
    if (!found.has(host)) found.set(host, { login, password });
  }
  return found;
}

interface Entry {
  /** Undefined for the `default` entry. */
  machine?: string;
  login?: string;
  password?: string;
}

/** Keywords with a value; those that name no field of an entry are read over. */
const FIELDS: Readonly<Record<string, "login" | "password" | "ignored">> = {
  login: "login",
  user: "login",
  password: "password",
  passwd: "password",
  account: "ignored",
  port: "ignored",
  protocol: "ignored",
};

function entries(text: string, name: string): Entry[] {
  const list: Entry[] = [];
  const lines = text.split(/\r?\n/u);
  /** A keyword whose value may stand on a later line. */
  let pending: { field: keyof Entry | "ignored"; line: number } | undefined;
  for (let number = 0; number < lines.length; number++) {
    const words = (lines[number] ?? "").split(/[ \t]+/u).filter((word) => word !== "");
    for (const [position, word] of words.entries()) {
      if (pending !== undefined) {
        const entry = list.at(-1);
        if (pending.field !== "ignored" && entry !== undefined) entry[pending.field] = word;
        pending = undefined;
        continue;
      }
      // A comment stands where a keyword could; a password may well begin with "#".
      if (word.startsWith("#")) break;
      if (word === "machine") {
        list.push({});
        pending = { field: "machine", line: number };
      } else if (word === "default") {
        list.push({});
      } else if (word === "macdef") {
        if (position + 2 !== words.length)
          throw unreadable(name, number, "a macro without a name of its own line");
        number = endOfMacro(lines, number);
        break;
      } else {
        const field = Object.hasOwn(FIELDS, word) ? FIELDS[word] : undefined;
        if (field === undefined) throw unreadable(name, number, "an unknown keyword");
        if (list.length === 0) throw unreadable(name, number, "a value that belongs to no machine");
        pending = { field, line: number };
      }
    }
  }
  if (pending !== undefined) throw unreadable(name, pending.line, "a keyword without a value");
  return list;
}

/** The line of the blank line that ends a macro that starts at `line`, or the last one. */
function endOfMacro(lines: readonly string[], line: number): number {
  const blank = lines.findIndex((text, index) => index > line && text.trim() === "");
  return blank === -1 ? lines.length : blank;
}

function unreadable(name: string, line: number, found: string): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: `${name}:${line + 1}`,
    message: "the netrc file cannot be read, so no password in it is used",
    expected: "machine NAME login NAME password WORD, without spaces in them and without quotes around them",
    found,
    next: "Correct that line, or name another file in NETRC.",
  });
}
