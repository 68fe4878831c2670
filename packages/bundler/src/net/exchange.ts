// One request and its answer: redirects followed, the right credentials sent to the right server and to no other, a
// watchdog on silence, and every way in which it can fail turned into an error that says whether to try again. What the
// answer means is for get and download (http.ts, download.ts).
import type { GoferryError } from "@goferry/core";
import fetch, { type Headers, type Response } from "node-fetch";

import { type Agents, basicAuthorization } from "./agents.ts";
import { REDIRECTS_MAX, STALL_MIN_BYTES } from "./limits.ts";
import type { LoginHeaders, Logins } from "./goauth.ts";
import { networkFailure, proxyWantsLogin, responseInvalid } from "./network-failure.ts";
import { redact } from "./redact.ts";
import { followRedirect, isRedirect } from "./redirect.ts";
import { createWatchdog, type StartTimer, type Watchdog } from "./watchdog.ts";

/** What an exchange needs that stays the same from request to request. */
export interface Wire {
  agents: Agents;
  logins: Logins;
  userAgent: string;
  /** Milliseconds of silence after which the exchange fails; see limits.ts. */
  stallMs: number;
  startTimer: StartTimer;
}

export interface ExchangeRequest {
  url: URL;
  /** What the request is about, for errors: a module with its version. */
  subject: string;
  headers?: Readonly<Record<string, string>>;
  /** HEAD: only the headers are asked for. GET if left out. */
  method?: "HEAD" | undefined;
  signal?: AbortSignal | undefined;
}

export interface Exchange {
  readonly status: number;
  readonly headers: Headers;
  /** The URL that answered, after redirects, redacted. */
  readonly url: string;
  /** True if the request that was answered carried a login. */
  readonly authorized: boolean;
  /** The bytes of the body, once. @throws Retryable where the connection breaks or falls silent. */
  chunks(): AsyncGenerator<Uint8Array>;
  /** Ends the exchange; must be called, whatever happened. A body that was not read to its end is cut off. */
  close(): void;
}

/**
 * Asks for `url` and hands back the first answer that is no redirect, with its body still to come.
 * @throws Retryable for a broken connection; GoferryError NETWORK_UNREACHABLE for a certificate that is not trusted,
 *   PROXY_AUTH_REQUIRED, RESPONSE_INVALID for a redirect that is not followed.
 */
export async function openExchange(wire: Wire, request: ExchangeRequest): Promise<Exchange> {
  const watchdog = createWatchdog(wire.stallMs, wire.startTimer);
  const signal =
    request.signal === undefined ? watchdog.signal : AbortSignal.any([watchdog.signal, request.signal]);
  try {
    let url = withoutLogin(request.url);
    let login = await findLogin(wire, request.url);
    let mayAskAgain = url.protocol === "https:" && basicAuthorization(request.url) === undefined;
    for (let redirects = 0; ;) {
      const headers = {
        ...request.headers,
        "accept-encoding": "identity",
        "user-agent": wire.userAgent,
        ...login,
      };
      const response = await send({ wire, request, url, headers, signal, watchdog });
      if (response.status === 407) throw proxyWantsLogin(request.subject, (await wire.agents.for(url)).proxy);
      if (mayAskAgain && mayWantLogin(response.status, login)) {
        mayAskAgain = false;
        const better = await wire.logins.better(url, login, response);
        if (better !== undefined) {
          cutOff(response);
          login = better;
          continue;
        }
      }
      if (!isRedirect(response.status)) {
        return answered({ response, request, url, watchdog, authorized: login !== undefined, wire });
      }
      const redirect = followRedirect(url, response.headers.get("location") ?? undefined);
      if ("refused" in redirect) throw redirectRefused(request.subject, url, redirect.refused);
      if (redirects === REDIRECTS_MAX) throw redirectRefused(request.subject, url, "one redirect more");
      // A login was given for one server. Once it was left, not even a redirect back gets it again: the address asked
      // for would be another server's choice.
      if (redirect.to.origin !== url.origin) {
        login = undefined;
        mayAskAgain = false;
      }
      cutOff(response);
      url = redirect.to;
      redirects++;
    }
  } catch (error) {
    // An answer that was refused may still be coming.
    watchdog.pause();
    watchdog.abort();
    throw error;
  }
}

