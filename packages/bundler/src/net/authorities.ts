// Which certificate authorities are trusted: those that Node brings and those of the system, as go and git trust them,
// and those that the user names. Naming one adds it and takes none away, so that public servers stay within reach.
import { X509Certificate } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";

import { GoferryError } from "@goferry/core";

import { diskError, errorCode } from "./disk-error.ts";
import { CA_FILE_MAX_BYTES } from "./limits.ts";
import type { Environment } from "./proxy-env.ts";

export interface Authorities {
  /** PEM, one certificate each: what the user named. */
  readonly extra: readonly string[];
  /** PEM, one certificate each: what the system trusts. Empty where it has no file that is known here. */
  readonly system: readonly string[];
  /** A sentence about a variable that names what cannot be read, for a failed TLS handshake. */
  readonly note: string | undefined;
}

export interface AuthorityOptions {
  /** SSL_CERT_FILE, SSL_CERT_DIR and NODE_EXTRA_CA_CERTS are read from it. */
  env: Environment;
  /** PEM files that were named for this run: each of them must be right. */
  caFiles?: readonly string[] | undefined;
  /** Where the system keeps its authorities; the first that is there counts. */
  systemFiles?: readonly string[] | undefined;
}

/** As Go looks for them. Source: go/src/crypto/x509/root_linux.go. */
const SYSTEM_FILES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * Reads the authorities. A file of `caFiles` that is not there or holds no certificate is refused; of a variable, which may
 * be some other program's and stale, only a file that is there and holds none.
 * @throws GoferryError CA_FILE_INVALID
 */
export async function readAuthorities(options: AuthorityOptions): Promise<Authorities> {
  const { env, caFiles = [], systemFiles = SYSTEM_FILES } = options;
  const extra = new Set<string>();
  for (const file of caFiles) {
    for (const each of certificatesOf(await readNamed(file, file), file)) extra.add(each);
  }
  const missing: string[] = [];
  for (const name of ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]) {
    const file = env[name] ?? "";
    if (file === "") continue;
    const text = await readNamed(file, name).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
      missing.push(`${file} (${name})`);
    });
    for (const each of text === undefined ? [] : certificatesOf(text, name)) extra.add(each);
  }
  for (const folder of (env["SSL_CERT_DIR"] ?? "").split(delimiter).filter((each) => each !== "")) {
    const found = await certificatesIn(folder);
    if (found === undefined) missing.push(`${folder} (SSL_CERT_DIR)`);
    for (const each of found ?? []) extra.add(each);
  }
  return {
    extra: [...extra],
    system: await readSystem(systemFiles),
    note: missing.length === 0 ? undefined : `What names authorities cannot be read: ${missing.join(", ")}.`,
  };
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/gu;

/** The certificates in a PEM text, one each, without what stands between them. */
function blocks(text: string): string[] {
  return (text.match(BLOCK) ?? []).map((block) => `${block.replaceAll("\r", "")}\n`);
}

/** @param subject what names the file: itself, or a variable */
function certificatesOf(text: string, subject: string): string[] {
  const found = blocks(text);
  const isWhole = found.length === (text.match(/-----BEGIN CERTIFICATE-----/gu) ?? []).length;
  if (found.length > 0 && isWhole && found.every(isCertificate)) return found;
  throw caFileInvalid(subject, whatElse(text, found.length));
}

function whatElse(text: string, count: number): string {
  if (text.trim() === "") return "an empty file";
  if (count > 0 || text.includes("-----BEGIN CERTIFICATE-----")) return "a certificate that is damaged";
  const [, label] = /-----BEGIN ([A-Z0-9 ]{1,40})-----/u.exec(text) ?? [];
  return label === undefined ? "no PEM (a DER file has no such lines)" : `PEM of another kind: ${label}`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

async function readNamed(file: string, subject: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw caFileInvalid(subject, `no file, ${file}`);
    if (found.size > CA_FILE_MAX_BYTES) throw caFileInvalid(subject, `a file of ${found.size} bytes`);
    return await readFile(file, "latin1");
  } catch (error) {
    if (error instanceof GoferryError) throw error;
    throw caFileInvalid(subject, `${errorCode(error) ?? "no file"}, ${file}`, error);
  }
}

/** Whether the refusal is for a file that cannot be read at all. */
function isAbsent(error: unknown): boolean {
  return error instanceof GoferryError && error.cause !== undefined;
}

/** As Go: of every file of the folder what is a certificate; other files may lie there too. */
async function certificatesIn(folder: string): Promise<string[] | undefined> {
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) return undefined;
  const found: string[] = [];
  for (const name of names.toSorted()) {
    const text = await readNamed(join(folder, name), folder).catch(() => "");
    found.push(...blocks(text).filter(isCertificate));
  }
  return found;
}

async function readSystem(files: readonly string[]): Promise<string[]> {
  for (const file of files) {
    const text = await readFile(file, "latin1").catch((error: unknown) => {
      if (errorCode(error) === "EIO") throw diskError(error, file);
    });
    if (text !== undefined) return [...new Set(blocks(text))];
  }
  return [];
}

function caFileInvalid(subject: string, found: string, cause?: unknown): GoferryError {
  return new GoferryError("CA_FILE_INVALID", {
    subject,
    message: "the file of certificate authorities cannot be used",
    expected: "a file with certificates in PEM form: -----BEGIN CERTIFICATE-----",
    found,
    next: "Ask for your site's authority in PEM form; of a DER file: openssl x509 -inform der -in FILE -out FILE.pem",
    cause,
  });
}
