// The connections that requests travel on: kept alive, through an HTTP proxy where the environment asks for one, and
// trusting the certificate authorities of the site beside those that Node brings.
//
// The tunnel through a proxy is our own 40 lines over node:http, because what a proxy says to CONNECT is not what the
// server says: https-proxy-agent hands the proxy's refusal on as if it came from the https server (a forged 404 or 206
// without any TLS), forgets the extra authorities for the server behind the tunnel, and waits for ever for a proxy that
// accepts and says nothing.
import * as http from "node:http";
import * as https from "node:https";
import { isIP } from "node:net";
import * as tls from "node:tls";
import type { Duplex } from "node:stream";

import type { Authorities } from "./authorities.ts";
import { errorCode } from "./disk-error.ts";
import { type Environment, proxyFor } from "./proxy-env.ts";
import {
  createShownCertificates,
  type ShownCertificate,
  type ShownCertificates,
} from "./refused-certificate.ts";

export interface AgentOptions {
  env: Environment;
  /** Called with the first request. */
  authorities(): Promise<Authorities>;
  /** Milliseconds that a proxy may be silent while a tunnel is set up. */
  stallMs: number;
}

export interface Agents {
  /**
   * The agent for a request to `url`, one for each proxy, and the proxy it goes through.
   * @throws GoferryError ARGUMENT_INVALID for an unusable proxy setting.
   */
  for(url: URL): Promise<{ agent: http.Agent; proxy: URL | undefined }>;
  /** See Authorities.note. */
  readonly caNote: string | undefined;
  /** What the server at `url`, or an https proxy there, has shown as its certificate. */
  shownBy(url: URL): ShownCertificate | undefined;
}

/** The agents of one Http. Nothing is read or connected before the first request. */
export function createAgents(options: AgentOptions): Agents {
  const agents = new Map<string, http.Agent>();
  const agentOf = (key: string, create: () => http.Agent): http.Agent => {
    const agent = agents.get(key) ?? create();
    agents.set(key, agent);
    return agent;
  };
  const shown = createShownCertificates();
  let trusted: Promise<{ context: tls.SecureContext; note: string | undefined }> | undefined;
  let caNote: string | undefined;
  const readTrusted = async (): Promise<{ context: tls.SecureContext; note: string | undefined }> => {
    const authorities = await options.authorities();
    return { context: secureContext(authorities), note: authorities.note };
  };

  return {
    get caNote() {
      return caNote;
    },
    async for(url) {
      const proxy = proxyFor(url, options.env);
      if (url.protocol === "http:")
        return { agent: agentOf(`http: ${proxy?.href}`, () => plain(proxy)), proxy };
      trusted ??= readTrusted();
      const { context, note } = await trusted;
      caNote = note;
      const route = { context, shown, stallMs: options.stallMs };
      const agent = agentOf(`https: ${proxy?.href}`, () =>
        proxy === undefined ? new DirectAgent(route) : new TunnelAgent(route, proxy),
      );
      return { agent, proxy };
    },
    shownBy: (url) => shown.get(addressOf(url)),
  };
}

/** The code of the error of a tunnel that a proxy refused: PROXY_STATUS_ and the status it answered. */
export const PROXY_STATUS = "PROXY_STATUS_";

/** In front of the code of an error of the connection to the proxy itself. */
export const PROXY_ITSELF = "PROXY_ITSELF_";

/** One context for all connections: parsing 300 certificates takes 16 ms, too long to do for each. */
function secureContext({ system, extra }: Authorities): tls.SecureContext {
  const ca = [...new Set([...tls.rootCertificates.map((each) => `${each.trim()}\n`), ...system, ...extra])];
  return tls.createSecureContext({ ca });
}

interface Route {
  context: tls.SecureContext;
  shown: ShownCertificates;
  stallMs: number;
}

/** For http servers. Node asks a proxy for them in absolute form, as go does (CONNECT to port 80 is refused by many).
 * NO_PROXY was judged by our own rules, so the agent gets none. */
