// What the system and TLS say when a request fails, in the words of somebody who wants to mend it.
import { GoferryError } from "@goferry/core";

import { PROXY_ITSELF, PROXY_STATUS } from "./agents.ts";
import { certificateRefused } from "./certificate-failure.ts";
import { errorCode } from "./disk-error.ts";
import type { ShownCertificate } from "./refused-certificate.ts";
import { Retryable } from "./retry.ts";

export interface FailureContext {
  /** Milliseconds of silence that are waited out. */
  stallMs: number;
  /** A sentence about a file of certificates that is not there. */
  caNote: string | undefined;
  /** The certificate that the server at this URL showed, where it was refused. */
  shownBy(url: URL): ShownCertificate | undefined;
  subject: string;
  url: URL;
  proxy: URL | undefined;
  stalled: boolean;
}

/**
 * What a rejected request or a broken body means: a Retryable, or a GoferryError where trying again cannot help
 * (CERTIFICATE_UNTRUSTED, CERTIFICATE_EXPIRED, CERTIFICATE_HOST, PROXY_AUTH_REQUIRED). No URL, and so no password, gets
 * into it.
 */
export function networkFailure(error: unknown, context: FailureContext): Error {
  if (error instanceof GoferryError || error instanceof Retryable) return error;
  const { stallMs, caNote, subject, url, proxy, stalled } = context;
  const [, itself, code = ""] = CODE.exec(errorCode(error) ?? "") ?? [];
  if (code === `${PROXY_STATUS}407`) return proxyWantsLogin(subject, proxy);
  // Where the proxy itself cannot be reached, the server was never asked.
  const asked = itself !== undefined && proxy !== undefined ? proxy : url;
  const shown = context.shownBy(asked);
  const refused = certificateRefused(code, {
    subject,
    host: asked.host,
    isProxy: asked === proxy,
    shown,
    caNote,
  });
  if (refused !== undefined) return refused;
  const through = proxy === undefined ? "" : ` through the proxy ${proxy.host}`;
  const proxyStatus = code.startsWith(PROXY_STATUS) ? Number(code.slice(PROXY_STATUS.length)) : undefined;
  const refusal = proxyStatus === undefined ? undefined : `the proxy answered ${proxyStatus}`;
  const silence = stalled ? `nearly nothing came for ${stallMs / 1000} seconds` : undefined;
  const failure = new GoferryError("NETWORK_UNREACHABLE", {
    subject,
    message:
      asked === proxy
        ? "the HTTP proxy cannot be reached"
        : "the server cannot be reached or does not stay reachable",
    found: `${silence ?? refusal ?? reason(error, code)}, at ${url.protocol}//${url.host}${through}`,
    next: `Check that this machine reaches ${asked.host}; HTTPS_PROXY and NO_PROXY say which way requests go.`,
  });
  // A proxy that refuses the tunnel with 4xx has a rule against it, which stays.
  return proxyStatus !== undefined && proxyStatus < 500 ? failure : new Retryable(failure);
}

/** The code of an error, without what says that it is one of the connection to the proxy. */
const CODE = new RegExp(`^(${PROXY_ITSELF})?(.*)$`, "u");

/** What the system said. node-fetch puts the URL, query and all, in front of it. */
function reason(error: unknown, code: string): string {
  const message = error instanceof Error ? (error.message.split("reason: ").at(-1) ?? "") : "";
  const short = message.includes("://") ? "" : message;
  return [code, short].filter((part) => part !== "").join(": ") || "the connection broke";
}

/** The error for a 407, of a proxy itself or through it. */
export function proxyWantsLogin(subject: string, proxy: URL | undefined): GoferryError {
  const hadLogin = proxy !== undefined && proxy.username + proxy.password !== "";
  const host = proxy?.host ?? "HOST:PORT";
  return new GoferryError("PROXY_AUTH_REQUIRED", {
    subject,
    message: hadLogin
      ? "the HTTP proxy does not accept the login that it got"
      : "the HTTP proxy wants a login, and none is set",
    found: `407 Proxy Authentication Required, from ${proxy === undefined ? "the server" : `the proxy ${proxy.host}`}`,
    next:
      `Set HTTPS_PROXY (HTTP_PROXY for http servers) to http:// followed by LOGIN:PASSWORD@${host}, with characters ` +
      "such as @ : / of login and password written as %40 %3A %2F. Only Basic authentication is known, as to go.",
  });
}

/** The error for an answer that breaks the rules of HTTP or ours. */
export function responseInvalid(
  subject: string,
  detail: {
    message: string;
    expected?: string | undefined;
    found?: string | undefined;
    next?: string | undefined;
  },
): GoferryError {
  return new GoferryError("RESPONSE_INVALID", {
    subject,
    next: "Ask another server: GOPROXY names the module proxies, HTTPS_PROXY the proxy on the way to them.",
    ...detail,
  });
}
