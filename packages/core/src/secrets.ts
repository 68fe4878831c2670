// What go, git and credential helpers print may hold what they were given: a password in a URL, a token from the
// environment, the signed query of a storage server. Everything of theirs that reaches a message comes through here.
import { redactUrls } from "./redact.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const SECRET_NAME = /(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|PRIVATE_KEY)$/iu;

/** Shorter values are not looked for: they would be found in ordinary words. */
const SECRET_MIN_LENGTH = 4;

/**
 * A function that takes out of a text: userinfo and queries of URLs, values of Authorization headers, the values
 * of variables of `env` whose name says that they are secret, and passwords in URLs that `env` holds (proxies).
 */
export function secretRemover(env: Environment): (text: string) => string {
  const values = [...secretValues(env)].toSorted((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const value of values) clean = clean.replaceAll(value, "***");
    return redactUrls(clean)
      .replaceAll(/(https?:\/\/[^\s?"'<>]*)\?[^\s"'<>]*[^\s"'<>:.,;]/giu, "$1?***")
      .replaceAll(/((?:proxy-)?authorization:\s*)[^\r\n]+/giu, "$1***");
  };
}

function secretValues(env: Environment): Set<string> {
  const values = new Set<string>();
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (SECRET_NAME.test(name)) addSecret(values, value);
    for (const [, password = ""] of value.matchAll(/:\/\/[^\s/:@]*:([^\s/]*)@/gu)) {
      addSecret(values, password);
      addSecret(values, decoded(password));
    }
  }
  return values;
}

function addSecret(values: Set<string>, value: string): void {
  if (value.length >= SECRET_MIN_LENGTH) values.add(value);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
