// For the tests of this folder: real servers that misbehave in the ways that networks do.
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";

import type { Certificate } from "./test-certificates.ts";

export interface TestServer extends AsyncDisposable {
  /** "http://127.0.0.1:PORT" or "https://localhost:PORT". */
  readonly url: string;
  readonly port: number;
  /** The requests so far, in order. */
  readonly requests: http.IncomingMessage[];
}

/** An HTTP server that answers with `handler`; with a certificate, an https one. */
export async function serve(handler: http.RequestListener, certificate?: Certificate): Promise<TestServer> {
  const requests: http.IncomingMessage[] = [];
  const listener: http.RequestListener = (request, response) => {
    requests.push(request);
    handler(request, response);
  };
  const server =
    certificate === undefined ? http.createServer(listener) : https.createServer(certificate, listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: certificate === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    port,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const WANTS_LOGIN =
  'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="site"\r\n' +
  "Content-Length: 0\r\nConnection: close\r\n\r\n";

/**
 * An HTTP proxy that answers requests in absolute form with `handler` and tunnels every CONNECT to `port` of this machine,
 * or, by the name that is asked for, to that of `ports`, or refuses it with `refuse`. With a login it wants that in
 * Proxy-Authorization (RFC 7617). `connects` are the CONNECT requests so far, `open` its connections.
 */
export async function serveProxy(options: {
  handler?: http.RequestListener;
  port?: number;
  /** By host name. */
  ports?: Readonly<Record<string, number>>;
  login?: { user: string; password: string };
  refuse?: string;
  silent?: boolean;
  /** With one, the proxy itself speaks TLS. */
  certificate?: Certificate;
}): Promise<TestServer & { connects: http.IncomingMessage[]; open: ReadonlySet<Socket> }> {
  const requests: http.IncomingMessage[] = [];
  const connects: http.IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const { certificate, login } = options;
  const wanted =
    login === undefined
      ? undefined
      : `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
  const isRefused = ({ headers }: http.IncomingMessage): boolean =>
    wanted !== undefined && headers["proxy-authorization"] !== wanted;
  const listener: http.RequestListener = (request, response) => {
    requests.push(request);
    if (isRefused(request)) response.writeHead(407, { "proxy-authenticate": 'Basic realm="site"' }).end();
    else options.handler?.(request, response);
  };
  const server =
    certificate === undefined ? http.createServer(listener) : https.createServer(certificate, listener);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("connect", (request, socket) => {
    connects.push(request);
    socket.on("error", () => undefined);
    if (options.silent === true) {
      socket.on("end", () => socket.destroy()).resume();
      return;
    }
    const refuse = isRefused(request) ? WANTS_LOGIN : options.refuse;
    if (refuse !== undefined) {
      socket.end(refuse);
      return;
    }
    const [name = ""] = (request.url ?? "").split(":");
    const target = connect(options.ports?.[name] ?? options.port ?? 0, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      target.pipe(socket);
      socket.pipe(target);
    });
    target.on("error", () => socket.destroy());
    sockets.add(target);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: certificate === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    port,
    requests,
    connects,
    open: sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
