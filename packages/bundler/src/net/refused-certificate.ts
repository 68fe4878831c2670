// What a server showed whose certificate was refused. Node's error says why, but not whose certificate it was; and it is
// the name of the issuer that tells somebody whether his own site's proxy looks into TLS, or a stranger does.
import type { PeerCertificate, TLSSocket } from "node:tls";

export interface ShownCertificate {
  /** What the certificate is for: host names and addresses. */
  readonly names: string;
  /** Who signed it; where the chain goes on, also who signed its last certificate. */
  readonly issuer: string;
  /** As OpenSSL writes them: "Jan  1 00:00:00 2026 GMT". */
  readonly from: string;
  readonly to: string;
}

/** What servers have shown last, by HOST:PORT. */
export interface ShownCertificates {
  /** Notes what the server of this connection shows, for the case that it is refused. */
  watch(socket: TLSSocket, address: string): void;
  get(address: string): ShownCertificate | undefined;
}

/** Certificates in a chain; longer ones are refused anyway. */
const CHAIN_MAX = 10;

export function createShownCertificates(): ShownCertificates {
  const shown = new Map<string, ShownCertificate>();
  return {
    watch(socket, address) {
      // Before Node itself has looked at it: once it has refused the certificate, the connection is gone.
      socket.prependOnceListener("secure", () => {
        const certificate = socket.getPeerCertificate(true);
        // Without a certificate the object is empty, whatever its type says.
        if ("issuer" in certificate) shown.set(address, factsOf(certificate));
      });
    },
    get: (address) => shown.get(address),
  };
}

function factsOf(leaf: ReturnType<TLSSocket["getPeerCertificate"]> & Partial<Chained>): ShownCertificate {
  let last: Chained = leaf;
  for (let length = 1; length < CHAIN_MAX; length++) {
    const { issuerCertificate } = last;
    if (issuerCertificate === undefined || issuerCertificate === last) break;
    last = issuerCertificate;
  }
  const issuers = [nameText(leaf.issuer), nameText(last.issuer)];
  const names = (leaf.subjectaltname ?? "").replaceAll(/(?:DNS|IP Address):/gu, "");
  return {
    names: names === "" ? nameText(leaf.subject) : names,
    issuer: [...new Set(issuers)].join(", under "),
    from: leaf.valid_from,
    to: leaf.valid_to,
  };
}

interface Chained extends PeerCertificate {
  issuerCertificate?: Chained;
}

/** "CN, O" of a distinguished name. */
function nameText(name: Readonly<Record<string, unknown>> | undefined): string {
  const parts = [name?.["CN"], name?.["O"]].flat().filter((part) => typeof part === "string" && part !== "");
  return parts.length === 0 ? "nobody that it names" : parts.join(", ");
}