function redirectRefused(subject: string, url: URL, found: string): GoferryError {
  return responseInvalid(subject, {
    message: "the server redirects to where it must not",
    expected: `at most ${REDIRECTS_MAX} redirects, none of them away from https`,
    found: `${found}, at ${redact(url)}`,
  });
}

/** node-fetch refuses URLs with a login, and so its messages cannot hold one. */
function withoutLogin(url: URL): URL {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return bare;
}

/** The login in the URL, else what GOAUTH has for its address: as go does, over https only, where nobody listens. */
async function findLogin(wire: Wire, url: URL): Promise<LoginHeaders | undefined> {
  const own = basicAuthorization(url);
  if (own !== undefined) return { authorization: own };
  return url.protocol === "https:" ? await wire.logins.known(url) : undefined;
}

/** Some servers say that there is nothing to those who have no login. */
function mayWantLogin(status: number, sent: LoginHeaders | undefined): boolean {
  return status === 401 || status === 403 || ((status === 404 || status === 410) && sent === undefined);
}

interface Sending {
  wire: Wire;
  request: ExchangeRequest;
  url: URL;
  headers: Record<string, string>;
  signal: AbortSignal;
  watchdog: Watchdog;
}

async function send({ wire, request, url, headers, signal, watchdog }: Sending): Promise<Response> {
  const { agent, proxy } = await wire.agents.for(url);
  try {
    const response = await fetch(url, {
      method: request.method ?? "GET",
      agent,
      headers,
      signal,
      redirect: "manual",
      compress: false,
    });
    watchdog.restart();
    return response;
  } catch (error) {
    throw failure(error, { wire, request, url, proxy, watchdog });
  }
}

interface Answered {
  response: Response;
  request: ExchangeRequest;
  url: URL;
  watchdog: Watchdog;
  authorized: boolean;
  wire: Wire;
}

function answered({ response, request, url, watchdog, authorized, wire }: Answered): Exchange {
  return {
    status: response.status,
    headers: response.headers,
    url: redact(url),
    authorized,
    async *chunks() {
      let fresh = 0;
      try {
        for await (const chunk of response.body ?? []) {
          // The server is not to blame for the time that the reader takes, such as a slow disk.
          watchdog.pause();
          yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
          fresh += chunk.length;
          if (fresh >= STALL_MIN_BYTES) {
            fresh = 0;
            watchdog.restart();
          } else {
            watchdog.resume();
          }
        }
      } catch (error) {
        const { proxy } = await wire.agents.for(url);
        throw failure(error, { wire, request, url, proxy, watchdog });
      }
    },
    close() {
      watchdog.pause();
      // A connection whose answer was read whole is back with its agent by now and is not touched by this.
      watchdog.abort();
    },
  };
}

interface Failed {
  wire: Wire;
  request: ExchangeRequest;
  url: URL;
  proxy: URL | undefined;
  watchdog: Watchdog;
}

function failure(error: unknown, { wire, request, url, proxy, watchdog }: Failed): Error {
  const { stallMs, agents } = wire;
  const { subject } = request;
  return networkFailure(error, {
    stallMs,
    caNote: agents.caNote,
    shownBy: (address) => agents.shownBy(address),
    subject,
    url,
    proxy,
    stalled: watchdog.barked,
  });
}

/** Drops the body of an answer that nobody reads, and its connection with it: it may never end. */
function cutOff(response: Response): void {
  if (response.body !== null && "destroy" in response.body && typeof response.body.destroy === "function") {
    response.body.destroy();
  }
}
