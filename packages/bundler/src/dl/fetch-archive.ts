// One official archive: downloaded once, and proven in every build. The cache is no authority, so a file of it is hashed and
// its signature verified like one that came a moment ago.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { GoferryError, MAX_SIGNATURE_BYTES, verifyDetached, type TrustedKey } from "@goferry/core";
import type { Cache } from "../net/cache.ts";
import { diskError } from "../net/disk-error.ts";
import type { Http } from "../net/http.ts";
import { redact } from "../net/redact.ts";
import type { Archive } from "./release-list.ts";

export interface FetchArchiveOptions {
  http: Http;
  /** Of the folder with the archives; ends in a slash. */
  base: URL;
  keys: readonly TrustedKey[];
  cache: Cache;
  /** The clock of this machine: a signature from the future is refused. */
  now: Date;
  onProgress(done: number, total: number | undefined): void;
  signal?: AbortSignal | undefined;
}

/**
 * The path of the archive in the cache. It has the SHA-256 of the list, and one of the keys has signed it; a signature
 * counts if its key might sign when it was made, because Google's signing keys expire after three years.
 * @throws SIGNATURE_MISSING, SIGNATURE_UNTRUSTED, SIGNATURE_INVALID, SIGNATURE_TIME, CLOCK_BEHIND, HASH_MISMATCH (after
 * each of them nothing of the file is kept), and what Http and Cache throw
 */
export async function fetchArchive(archive: Archive, options: FetchArchiveOptions): Promise<string> {
  const { http, base, cache, onProgress, signal } = options;
  const { filename, size } = archive;
  // Before the archive, which is a hundred thousand times as large.
  const armored = await fetchSignature(filename, options);
  const prove = (file: string): Promise<void> => proveArchive(file, archive, { ...options, armored });

  const key = cacheKey(archive);
  const cached = cache.file(key);
  if (await isCached(archive, cache)) {
    try {
      await prove(cached);
      onProgress(size, size);
      return cached;
    } catch (error) {
      // Damaged on this disk: no reason to refuse the one that the server has.
      if (!isMismatch(error)) throw error;
    }
    await cache.drop(key);
  }
  let downloaded = false;
  await cache.fetchInto(key, async (fresh) => {
    const url = new URL(filename, base).href;
    const wanted = {
      subject: filename,
      limit: size,
      expectedSize: size,
      immutable: true,
      hint: `It is in the list of ${redact(base)} and not beside it: ask another mirror with --dl-url.`,
      onProgress,
      signal,
    };
    const { resumed } = await http.download(url, fresh, wanted);
    await prove(fresh).catch(async (error: unknown) => {
      // Servers behind one name may have had different files while one was downloaded in pieces.
      if (!resumed || !isMismatch(error)) throw error;
      await http.download(url, fresh, { ...wanted, whole: true });
      await prove(fresh);
    });
    downloaded = true;
  });
  // Another build was quicker: its file is no more believed than any other in the cache.
  if (!downloaded) await prove(cached);
  return cached;
}

/** Whether a file of that name is in the cache; nothing is known about its content. */
export async function isCached(archive: Archive, cache: Cache): Promise<boolean> {
  const found = await stat(cache.file(cacheKey(archive))).catch(() => undefined);
  return found?.isFile() === true;
}

function isMismatch(error: unknown): boolean {
  return error instanceof GoferryError && error.code === "HASH_MISMATCH";
}

function cacheKey({ sha256 }: Archive): string {
  return `sha256:${sha256}`;
}

async function fetchSignature(
  filename: string,
  { http, base, keys, signal }: FetchArchiveOptions,
): Promise<Uint8Array> {
  const { href } = new URL(`${filename}.asc`, base);
  const options = { subject: `${filename}.asc`, limit: MAX_SIGNATURE_BYTES, accept: [404, 410], signal };
  const { status, bytes } = await http.get(href, options);
  if (status === 200) return bytes;
  throw new GoferryError("SIGNATURE_MISSING", {
    subject: filename,
    message: "the archive has no signature, so nothing of it was downloaded",
    expected: `${redact(href)}, by ${signersText(keys)}`,
    found: String(status),
    next: "Use a mirror that has the .asc files too, such as --dl-url https://go.dev/dl",
  });
}

interface Proof extends FetchArchiveOptions {
  armored: Uint8Array;
}

async function proveArchive(file: string, archive: Archive, proof: Proof): Promise<void> {
  const { filename } = archive;
  const { armored, keys, now, signal } = proof;
  try {
    const data = readHashed(file, archive, signal);
    await verifyDetached({ armored, data, keys, at: now, subject: filename });
  } catch (error) {
    throw forArchives(error, proof);
  }
}

/** The bytes of the file; ends with HASH_MISMATCH if they are not those of the list, before a signature is looked at. */
async function* readHashed(
  file: string,
  { filename, sha256, size }: Archive,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hasher = createHash("sha256");
  let have = 0;
  try {
    for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      hasher.update(piece);
      have += piece.length;
      yield piece;
    }
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? diskError(error, file) : error;
  }
  const found = hasher.digest("hex");
  if (found === sha256 && have === size) return;
  throw new GoferryError("HASH_MISMATCH", {
    subject: filename,
    message: "the archive is not the one that the list of Go releases names",
    expected: `SHA-256 ${sha256}, ${size} bytes`,
    found: `SHA-256 ${found}, ${have} bytes`,
    next: "Run the command again; if it stays so, the mirror or something on the way changes the file: use another one.",
  });
}

/** The refusals of signatures in the words of somebody who downloads Go, not of one who received a bundle. */
function forArchives(error: unknown, { keys }: Proof): unknown {
  if (!(error instanceof GoferryError)) return error;
  const { code, subject, message, expected, found } = error;
  const next =
    code === "SIGNATURE_UNTRUSTED"
      ? `Use a mirror of what Google signed. If your site signs archives itself, name its public key: --release-key FILE`
      : "Do not use this mirror until you know what changed the archive, of which nothing was kept.";
  if (code !== "SIGNATURE_UNTRUSTED" && code !== "SIGNATURE_INVALID") return error;
  return new GoferryError(code, {
    subject,
    message,
    expected: code === "SIGNATURE_UNTRUSTED" ? `a signature by ${signersText(keys)}` : expected,
    found,
    next,
    cause: error,
  });
}

function signersText(keys: readonly TrustedKey[]): string {
  return keys.map(({ fingerprint, userIds: [user] }) => `${fingerprint} (${user})`).join(", or ");
}
