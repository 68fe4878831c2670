// The bundler's way to the network: small documents whole (get), large files to disk (download). Everything that comes
// from there is checked later by its hash; this layer sees to it that what arrives is whole or an error, that no
// server can make it wait, loop or fill the disk, and that no password leaves for the wrong host or into a message.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

import { GoferryError } from "@goferry/core";

import { createAgents } from "./agents.ts";
import { type Authorities, readAuthorities } from "./authorities.ts";
import { checkBody, readBody, refuseStatus } from "./answer.ts";
import { diskError, errorCode } from "./disk-error.ts";
import { type Download, downloadFile } from "./download.ts";
import { type Exchange, type ExchangeRequest, openExchange, type Wire } from "./exchange.ts";
import { type AuthCommand, createLogins } from "./goauth.ts";
import { STALL_MS } from "./limits.ts";
import { type Netrc, parseNetrc } from "./netrc.ts";
import type { Environment } from "./proxy-env.ts";
import { redact } from "./redact.ts";
import { interrupted, withRetries } from "./retry.ts";
import { type StartTimer, systemTimer } from "./watchdog.ts";

export interface HttpOptions {
  /** HTTPS_PROXY, HTTP_PROXY, NO_PROXY, NETRC, HOME and, without `authorities`, SSL_CERT_FILE and the like are read from it. */
  env: Environment;
  /** Who is trusted to vouch for servers; read with the first request unless given. */
  authorities?: Authorities | undefined;
  /** GOAUTH, from the environment or the go/env file; netrc unless given. */
  goauth?: string | undefined;
  /** Runs git and the commands of GOAUTH; without it they know nothing. */
  runAuth?: AuthCommand | undefined;
  /** The User-Agent header, such as "goferry/0.1.0". */
  userAgent: string;
  /** Milliseconds of silence after which a connection counts as dead; STALL_MS unless given. */
  stallMs?: number | undefined;
  /** The clock by which silence is measured; the system's unless given. */
  startTimer?: StartTimer | undefined;
  /** Waits so many milliseconds between attempts. */
  sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
  /** A number of [0, 1), for the jitter. */
  random?: (() => number) | undefined;
}

export interface GetOptions {
  /** What the request is about, for errors, such as "golang.org/x/sync@v0.15.0". */
  subject: string;
  /** Bytes that the body may have. */
  limit: number;
  /** Statuses besides 200 that are handed back, with an empty body, instead of thrown. */
  accept?: readonly number[] | undefined;
  /** What to do about NOT_FOUND, for its `next`. */
  hint?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

export interface DownloadOptions extends GetOptions {
  /** The size in bytes that the file must have, where it is known. */
  expectedSize?: number | undefined;
  /** The server promises never to change what is at this URL, and the caller checks a hash: a download that was cut
   * is then resumed even if the server names no version (ETag) of the file. */
  immutable?: boolean | undefined;
  /** Never put together from several answers: what came that way had the wrong hash. */
  whole?: boolean | undefined;
  /** Called when an answer begins and for every piece: bytes on disk, and of how many, if known. Goes back to 0 if the server
   * starts over. */
  onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
}

export interface Http {
  /**
   * The body at `url` (http or https; its userinfo is sent as a login).
   * @throws GoferryError NOT_FOUND (401, 403, 404, 410), NETWORK_UNREACHABLE, PROXY_AUTH_REQUIRED, RESPONSE_INVALID (too
   *   large, compressed unasked, length unknown or wrong, bad redirect), ARGUMENT_INVALID (netrc, GOAUTH, proxy setting, URL),
   *   INTERRUPTED.
   */
  get(url: string, options: GetOptions): Promise<HttpAnswer>;
  /**
   * Bytes of what is at `url`, or undefined where the server does not say, for whatever reason: asked once, by HEAD.
   * @throws GoferryError INTERRUPTED, ARGUMENT_INVALID
   */
  size(url: string, options: Pick<GetOptions, "subject" | "signal">): Promise<number | undefined>;
  /**
   * Streams the body at `url` to `file` + ".part" and renames it to `file` when it is whole; after an error neither is
   * left. A download that is cut goes on where it was; what pieces of several answers were put together is up to the hash
   * that the caller checks. `file` must be this call's own (cache.ts sees to that).
   * @throws as get; also DISK_FULL and IO_FAILED.
   */
  download(url: string, file: string, options: DownloadOptions): Promise<Download>;
}

/** The network for one run. Files of the environment are read with the first request. */
export function createHttp(options: HttpOptions): Http {
  const { env, userAgent, stallMs = STALL_MS, random = Math.random, startTimer = systemTimer } = options;
  const sleep =
    options.sleep ?? ((ms, signal) => wait(ms, undefined, signal === undefined ? {} : { signal }));
  const { goauth = "", runAuth = async () => await Promise.resolve(undefined) } = options;
  const wire: Wire = {
    agents: createAgents({
      env,
      stallMs,
      authorities: async () => options.authorities ?? (await readAuthorities({ env })),
    }),
    logins: createLogins({ goauth, netrc: () => loadNetrc(env), run: runAuth }),
    userAgent,
    stallMs,
    startTimer,
  };
  const open = (request: ExchangeRequest): Promise<Exchange> => openExchange(wire, request);

  return {
    async get(url, request) {
      const { subject, signal } = request;
      const parsed = parseUrl(url, subject);
      const attempt = async (): Promise<HttpAnswer> => {
        const exchange = await open({ url: parsed, subject, signal });
        try {
          const { status } = exchange;
          const headers = Object.fromEntries(exchange.headers);
          if (request.accept?.includes(status) === true) return { status, headers, bytes: new Uint8Array() };
          if (status !== 200) throw await refuseStatus(exchange, request);
          const length = checkBody(exchange, request);
          return { status, headers, bytes: await readBody(exchange, { ...request, length }) };
        } finally {
          exchange.close();
        }
      };
      return await withRetries(attempt, { subject, signal, sleep, random });
    },

    async size(url, { subject, signal }) {
      const parsed = parseUrl(url, subject);
      try {
        const exchange = await open({ url: parsed, subject, signal, method: "HEAD" });
        const length = exchange.headers.get("content-length") ?? "";
        exchange.close();
        return exchange.status === 200 && /^\d{1,15}$/u.test(length) ? Number(length) : undefined;
      } catch {
        if (signal?.aborted === true) throw interrupted(subject);
        return undefined;
      }
    },

    async download(url, file, request) {
      const { subject, signal } = request;
      const parsed = parseUrl(url, subject);
      const retry = <T>(attempt: () => Promise<T>): Promise<T> =>
        withRetries(attempt, { subject, signal, sleep, random });
      return await downloadFile(file, { ...request, url: parsed, open, retry });
    },
  };
}

function parseUrl(url: string, subject: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return parsed;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject,
    message: "the address is no http or https URL",
    expected: "https://HOST/PATH",
    found: redact(url),
  });
}

/** NETRC, else .netrc in HOME. A file that is not there holds nothing, as for the go command. */
async function loadNetrc(env: Environment): Promise<Netrc> {
  const named = env["NETRC"] || undefined;
  const file = named ?? (env["HOME"] ? join(env["HOME"], ".netrc") : undefined);
  if (file === undefined) return new Map();
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return "";
    throw diskError(error, file);
  });
  return parseNetrc(text, file);
}
