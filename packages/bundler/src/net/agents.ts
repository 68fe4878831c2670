// The connections that requests travel on: kept alive, through an HTTP proxy where the environment asks for one, and
// trusting the certificate authorities of the site beside those that Node brings.
//
// The tunnel through a proxy is our own 40 lines over node:http, because what a proxy says to CONNECT is not what the
// server says: https-proxy-agent hands the proxy's refusal on as if it came from the https server (a forged 404 or 206
// without any TLS), forgets the extra authorities for the server behind the tunnel, and waits for ever for a proxy that
// accepts and says nothing.
import { readFile } from "node:fs/promises";
import * as http from "node:http";
import * as https from "node:https";
import { isIP } from "node:net";
import * as tls from "node:tls";
import type { Duplex } from "node:stream";

import { GoferryError } from "@goferry/core";

import { errorCode } from "./disk-error.ts";
import { type Environment, proxyFor } from "./proxy-env.ts";

export interface AgentOptions {
  env: Environment;
  /** Milliseconds that a proxy may be silent while a tunnel is set up. */
  stallMs: number;
}

export interface Agents {
  /**
   * The agent for a request to `url`, one for each proxy, and the proxy it goes through.
   * @throws GoferryError ARGUMENT_INVALID for an unusable proxy setting.
   */
  for(url: URL): Promise<{ agent: http.Agent; proxy: URL | undefined }>;
  /** A sentence about a file of SSL_CERT_FILE or NODE_EXTRA_CA_CERTS that is not there, for a failed TLS handshake. */
  readonly caNote: string | undefined;
}

/** The agents of one Http. Nothing is read or connected before the first request. */
export function createAgents(options: AgentOptions): Agents {
  const byProxy = new Map<string, http.Agent>();
  let authorities: Promise<Authorities> | undefined;
  let caNote: string | undefined;

  return {
    get caNote() {
      return caNote;
    },
    async for(url) {
      authorities ??= loadAuthorities(options);
      const { context, note } = await authorities;
      caNote = note;
      const proxy = proxyFor(url, options.env);
      const key = `${url.protocol} ${proxy?.href ?? ""}`;
      let agent = byProxy.get(key);
      if (agent === undefined) {
        agent = createAgent({ url, proxy, context, stallMs: options.stallMs });
        byProxy.set(key, agent);
      }
      return { agent, proxy };
    },
  };
}

/** The code of the error of a tunnel that a proxy refused: PROXY_STATUS_ and the status it answered. */
export const PROXY_STATUS = "PROXY_STATUS_";

interface Authorities {
  /** Undefined: Node's own authorities. */
  context: tls.SecureContext | undefined;
  note: string | undefined;
}

/** One context for all connections: parsing 300 certificates takes 16 ms, too long to do for each. */
async function loadAuthorities({ env }: AgentOptions): Promise<Authorities> {
  const extra: string[] = [];
  const missing: string[] = [];
  for (const file of new Set([env["SSL_CERT_FILE"], env["NODE_EXTRA_CA_CERTS"]])) {
    if (file === undefined || file === "") continue;
    // A stale variable of some other tool must not stop a build that may not need it; see caNote.
    await readFile(file, "utf8").then(
      (text) => extra.push(text),
      () => missing.push(file),
    );
  }
  const note =
    missing.length === 0 ? undefined : `The certificate file ${missing.join(" and ")} cannot be read.`;
  if (extra.length === 0) return { context: undefined, note };
  try {
    return { context: tls.createSecureContext({ ca: [...tls.rootCertificates, ...extra] }), note };
  } catch (error) {
    throw new GoferryError("ARGUMENT_INVALID", {
      subject: env["SSL_CERT_FILE"] ?? env["NODE_EXTRA_CA_CERTS"] ?? "certificate file",
      message: "the file of certificate authorities cannot be used",
      expected: "certificates in PEM form",
      found: errorCode(error) ?? "something else",
      next: "Name a PEM file in SSL_CERT_FILE, or unset the variable.",
    });
  }
}

interface Route {
  url: URL;
  proxy: URL | undefined;
  context: tls.SecureContext | undefined;
  stallMs: number;
}

function createAgent(route: Route): http.Agent {
  const { url, proxy, context } = route;
  if (url.protocol === "https:")
    return proxy === undefined ? new https.Agent(tlsOptions(context)) : new TunnelAgent(route, proxy);
  // Node asks a proxy for http servers in absolute form, as go does (CONNECT to port 80 is refused by many). NO_PROXY
  // was judged by our own rules, so the agent gets none.
  return new http.Agent({
    keepAlive: true,
    ...(proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy.href } }),
  });
}

/** Verification is spelled out, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in somebody's profile does not switch it off. */
function tlsOptions(context: tls.SecureContext | undefined): https.AgentOptions {
  return {
    keepAlive: true,
    rejectUnauthorized: true,
    ...(context === undefined ? {} : { secureContext: context }),
  };
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
        done?.(null, tls.connect({ ...(options as tls.ConnectionOptions), socket }));
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
    connect.once("socket", (socket) => socket.unref());
    connect.once("timeout", () =>
      connect.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })),
    );
    connect.once("error", (error) => done?.(error));
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
