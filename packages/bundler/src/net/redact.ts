// Every URL that reaches a message passes through here: a proxy's URL carries a password in its userinfo, and the
// storage that proxies redirect to carries a signature in its query. Neither helps the reader of an error.

/** The URL without userinfo, query and fragment. What is no URL loses everything that could be one of them. */
export function redact(url: string | URL): string {
  const parsed = URL.canParse(String(url)) ? new URL(url) : undefined;
  // "user:word@host" is a URL too, of the scheme "user:".
  if (parsed === undefined || (parsed.host === "" && parsed.protocol !== "file:")) {
    return String(url)
      .replace(/^(?:.*\/\/)?.*@/su, "")
      .replace(/[?#].*$/su, "");
  }
  parsed.username = "";
  parsed.password = "";
  parsed.search = "";
  parsed.hash = "";
  return parsed.href;
}
