// A large file to disk, over a network that breaks. What is on disk is only ever continued with bytes of the same file:
// the server names its version by a strong ETag or a settled Last-Modified and is asked with If-Range (RFC 9110 sections
// 13.1.5 and 14), and what it sends back is held against that; otherwise the download starts over.
import { type FileHandle, open as openFile, rename, rm } from "node:fs/promises";

import { checkBody, cutShort, refuseStatus, tooLarge } from "./answer.ts";
import { diskError } from "./disk-error.ts";
import type { Exchange, ExchangeRequest } from "./exchange.ts";
import type { DownloadOptions } from "./http.ts";
import { PROGRESS_MIN_BYTES } from "./limits.ts";
import { responseInvalid } from "./network-failure.ts";
import { Retryable } from "./retry.ts";

export interface Download {
  /** 200, or one of the accepted statuses: then there is no file. */
  readonly status: number;
  /** Bytes of the file. */
  readonly size: number;
  /** Whether the file was put together from the bodies of several answers. */
  readonly resumed: boolean;
}

export interface DownloadRequest extends DownloadOptions {
  url: URL;
  open(request: ExchangeRequest): Promise<Exchange>;
  /** Runs attempts until one succeeds; see withRetries. */
  retry<T>(attempt: () => Promise<T>): Promise<T>;
}

/** Downloads to `file` by way of `file` + ".part"; the contract is that of Http.download. */
export async function downloadFile(file: string, request: DownloadRequest): Promise<Download> {
  const part = `${file}.part`;
  const handle = await openFile(part, "w").catch((error: unknown) => {
    throw diskError(error, part);
  });
  try {
    const progress: Progress = { have: 0, furthest: 0, total: undefined, version: undefined, resumed: false };
    const status = await request.retry(() => attempt({ handle, part, progress, request }));
    await handle.close();
    if (status === 200) await rename(part, file);
    else await rm(part, { force: true });
    return { status, size: progress.have, resumed: progress.resumed };
  } catch (error) {
    await handle.close().catch(() => undefined);
    // What went wrong first is what the user must hear of.
    await rm(part, { force: true }).catch(() => undefined);
    throw error instanceof Error && "syscall" in error ? diskError(error, file) : error;
  }
}

interface Progress {
  /** Bytes on disk, all of one version of the file. */
  have: number;
  /** The most that `have` has ever been. */
  furthest: number;
  /** Bytes of the whole file, if the server said. */
  total: number | undefined;
  /** What names the version of the file. Undefined: it cannot be continued. */
  version: Version | undefined;
  /** Whether `have` are bytes of several answers. */
  resumed: boolean;
}

interface Version {
  header: "etag" | "last-modified" | "none";
  value: string;
}

interface Attempt {
  handle: FileHandle;
  part: string;
  progress: Progress;
  request: DownloadRequest;
}

/** One request and its body. The status is 200 if the file is whole now, or one that the caller accepts. */
async function attempt({ handle, part, progress, request }: Attempt): Promise<number> {
  const { url, subject, signal } = request;
  const before = progress.furthest;
  const exchange = await request.open({ url, subject, signal, headers: rangeHeaders(progress) });
  try {
    if (exchange.status === 206 && progress.have > 0) {
      acceptRange(exchange, { progress, request });
    } else if (exchange.status === 200) {
      startOver(exchange, { progress, request });
    } else if (request.accept?.includes(exchange.status) === true) {
      return exchange.status;
    } else if (exchange.status === 416) {
      throw changed(exchange, { progress, subject });
    } else {
      throw await refuseStatus(exchange, request);
    }
    await receive(exchange, { handle, part, progress, request });
    return 200;
  } catch (error) {
    if (!(error instanceof Retryable) || progress.furthest - before < PROGRESS_MIN_BYTES) throw error;
    throw new Retryable(error.failure, { retryAfterMs: error.retryAfterMs, progressed: true });
  } finally {
    exchange.close();
  }
}

function rangeHeaders({ have, version }: Progress): Record<string, string> {
  if (have === 0 || version === undefined) return {};
  return { range: `bytes=${have}-`, ...(version.header === "none" ? {} : { "if-range": version.value }) };
}

/** A 200: the whole file from its first byte, whatever was asked for. */
function startOver(
  exchange: Exchange,
  { progress, request }: { progress: Progress; request: DownloadRequest },
): void {
  progress.have = 0;
  progress.resumed = false;
  progress.total = checkBody(exchange, request);
  progress.version =
    request.whole === true ? undefined : versionOf(exchange, { immutable: request.immutable === true });
  checkExpected(exchange, { request, size: progress.total });
}

