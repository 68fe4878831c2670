// Logins for servers by the rules of GOAUTH (`go help goauth`; cmd/go/internal/auth), because `go mod download` runs
// beside us: what lets the one in must let the other in. A list of methods, the first of which counts: netrc, git's
// credential helpers in a folder, and commands that print headers for addresses. Over https only.
import { isAbsolute } from "node:path";
import { GoferryError } from "@goferry/core";
import { basic } from "./agents.ts";
import type { Netrc } from "./netrc.ts";

/** Headers that log in, such as authorization. */
export type LoginHeaders = Readonly<Record<string, string>>;

/** An answer of the server that refused: a command may read it, as after "HTTP/1.1 ". */
export interface Refusal {
  status: number;
  headers: Iterable<readonly [string, string]>;
}

export interface Logins {
  /** What is known for an address, without the login in its URL. @throws ARGUMENT_INVALID for netrc or GOAUTH */
  known(url: URL): Promise<LoginHeaders | undefined>;
  /** Asks git and the commands about an address that refused `sent`; undefined: they know nothing better. */
  better(url: URL, sent: LoginHeaders | undefined, refusal: Refusal): Promise<LoginHeaders | undefined>;
}

/** What a command printed; undefined if it failed. Its words come without a shell. */
export type AuthCommand = (
  words: readonly string[],
  options: { input: string; cwd?: string | undefined },
) => Promise<string | undefined>;

export interface LoginsOptions {
  /** GOAUTH; netrc when empty. */
  goauth: string;
  netrc(): Promise<Netrc>;
  run: AuthCommand;
}

type Method = { kind: "netrc" } | { kind: "git"; dir: string } | { kind: "command"; words: string[] };

/** Nothing is read or run before the first request. */
export function createLogins({ goauth, netrc, run }: LoginsOptions): Logins {
  /** By address without https:// and without a slash at its end. */
  const store = new Map<string, LoginHeaders>();
  let ready: Promise<Method[]> | undefined;
  const asking = new Map<string, Promise<void>>();

  const prepare = async (): Promise<Method[]> => {
    // The last method first, so that the first one has the last word.
    const methods = parseGoauth(goauth).toReversed();
    for (const method of methods) {
      if (method.kind === "netrc") addNetrc(store, await netrc());
      if (method.kind === "command") addAnswer(store, await run(method.words, { input: "" }));
    }
    return methods;
  };

  const ask = async (methods: Method[], url: URL, refusal: Refusal): Promise<void> => {
    for (const method of methods) {
      if (method.kind === "git") {
        const answer = await run(["git", "credential", "fill"], {
          input: `url=${url.href}\n`,
          cwd: method.dir,
        });
        addGitAnswer(store, url, answer);
      } else if (method.kind === "command") {
        addAnswer(store, await run([...method.words, url.href], { input: refusalText(refusal) }));
      }
    }
  };

  return {
    async known(url) {
      await (ready ??= prepare());
      return lookUp(store, url);
    },
    async better(url, sent, refusal) {
      const methods = await (ready ??= prepare());
      if (methods.every(({ kind }) => kind === "netrc")) return undefined;
      // Another request to this server may have asked already, or be about to.
      await asking.get(url.host);
      if (lookUp(store, url) === sent) {
        const asked = ask(methods, url, refusal);
        asking.set(url.host, asked);
        await asked.finally(() => asking.delete(url.host));
      }
      const found = lookUp(store, url);
      return found === sent ? undefined : found;
    },
  };
}

function parseGoauth(goauth: string): Method[] {
  if (goauth.trim() === "off") return [];
  return (goauth.trim() === "" ? "netrc" : goauth).split(";").map((text) => {
    const words = [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/gu)].map(
      ([, double, single, plain]) => double ?? single ?? plain ?? "",
    );
    const [first = "", dir = ""] = words;
    if (first === "netrc" && words.length === 1) return { kind: "netrc" };
    if (first === "git" && words.length === 2 && isAbsolute(dir)) return { kind: "git", dir };
    if (["", "off", "git", "netrc"].includes(first)) throw unusable();
    return { kind: "command", words };
  });
}

/** Without its value: a command may have a token among its arguments. */
function unusable(): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "GOAUTH",
    message: "the setting cannot be used, and Go would not use it either",
    expected: "off alone, or netrc, git DIR (an absolute folder) and commands, divided by semicolons",
    next: "See: go help goauth",
  });
}

/** The longest beginning of the address, part by part. */
function lookUp(store: ReadonlyMap<string, LoginHeaders>, url: URL): LoginHeaders | undefined {
  const parts = `${url.host}${url.pathname}`.replace(/\/$/u, "").split("/");
  for (let count = parts.length; count > 0; count--) {
    const found = store.get(parts.slice(0, count).join("/"));
    if (found !== undefined) return found;
  }
  // go looks for the name with the port, curl and git for the name alone.
  return store.get(url.hostname);
}

function addNetrc(store: Map<string, LoginHeaders>, netrc: Netrc): void {
  for (const [host, { login, password }] of netrc) store.set(host, { authorization: basic(login, password) });
}

/** Sets of lines: addresses, a blank line, headers, a blank line. An answer that is not of this form says nothing. */
function addAnswer(store: Map<string, LoginHeaders>, answer: string | undefined): void {
  if (answer === undefined || answer === "") return;
  const found = new Map<string, LoginHeaders>();
  const lines = answer.split("\n");
  while (lines.length > 1) {
    const [urls, rows] = [upToBlank(lines), upToBlank(lines)];
    if (urls === undefined || rows === undefined || !urls.every((url) => URL.canParse(url))) return;
    const headers: Record<string, string> = {};
    for (const row of rows) {
      const [, name, value] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+): ([\t -~]*)$/u.exec(row) ?? [];
      if (name === undefined || value === undefined) return;
      headers[name.toLowerCase()] = value.trim();
    }
    for (const url of urls) found.set(address(url), headers);
  }
  for (const [prefix, headers] of found) {
    if (Object.keys(headers).length === 0) store.delete(prefix);
    else store.set(prefix, headers);
  }
}

function upToBlank(lines: string[]): string[] | undefined {
  const end = lines.indexOf("");
  if (end === -1) return undefined;
  return lines.splice(0, end + 1).slice(0, -1);
}

function address(url: string): string {
  return url.replace(/^https:\/\//u, "").replace(/\/$/u, "");
}

/** The fields of `git credential fill`; those for another address than the one asked for are not used. */
function addGitAnswer(store: Map<string, LoginHeaders>, url: URL, answer: string | undefined): void {
  const fields = new Map(
    (answer ?? "").split("\n").flatMap((line): [string, string][] => {
      const end = line.indexOf("=");
      return end === -1 ? [] : [[line.slice(0, end), line.slice(end + 1)]];
    }),
  );
  const [user, password] = [fields.get("username"), fields.get("password")];
  const prefix = `${fields.get("protocol")}://${fields.get("host")}/${fields.get("path") ?? ""}`;
  if (user === undefined || password === undefined || !url.href.startsWith(prefix)) return;
  store.set(address(prefix), { authorization: basic(user, password) });
}

function refusalText({ status, headers }: Refusal): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\n`);
  return `HTTP/1.1 ${status}\n${lines.join("")}\n`;
}
