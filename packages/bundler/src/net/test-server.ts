// For the tests of this folder: real servers that misbehave in the ways that networks do, and a fresh certificate for
// those that speak TLS.
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";

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

/**
 * An HTTP proxy that answers requests in absolute form with `handler` and tunnels every CONNECT to `port` of this machine,
 * or refuses it with `refuse`. `connects` are the CONNECT requests so far, `open` its connections.
 */
export async function serveProxy(options: {
  handler?: http.RequestListener;
  port?: number;
  refuse?: string;
  silent?: boolean;
  /** With one, the proxy itself speaks TLS. */
  certificate?: Certificate;
}): Promise<TestServer & { connects: http.IncomingMessage[]; open: ReadonlySet<Socket> }> {
  const requests: http.IncomingMessage[] = [];
  const connects: http.IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const listener: http.RequestListener = (request, response) => {
    requests.push(request);
    options.handler?.(request, response);
  };
  const { certificate } = options;
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
    if (options.refuse !== undefined) {
      socket.end(options.refuse);
      return;
    }
    const target = connect(options.port ?? 0, "127.0.0.1", () => {
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

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/** A fresh self-signed certificate for a host name (X.509 v3, RFC 5280), which is its own authority. */
export function selfSigned(host: string): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const ed25519 = der(0x30, oid("2b6570"));
  const name = der(0x30, der(0x31, der(0x30, oid("550403"), der(0x0c, Buffer.from(host)))));
  const validity = der(
    0x30,
    der(0x17, Buffer.from("200101000000Z")),
    der(0x17, Buffer.from("491231235959Z")),
  );
  const altName = der(0x30, oid("551d11"), der(0x04, der(0x30, der(0x82, Buffer.from(host)))));
  const isAuthority = der(0x30, oid("551d13"), der(0x04, der(0x30, der(0x01, Buffer.of(0xff)))));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    ed25519,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, isAuthority, altName)),
  );
  const signed = der(0x30, body, ed25519, der(0x03, Buffer.of(0), sign(null, body, privateKey)));
  const lines = signed.toString("base64").match(/.{1,64}/gu) ?? [];
  return {
    cert: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
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
