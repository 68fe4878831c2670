// GOSUMDB, read as the go command reads it (cmd/go/internal/modfetch/sumdb.go, dbDial): we ask the database that the
// `go mod download` beside us asks, and a spelling that Go refuses is not silently another database.

import { GoferryError, parseVerifier, SUM_GOLANG_ORG_KEY } from "@goferry/core";

export interface SumdbSetting {
  /** Such as sum.golang.org. */
  name: string;
  /** Verifier key, `name+hash+base64key`. */
  key: string;
  /** Where it is asked instead of through the module proxies or at https://NAME. */
  url: string | undefined;
  /** The setting for the go command. */
  text: string;
}

/** The same database under an address that is reachable in mainland China. */
const MIRROR = "sum.golang.google.cn";

/**
 * Reads the value of GOSUMDB; "" is the default, sum.golang.org. So is `off`: a bundle without log evidence would be
 * refused by every host, and for modules that no log may know there is GOPRIVATE.
 * @throws ARGUMENT_INVALID
 */
export function readSumdbSetting(value: string): SumdbSetting {
  const text = value.trim();
  const words = text === MIRROR ? ["sum.golang.org", `https://${MIRROR}`] : text.split(/\s+/u);
  const [first = "", url, ...more] = words;
  if (first === "" || text === "off") return readSumdbSetting("sum.golang.org");
  if (more.length > 0) throw invalid("a name or key, and perhaps a URL", `${words.length} words`);
  if (url !== undefined && !isUsable(url))
    throw invalid("an https or http URL after the key", "another text");
  const key = first === "sum.golang.org" ? SUM_GOLANG_ORG_KEY : first;
  if (!key.includes("+")) throw invalid("sum.golang.org, or a key: name+hash+key", first);
  const { name } = parseVerifier(key);
  if (!isHostAndPath(name)) throw invalid("a database whose name is HOST or HOST/PATH", name);
  return { name, key, url, text };
}

function isUsable(url: string): boolean {
  return URL.canParse(url) && /^https?:$/u.test(new URL(url).protocol);
}

/** The name becomes a part of URLs and the name of a folder. */
function isHostAndPath(name: string): boolean {
  return (
    /^[a-z0-9.-]+(?::[0-9]+)?(?:\/[a-z0-9._~-]+)*$/iu.test(name) && !/(?:^|\/)\.{1,2}(?:\/|$)/u.test(name)
  );
}

function invalid(expected: string, found: string): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "GOSUMDB",
    message: "the setting names no checksum database",
    expected,
    found,
    next: "Correct GOSUMDB, in the environment or in the go/env file, or remove it: the default is sum.golang.org.",
  });
}
