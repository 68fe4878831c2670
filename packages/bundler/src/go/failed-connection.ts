// What go and git say of a certificate that they refuse, and of an HTTP proxy that wants a login. The texts are those of
// Go 1.27 (crypto/x509, net/http) and of curl with OpenSSL and with GnuTLS, which is how distributions build git.
import { GoferryError, type ErrorDetail } from "@goferry/core";

type Told = Pick<ErrorDetail, "subject" | "found">;

/** The error for a line about a certificate, else undefined. */
export function certificateFailure(line: string): ((told: Told) => GoferryError) | undefined {
  const host = /https:\/\/(?:[^/\s"'@]*@)?([^/\s"']+)/u.exec(line)?.[1] ?? "the server";
  const clock = `Check the clock of this machine (date); if it is right, ${host} needs a new certificate.`;
  const authority =
    "If your site has an authority of its own, name its PEM file: --ca-file FILE. If it has none, somebody else " +
    "answers in the server's place.";
  if (/certificate has expired|not yet valid|certificate is not yet valid/u.test(line)) {
    const message = `the certificate of ${host} is not valid at this time`;
    return (told) => new GoferryError("CERTIFICATE_EXPIRED", { ...told, message, next: clock });
  }
  if (WRONG_HOST.test(line)) {
    const message = `the certificate of ${host} is for another host`;
    const next = `Use the name that the certificate has, or let its administrator add ${host}.`;
    return (told) => new GoferryError("CERTIFICATE_HOST", { ...told, message, next });
  }
  if (!CERTIFICATE.test(line)) return undefined;
  const message = `the certificate of ${host} is not trusted`;
  // GnuTLS says the same of a certificate that has expired.
  const next = line.includes("CRLfile") ? `${authority} ${clock}` : authority;
  return (told) => new GoferryError("CERTIFICATE_UNTRUSTED", { ...told, message, next });
}

/** A line of go or git that is about a certificate. */
export const CERTIFICATE =
  /x509: |SSL certificate problem|certificate verification failed|certificate subject name|error setting certificate/u;

const WRONG_HOST =
  /x509: certificate is (?:not )?valid for|x509: cannot validate certificate for|does not match target host|relies on legacy Common Name/u;

/** A line of go or git about a proxy that answers 407. */
export const PROXY_LOGIN = /Proxy Authentication Required|response 407|code 407 from proxy/u;

/** The error for such a line. @param proxy HOST:PORT, where it is known */
export function proxyLoginFailure(told: Told, proxy: string | undefined): GoferryError {
  return new GoferryError("PROXY_AUTH_REQUIRED", {
    ...told,
    message: `the HTTP proxy${proxy === undefined ? "" : ` ${proxy}`} wants a login, or does not accept the one it got`,
    next:
      "Set HTTPS_PROXY to http:// followed by LOGIN:PASSWORD@HOST:PORT, with @ : / in them as %40 %3A %2F. Git decodes " +
      "a % twice: a password with one in it may have to be changed.",
  });
}
