// The GOPROXY setting: a list of module proxies, with the go command's own rules for what comes after a failure
// (cmd/go/internal/modfetch/proxy.go, "go help goproxy"), so that we ask whom `go mod download` asks.
import { fileURLToPath } from "node:url";

import { GoferryError } from "@goferry/core";

export interface ProxyEntry {
  /** http, https or file; may hold a login. */
  readonly base: URL;
  /** True if the next proxy is asked after any error (the entry ends with "|"), not only after 404 and 410 (","). */
  readonly anyError: boolean;
}

export interface ProxyList {
  readonly entries: readonly ProxyEntry[];
  /** The word that ended the list. For toolchains and the checksum database neither leads to a module proxy. */
  readonly end: "direct" | "off" | undefined;
}

/**
 * Reads a GOPROXY list. As in go, nothing after `direct` or `off` counts, and an entry without a scheme is https.
 * @throws GoferryError ARGUMENT_INVALID for an entry that is no http, https or file URL; it is not repeated.
 */
export function parseProxyList(list: string): ProxyList {
  const entries: ProxyEntry[] = [];
  for (const { word, separator } of words(list)) {
    if (word === "direct" || word === "off") return { entries, end: word };
    entries.push({ base: parseBase(word), anyError: separator === "|" });
  }
  return { entries, end: undefined };
}

function words(list: string): { word: string; separator: string }[] {
  const parts = list.split(/([,|])/u);
  const found: { word: string; separator: string }[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const word = (parts[i] ?? "").trim();
    if (word !== "") found.push({ word, separator: parts[i + 1] ?? "" });
  }
  return found;
}

function parseBase(word: string): URL {
  const text = word.includes(":/") || word.startsWith("/") || !/[.:/]/u.test(word) ? word : `https://${word}`;
  const base = URL.canParse(text) ? new URL(text) : undefined;
  if (base !== undefined && usable(base)) return base;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: "GOPROXY",
    message: "an entry of the list names no module proxy",
    expected: "https://HOST, http://HOST or file:///FOLDER, separated by commas",
    found: base === undefined ? "something else" : `a URL of the scheme ${base.protocol.slice(0, -1)}`,
    next: "Correct GOPROXY; go env GOPROXY shows what is set.",
  });
}

function usable(base: URL): boolean {
  if (base.protocol === "http:" || base.protocol === "https:") return base.hostname !== "";
  if (base.protocol !== "file:") return false;
  try {
    return fileURLToPath(base) !== "";
  } catch {
    return false;
  }
}
