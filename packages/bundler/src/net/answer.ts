// What an answer of a server means: whether its body can be trusted to be whole, and what a refusal tells the user.
import { GoferryError } from "@goferry/core";

import type { Exchange } from "./exchange.ts";
import { REFUSAL_TEXT_MAX_BYTES, RETRY_AFTER_MAX_MS } from "./limits.ts";
import { responseInvalid } from "./network-failure.ts";
import { printable } from "./printable.ts";
import { retryAfter, Retryable } from "./retry.ts";

export interface Wanted {
  subject: string;
  /** Bytes that the body may have. */
  limit: number;
  hint?: string | undefined;
}

/**
 * The length in bytes that the server announced, undefined if it sends the body in chunks.
 * @throws GoferryError RESPONSE_INVALID where the body is over the limit, compressed although nobody asked for it, or ends
 *   with the connection, so that a cut could not be told from the end.
 */
export function checkBody(exchange: Exchange, { subject, limit }: Wanted): number | undefined {
  const { headers, url } = exchange;
  const encoding = headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (encoding !== "identity") {
    throw responseInvalid(subject, {
      message: "the server compresses what must come as it is",
      expected: "no Content-Encoding",
      found: `Content-Encoding: ${printable(encoding)}, from ${url}`,
    });
  }
  const transfer = headers.get("transfer-encoding")?.toLowerCase();
  if (transfer === "chunked") return undefined;
  const length = headers.get("content-length") ?? "";
  if (transfer !== undefined || !/^\d{1,15}$/u.test(length)) {
    throw responseInvalid(subject, {
      message: "the server does not say how long its answer is",
      expected: "a Content-Length, or a chunked answer",
      found: `${printable(transfer ?? length) || "neither"}, from ${url}`,
    });
  }
  if (Number(length) > limit) throw tooLarge(subject, { limit, found: `${length} bytes, from ${url}` });
  return Number(length);
}

/** The whole body. @throws Retryable where it ends early; GoferryError RESPONSE_INVALID where it passes the limit. */
export async function readBody(
  exchange: Exchange,
  wanted: Wanted & { length: number | undefined },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of exchange.chunks()) {
    size += chunk.length;
    if (size > wanted.limit) {
      throw tooLarge(wanted.subject, { limit: wanted.limit, found: `more than that, from ${exchange.url}` });
    }
    chunks.push(chunk);
  }
  if (wanted.length !== undefined && size !== wanted.length) {
    throw new Retryable(
      cutShort(wanted.subject, { expected: wanted.length, found: size, url: exchange.url }),
    );
  }
  return Buffer.concat(chunks, size);
}

/** The error for a body over the limit. */
export function tooLarge(subject: string, { limit, found }: { limit: number; found: string }): GoferryError {
  return responseInvalid(subject, {
    message: "the answer is too large",
    expected: `at most ${limit} bytes`,
    found,
  });
}

/** The error for a body that ended before its announced length. */
export function cutShort(
  subject: string,
  { expected, found, url }: { expected: number; found: number; url: string },
): GoferryError {
  return new GoferryError("NETWORK_UNREACHABLE", {
    subject,
    message: "the connection broke before the end",
    expected: `${expected} bytes`,
    found: `${found} bytes, from ${url}`,
    next: "Run the command again; if it stays, the server or a proxy on the way cuts large downloads.",
  });
}

/**
 * The error for a status that was not wanted: NOT_FOUND for 401, 403, 404 and 410, a Retryable for what may pass,
 * RESPONSE_INVALID for the rest. Quotes the server's text, where module proxies give the reason.
 */
export async function refuseStatus(exchange: Exchange, { subject, hint }: Wanted): Promise<Error> {
  const { status, url, headers } = exchange;
  const found = `${status}${await refusalText(exchange)}, from ${url}`;
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfterMs = retryAfter(
      headers.get("retry-after") ?? undefined,
      headers.get("date") ?? undefined,
    );
    const long =
      retryAfterMs > RETRY_AFTER_MAX_MS
        ? `Try again in ${Math.ceil(retryAfterMs / 1000)} seconds`
        : undefined;
    const failure = new GoferryError("NETWORK_UNREACHABLE", {
      subject,
      message: status === 429 ? "the server asks us to wait" : "the server has a problem of its own",
      found,
      next: `${long ?? "Try again later"}, or use another server.`,
    });
    return new Retryable(failure, { retryAfterMs });
  }
  if (status === 404 || status === 410) {
    const next = hint ?? "Check the name and the version.";
    return new GoferryError("NOT_FOUND", { subject, message: "the server does not have it", found, next });
  }
  if (status === 401 || status === 403) {
    const next =
      hint ?? "If the server wants a login, give it one in ~/.netrc: machine HOST login NAME password WORD";
    return new GoferryError("NOT_FOUND", {
      subject,
      message: "the server refuses to give it out",
      found,
      next,
    });
  }
  return responseInvalid(subject, {
    message: "the server gives an answer that was not asked for",
    expected: "200",
    found,
  });
}

/** The first line of a refusal, as " (…)". Not after a login: a server may repeat what it was sent. */
async function refusalText(exchange: Exchange): Promise<string> {
  if (exchange.authorized || !/^text\/plain\b/iu.test(exchange.headers.get("content-type") ?? "")) return "";
  let bytes = Buffer.alloc(0);
  try {
    for await (const chunk of exchange.chunks()) {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= REFUSAL_TEXT_MAX_BYTES) break;
    }
  } catch {
    // The status says enough; the text is a courtesy.
  }
  const line = printable(bytes.toString("utf8").trim().split("\n")[0] ?? "");
  return line === "" ? "" : ` (${line})`;
}