/** A 206: the rest of the same file, starting with the next byte that is missing. Anything else starts over. */
function acceptRange(
  exchange: Exchange,
  { progress, request }: { progress: Progress; request: DownloadRequest },
): void {
  const { subject } = request;
  const length = checkBody(exchange, request);
  const header = exchange.headers.get("content-range") ?? "";
  const range = /^bytes (?<first>\d{1,15})-(?<last>\d{1,15})\/(?<total>\d{1,15})$/u.exec(header)?.groups;
  const { first, last, total } = { first: range?.["first"], last: range?.["last"], total: range?.["total"] };
  const { version } = progress;
  const same =
    version?.header === "none" ||
    (version !== undefined && exchange.headers.get(version.header) === version.value);
  if (
    !same ||
    Number(first) !== progress.have ||
    (length !== undefined && length !== Number(last) - Number(first) + 1) ||
    !(Number(total) > Number(last)) ||
    (progress.total !== undefined && Number(total) !== progress.total)
  ) {
    throw changed(exchange, { progress, subject });
  }
  progress.resumed = true;
  progress.total = Number(total);
  if (progress.total > request.limit)
    throw tooLarge(subject, { limit: request.limit, found: `${total} bytes` });
  checkExpected(exchange, { request, size: progress.total });
}

async function receive(exchange: Exchange, { handle, part, progress, request }: Attempt): Promise<void> {
  const { subject, limit, onProgress } = request;
  const atMost = Math.min(progress.total ?? limit, request.expectedSize ?? limit, limit);
  onProgress?.(progress.have, progress.total);
  for await (const chunk of exchange.chunks()) {
    if (progress.have + chunk.length > atMost) {
      throw tooLarge(subject, { limit: atMost, found: `more than that, from ${exchange.url}` });
    }
    await writeAll(handle, { chunk, position: progress.have, part });
    progress.have += chunk.length;
    progress.furthest = Math.max(progress.furthest, progress.have);
    onProgress?.(progress.have, progress.total);
  }
  if (progress.total !== undefined && progress.have < progress.total) {
    throw new Retryable(
      cutShort(subject, { expected: progress.total, found: progress.have, url: exchange.url }),
    );
  }
  checkExpected(exchange, { request, size: progress.have });
  // An earlier version of the file that was longer leaves its tail behind.
  await handle.truncate(progress.have).catch((error: unknown) => {
    throw diskError(error, part);
  });
}

async function writeAll(
  handle: FileHandle,
  { chunk, position, part }: { chunk: Uint8Array; position: number; part: string },
): Promise<void> {
  try {
    for (let done = 0; done < chunk.length;) {
      done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
    }
  } catch (error) {
    throw diskError(error, part);
  }
}

function checkExpected(
  exchange: Exchange,
  { request, size }: { request: DownloadRequest; size: number | undefined },
): void {
  if (request.expectedSize === undefined || size === undefined || size === request.expectedSize) return;
  throw responseInvalid(request.subject, {
    message: "the file has another size than it must have",
    expected: `${request.expectedSize} bytes`,
    found: `${size} bytes, from ${exchange.url}`,
  });
}

/** What was received so far is worth nothing: the next attempt asks for the whole file. */
function changed(
  exchange: Exchange,
  { progress, subject }: { progress: Progress; subject: string },
): Retryable {
  progress.have = 0;
  progress.total = undefined;
  progress.version = undefined;
  return new Retryable(
    responseInvalid(subject, {
      message: "the file changes while it is downloaded",
      expected: "the rest of the same file",
      found: `${exchange.status}, from ${exchange.url}`,
    }),
  );
}

/** Milliseconds that a Last-Modified must be in the past before it names one version: two changes within its second
 * of resolution look alike (RFC 9110 section 8.8.2.2, with room for servers that cache their Date). */
const SETTLED_MS = 60_000;

function versionOf(exchange: Exchange, { immutable }: { immutable: boolean }): Version | undefined {
  const { headers } = exchange;
  if (headers.get("accept-ranges")?.toLowerCase() === "none") return undefined;
  const etag = headers.get("etag") ?? "";
  if (/^"[^"]*"$/u.test(etag)) return { header: "etag", value: etag };
  const modified = headers.get("last-modified") ?? "";
  if (Date.parse(headers.get("date") ?? "") - Date.parse(modified) >= SETTLED_MS) {
    return { header: "last-modified", value: modified };
  }
  return immutable ? { header: "none", value: "" } : undefined;
}
