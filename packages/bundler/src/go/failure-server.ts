// Servers that are out of reach, or that want to know who asks: what go and git print of them, as errors.
import { GoferryError } from "@goferry/core";
import { CERTIFICATE, certificateFailure, PROXY_LOGIN, proxyLoginFailure } from "./failed-connection.ts";
import { lineWith, moduleAt, type GoFailure } from "./failure-text.ts";

export function proxyWantsLogin(text: string, { subject, proxy }: GoFailure): GoferryError | undefined {
  const found =
    lineWith(text, PROXY_LOGIN) ??
    text
      .split("\n")
      .find((line) => isAskedForProxy(line, proxy))
      ?.trim();
  if (found === undefined) return undefined;
  return proxyLoginFailure({ subject: moduleAt(found, text) ?? subject, found }, proxy);
}

/** Git asks for the login of a proxy in the words in which it asks for a server's. */
function isAskedForProxy(line: string, proxy: string | undefined): boolean {
  return proxy !== undefined && line.includes("could not read ") && line.includes(proxy);
}

export function certificateRefused(text: string, { subject }: GoFailure): GoferryError | undefined {
  const found = lineWith(text, CERTIFICATE);
  if (found === undefined) return undefined;
  return certificateFailure(found)?.({ subject: moduleAt(found, text) ?? subject, found });
}

export function credentialsRefused(text: string, { subject }: GoFailure): GoferryError | undefined {
  const pattern =
    /: 401 [A-Z][A-Za-z ]+|could not read (?:Username|Password)|Authentication failed|Permission denied \(.*publickey/u;
  const found = lineWith(text, pattern);
  if (found === undefined) return undefined;
  const next = found.includes("publickey")
    ? "Give the key to the SSH agent: ssh-add, with SSH_AUTH_SOCK in the environment."
    : "Put the login into ~/.netrc (machine HOST login NAME password WORD), which Go and git both read. Of git's own " +
      "helpers Go learns by GOAUTH='git DIR' only; a proxy's login can stand in the URL in GOPROXY.";
  return new GoferryError("NOT_FOUND", {
    subject: moduleAt(found, text) ?? subject,
    message: "the server asks for credentials and got none that it accepts",
    found,
    next,
  });
}

export function hostKeyUnknown(text: string, { subject }: GoFailure): GoferryError | undefined {
  const found = lineWith(text, /Host key verification failed/u);
  if (found === undefined) return undefined;
  const changed = text.includes("IDENTIFICATION HAS CHANGED");
  return new GoferryError("NETWORK_UNREACHABLE", {
    subject: moduleAt(found, text) ?? subject,
    message: changed
      ? "the server has another SSH host key than the one that is known, so it may be another server"
      : "the SSH host key of the server is not known here, and nobody can be asked about it",
    expected: "the server's key in known_hosts",
    found: lineWith(text, /No \S+ host key is known|key fingerprint is|Offending .* key in/u) ?? found,
    next: changed
      ? "Ask the server's administrator before you change known_hosts."
      : "Compare the fingerprint with the one that the server's administrator gives: ssh HOST, and answer its question.",
  });
}

export function unreachable(text: string, { subject }: GoFailure): GoferryError | undefined {
  const pattern =
    /dial tcp|dial unix|connection re(?:fused|set)|no such host|i\/o timeout|TLS handshake|\btls: |:\/\/.*unexpected EOF|module lookup disabled by GOPROXY=off|proxyconnect|: (?:408|429|5\d\d) [A-Z][A-Za-z ]+|Could not resolve host|Connection timed out|ssh: connect to host|unable to access (?!.*returned error: 4)/u;
  const found = lineWith(text, pattern);
  if (found === undefined) return undefined;
  return new GoferryError("NETWORK_UNREACHABLE", {
    subject: moduleAt(found, text) ?? subject,
    message: "the module proxy or the origin server cannot be reached",
    found,
    next: "Check GOPROXY, HTTPS_PROXY and NO_PROXY, then run it again.",
  });
}
