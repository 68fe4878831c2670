// What the system and TLS say when a request fails, in the words of somebody who wants to mend it.
import { GoferryError } from "@goferry/core";

import { PROXY_STATUS } from "./agents.ts";
import { errorCode } from "./disk-error.ts";
import { Retryable } from "./retry.ts";

export interface FailureContext {
  /** Milliseconds of silence that are waited out. */
  stallMs: number;
  /** A sentence about a file of certificates that is not there. */
  caNote: string | undefined;
  subject: string;
  url: URL;
  proxy: URL | undefined;
  stalled: boolean;
}

/**
 * What a rejected request or a broken body means: a Retryable, or a GoferryError where trying again cannot help
 * (NETWORK_UNREACHABLE for a certificate, PROXY_AUTH_REQUIRED). No URL, and so no password, gets into it.
 */
export function networkFailure(
  error: unknown,
  { stallMs, caNote, subject, url, proxy, stalled }: FailureContext,
): Error {
  if (error instanceof GoferryError || error instanceof Retryable) return error;
  const code = errorCode(error) ?? "";
  if (code === `${PROXY_STATUS}407`) return proxyWantsLogin(subject);
  const through = proxy === undefined ? "" : ` through the proxy ${proxy.host}`;
  const server = `${url.protocol}//${url.host}${through}`;
  if (UNTRUSTED.test(code)) {
    return new GoferryError("NETWORK_UNREACHABLE", {
      subject,
      message: "the certificate of the server is not trusted",
      expected: "a certificate by an authority that Node or SSL_CERT_FILE knows",
      found: `${code} at ${server}`,
      next: caNote ?? "If your site has its own authority, name its PEM file in SSL_CERT_FILE.",
    });
  }
  const proxyStatus = code.startsWith(PROXY_STATUS) ? Number(code.slice(PROXY_STATUS.length)) : undefined;
  const refusal = proxyStatus === undefined ? undefined : `the proxy answered ${proxyStatus}`;
  const silence = stalled ? `nearly nothing came for ${stallMs / 1000} seconds` : undefined;
  const failure = new GoferryError("NETWORK_UNREACHABLE", {
    subject,
    message: "the server cannot be reached or does not stay reachable",
    found: `${silence ?? refusal ?? reason(error, code)}, at ${server}`,
    next: `Check that this machine reaches ${url.host}; HTTPS_PROXY and NO_PROXY say which way requests go.`,
  });
  // A proxy that refuses the tunnel with 4xx has a rule against it, which stays.
  return proxyStatus !== undefined && proxyStatus < 500 ? failure : new Retryable(failure);
}

/** Codes of OpenSSL and node:tls for a certificate that will not become trusted by asking again. */
const UNTRUSTED =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA)/u;

/** What the system said. node-fetch puts the URL, query and all, in front of it. */
function reason(error: unknown, code: string): string {
  const message = error instanceof Error ? (error.message.split("reason: ").at(-1) ?? "") : "";
  const short = message.includes("://") ? "" : message;
  return [code, short].filter((part) => part !== "").join(": ") || "the connection broke";
}

/** The error for a 407, of a proxy itself or through it. */
export function proxyWantsLogin(subject: string): GoferryError {
  return new GoferryError("PROXY_AUTH_REQUIRED", {
    subject,
    message: "the HTTP proxy wants a login, or does not accept the one it got",
    found: "407 Proxy Authentication Required",
    next: "Set HTTPS_PROXY (HTTP_PROXY for http servers) to http://LOGIN:PASSWORD@HOST:PORT.",
  });
}

/** The error for an answer that breaks the rules of HTTP or ours. */
export function responseInvalid(
  subject: string,
  detail: { message: string; expected?: string | undefined; found?: string | undefined },
): GoferryError {
  return new GoferryError("RESPONSE_INVALID", {
    subject,
    ...detail,
    next: "Ask another server: GOPROXY names the module proxies, HTTPS_PROXY the proxy on the way to them.",
  });
}