function plain(proxy: URL | undefined): http.Agent {
  return new http.Agent({
    keepAlive: true,
    ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy.href } }),
  });
}

/** Verification is spelled out, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in somebody's profile does not switch it off. */
function tlsOptions(context: tls.SecureContext): https.AgentOptions {
  return { keepAlive: true, rejectUnauthorized: true, secureContext: context };
}

/** Host and port, with the port that https has by itself. */
function addressOf(url: URL): string {
  return `${bareHost(url.hostname)}:${url.port || 443}`;
}

class DirectAgent extends https.Agent {
  readonly #shown: ShownCertificates;

  constructor({ context, shown }: Route) {
    super(tlsOptions(context));
    this.#shown = shown;
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const socket = super.createConnection(options, callback);
    if (socket instanceof tls.TLSSocket) this.#shown.watch(socket, `${options.host}:${options.port ?? 443}`);
    return socket;
  }
}

/** An https agent whose connections are tunnels through an HTTP proxy (RFC 9110 section 9.3.6, CONNECT). */
class TunnelAgent extends https.Agent {
  readonly #route: Route;
  readonly #proxy: URL;

  constructor(route: Route, proxy: URL) {
    super(tlsOptions(route.context));
    this.#route = route;
    this.#proxy = proxy;
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const done = callback as ((error: Error | null, stream?: Duplex) => void) | undefined;
    const connect = this.#connect(`${bracketed(String(options.host))}:${options.port ?? 443}`);
    connect.once("connect", (answer, socket, early) => {
      if (answer.statusCode === 200 && early.length === 0) {
        socket.ref();
        const secured = tls.connect({ ...(options as tls.ConnectionOptions), socket });
        this.#route.shown.watch(secured, `${options.host}:${options.port ?? 443}`);
        done?.(null, secured);
        return;
      }
      socket.destroy();
      done?.(
        Object.assign(new Error("the proxy refused the tunnel"), {
          code: `${PROXY_STATUS}${answer.statusCode}`,
        }),
      );
    });
    // The request that waits keeps the process alive by its own timer; once it is given up, the tunnel must not.
    connect.once("socket", (socket) => {
      socket.unref();
      if (socket instanceof tls.TLSSocket) this.#route.shown.watch(socket, addressOf(this.#proxy));
    });
    connect.once("timeout", () =>
      connect.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })),
    );
    connect.once("error", (error) =>
      done?.(Object.assign(error, { code: `${PROXY_ITSELF}${errorCode(error) ?? ""}` })),
    );
    connect.end();
  }

  #connect(authority: string): http.ClientRequest {
    const proxy = this.#proxy;
    const { context, stallMs } = this.#route;
    const login = basicAuthorization(proxy);
    const request = {
      method: "CONNECT",
      host: bareHost(proxy.hostname),
      port: proxy.port === "" ? (proxy.protocol === "https:" ? 443 : 80) : Number(proxy.port),
      path: authority,
      headers: { host: authority, ...(login === undefined ? {} : { "proxy-authorization": login }) },
      timeout: stallMs,
      agent: false as const,
    };
    if (proxy.protocol === "http:") return http.request(request);
    // Else the name would be taken from the Host header, which is the server's.
    const servername = isIP(request.host) === 0 ? request.host : "";
    return https.request({ ...request, ...tlsOptions(context), servername });
  }
}

/** The value of an Authorization header for the userinfo of a URL (RFC 7617), or undefined where it has none. */
export function basicAuthorization(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  return basic(decoded(url.username), decoded(url.password));
}

/** The value of an Authorization header for a login and a password. */
export function basic(login: string, password: string): string {
  return `Basic ${Buffer.from(`${login}:${password}`).toString("base64")}`;
}

/** A password with a bare "%" in it is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function bareHost(host: string): string {
  return host.replace(/^\[|\]$/gu, "");
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
