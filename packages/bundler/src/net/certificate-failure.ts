// A certificate that is refused, told apart by what somebody can do about it: name the site's authority, wait for a new
// certificate or mend the clock, ask for the right host.
import { GoferryError } from "@goferry/core";

import { printable } from "./printable.ts";
import type { ShownCertificate } from "./refused-certificate.ts";

export interface RefusedServer {
  subject: string;
  /** HOST:PORT of the server, or of the proxy. */
  host: string;
  isProxy: boolean;
  shown: ShownCertificate | undefined;
  /** A sentence about a file of certificates that is not there. */
  caNote: string | undefined;
}

/** The error for a code of OpenSSL or node:tls about a certificate, which asking again does not mend; else undefined. */
export function certificateRefused(code: string, server: RefusedServer): GoferryError | undefined {
  if (EXPIRED.test(code)) return expired(code, server);
  if (HOST.test(code)) return wrongHost(code, server);
  return UNTRUSTED.test(code) ? untrusted(code, server) : undefined;
}

const EXPIRED = /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/u;
const HOST = /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/u;
const UNTRUSTED = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|INVALID_CA|ERR_SSL_CERT)/u;

function expired(code: string, server: RefusedServer): GoferryError {
  const { subject, host, shown } = server;
  const until = shown === undefined ? "" : `, valid from ${shown.from} to ${shown.to}`;
  return new GoferryError("CERTIFICATE_EXPIRED", {
    subject,
    message: `the certificate of ${who(server)} is not valid at this time`,
    expected: "a certificate that is valid now, by the clock of this machine",
    found: `${code}${until}${issued(shown)}`,
    next: `Check the clock of this machine (date); if it is right, ${host} needs a new certificate from its administrator.`,
  });
}

function wrongHost(code: string, server: RefusedServer): GoferryError {
  const { subject, host, isProxy, shown } = server;
  const names = shown === undefined ? code : `one for ${printable(shown.names)}`;
  return new GoferryError("CERTIFICATE_HOST", {
    subject,
    message: `the certificate of ${who(server)} is for another host`,
    expected: `a certificate for ${host}`,
    found: `${names}${issued(shown)}`,
    next: `Ask for ${isProxy ? "the proxy" : "the server"} by a name that its certificate has, or let its administrator add ${host}.`,
  });
}

function untrusted(code: string, server: RefusedServer): GoferryError {
  const { subject, shown, caNote } = server;
  return new GoferryError("CERTIFICATE_UNTRUSTED", {
    subject,
    message: `the certificate of ${who(server)} is not trusted`,
    expected: "a certificate by an authority that this machine knows, or that --ca-file names",
    found: `${code}${issued(shown)}`,
    next:
      `${caNote === undefined ? "" : `${caNote} `}If that issuer is your site's own authority, name its PEM file: ` +
      "--ca-file FILE. If nobody at your site knows it, somebody else answers in the server's place.",
  });
}

function who({ host, isProxy }: RefusedServer): string {
  return isProxy ? `the HTTP proxy ${host}` : host;
}

function issued(shown: ShownCertificate | undefined): string {
  return shown === undefined ? "" : `, issued by ${printable(shown.issuer)}`;
}
