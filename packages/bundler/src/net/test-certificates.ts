// For tests: fresh certificates (X.509 v3, RFC 5280), of an authority of the test or of nobody, right ones and wrong ones.
import { createPrivateKey, generateKeyPairSync, sign, X509Certificate } from "node:crypto";

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

export interface CertificateOptions {
  /** Who signs it; itself if left out, and then it may sign others. */
  by?: Certificate;
  /** Years between which it is valid. */
  years?: readonly [from: number, to: number];
}

/** A fresh self-signed certificate for a host name, which is its own authority. */
export function selfSigned(host: string): Certificate {
  return issue(host);
}

/** A fresh certificate for a host name, or, without `by`, an authority of that name. */
export function issue(host: string, { by, years = [2020, 2049] }: CertificateOptions = {}): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const ed25519 = der(0x30, oid("2b6570"));
  const name = nameOf(host);
  const issuer = by === undefined ? name : nameOf(commonName(by));
  const [from, to] = years.map((year) => der(0x18, Buffer.from(`${year}0101000000Z`)));
  const altName = der(0x30, oid("551d11"), der(0x04, der(0x30, der(0x82, Buffer.from(host)))));
  const isAuthority = der(0x30, oid("551d13"), der(0x04, der(0x30, der(0x01, Buffer.of(0xff)))));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    ed25519,
    issuer,
    der(0x30, from ?? Buffer.of(), to ?? Buffer.of()),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, ...(by === undefined ? [isAuthority] : []), altName)),
  );
  const signer = by === undefined ? privateKey : createPrivateKey(by.key);
  const signed = der(0x30, body, ed25519, der(0x03, Buffer.of(0), sign(null, body, signer)));
  const lines = signed.toString("base64").match(/.{1,64}/gu) ?? [];
  return {
    cert: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function nameOf(text: string): Buffer {
  return der(0x30, der(0x31, der(0x30, oid("550403"), der(0x0c, Buffer.from(text)))));
}

function commonName({ cert }: Certificate): string {
  return new X509Certificate(cert).subject.replace(/^CN=/u, "");
}

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...header), content]);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}
