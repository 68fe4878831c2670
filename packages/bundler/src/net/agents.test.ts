import { mkdtemp, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { createHttp, type Http, type HttpOptions } from "./http.ts";
import { type Certificate, selfSigned, serve, serveProxy } from "./test-server.ts";

const options = { subject: "example.test/mod@v1.0.0", limit: 1000 };
const ok: RequestListener = (_, response) => void response.end("hello");

let certificate: Certificate;
let folder: string;
let ca: string;
beforeAll(async () => {
  certificate = selfSigned("mirror.test");
  folder = await mkdtemp(join(tmpdir(), "goferry-ca-"));
  ca = join(folder, "ca.pem");
  await writeFile(ca, certificate.cert);
});

function quick(env: HttpOptions["env"], more: Partial<HttpOptions> = {}): Http {
  return createHttp({ env, userAgent: "goferry/test", sleep: async () => undefined, stallMs: 2000, ...more });
}

const withLogin = (url: string): string => url.replace("//", "//me:PROXYSECRET@");
const LOGIN = `Basic ${Buffer.from("me:PROXYSECRET").toString("base64")}`;

describe("an http server behind a proxy", () => {
  it("is asked for in absolute form, with the proxy's own login", async () => {
    await using proxy = await serveProxy({ handler: ok });
    const http = quick({ HTTP_PROXY: withLogin(proxy.url) });
    expect((await http.get("http://mirror.test/x", options)).status).toBe(200);
    expect(proxy.requests[0]?.url).toBe("http://mirror.test/x");
    expect(proxy.requests[0]?.headers).toMatchObject({ host: "mirror.test", "proxy-authorization": LOGIN });
    expect(proxy.requests[0]?.headers.authorization).toBeUndefined();
  });

  it("is asked directly where NO_PROXY says so", async () => {
    await using proxy = await serveProxy({ handler: ok });
    await using server = await serve((_, response) => void response.end("direct"));
    const http = quick({ HTTP_PROXY: proxy.url });
    expect(Buffer.from((await http.get(server.url, options)).bytes).toString()).toBe("direct");
    expect(proxy.requests).toHaveLength(0);
  });

  it("is out of reach behind a proxy that wants a login", async () => {
    await using proxy = await serveProxy({ handler: (_, response) => void response.writeHead(407).end() });
    const result = quick({ HTTP_PROXY: proxy.url }).get("http://mirror.test/x", options);
    await expect(result).rejects.toMatchObject({ code: "PROXY_AUTH_REQUIRED", exitCode: 6 });
  });
});

describe("an https server behind a proxy", () => {
  it("is reached by a tunnel, by name, kept for the next request", async () => {
    await using server = await serve(ok, certificate);
    await using proxy = await serveProxy({ port: server.port });
    const http = quick({ HTTPS_PROXY: withLogin(proxy.url), SSL_CERT_FILE: ca });
    for (let i = 0; i < 3; i++) expect((await http.get("https://mirror.test/x", options)).status).toBe(200);
    expect(proxy.connects).toHaveLength(1);
    expect(proxy.connects[0]?.url).toBe("mirror.test:443");
    expect(proxy.connects[0]?.headers).toMatchObject({
      host: "mirror.test:443",
      "proxy-authorization": LOGIN,
    });
    expect(server.requests[0]?.headers["proxy-authorization"]).toBeUndefined();
  });

  it.each([
    ["HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "PROXY_AUTH_REQUIRED", 1],
    ["HTTP/1.1 403 Forbidden\r\n\r\n", "NETWORK_UNREACHABLE", 1],
    ["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "NETWORK_UNREACHABLE", 1],
    ["HTTP/1.1 502 Bad Gateway\r\n\r\n", "NETWORK_UNREACHABLE", 6],
    ["HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhello", "NETWORK_UNREACHABLE", 1],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "NETWORK_UNREACHABLE", 1],
    ["nonsense", "NETWORK_UNREACHABLE", 6],
  ])("never takes the proxy's word for the server's: %j", async (refuse, code, attempts) => {
    await using proxy = await serveProxy({ refuse });
    const result = quick({ HTTPS_PROXY: withLogin(proxy.url) }).get("https://mirror.test/x", options);
    const error: unknown = await result.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, subject: options.subject });
    expect(proxy.connects).toHaveLength(attempts);
    expect(`${JSON.stringify(error)}${String((error as Error).stack)}`).not.toContain("PROXYSECRET");
  });

  it("is reached through a proxy that speaks TLS itself", async () => {
    const own = selfSigned("localhost");
    const both = join(folder, "both.pem");
    await writeFile(both, own.cert + certificate.cert);
    await using server = await serve(ok, certificate);
    await using proxy = await serveProxy({ port: server.port, certificate: own });
    const http = quick({ HTTPS_PROXY: withLogin(proxy.url), SSL_CERT_FILE: both });
    expect((await http.get("https://mirror.test/x", options)).status).toBe(200);
    expect(proxy.connects[0]?.headers).toMatchObject({ "proxy-authorization": LOGIN });
    const untrusted = quick({ HTTPS_PROXY: proxy.url, SSL_CERT_FILE: ca }).get(
      "https://mirror.test/x",
      options,
    );
    await expect(untrusted).rejects.toMatchObject({ code: "NETWORK_UNREACHABLE" });
  });

  it("does not wait for a proxy that says nothing", async () => {
    await using proxy = await serveProxy({ silent: true });
    const result = quick({ HTTPS_PROXY: proxy.url }, { stallMs: 50 }).get("https://mirror.test/x", options);
    const found = expect.stringContaining(`through the proxy 127.0.0.1:${proxy.port}`);
    await expect(result).rejects.toMatchObject({ code: "NETWORK_UNREACHABLE", found });
    await expect.poll(() => proxy.open.size).toBe(0);
  });

  it("is not looked for through a proxy that is none", async () => {
    const result = quick({ HTTPS_PROXY: "socks5://me:PROXYSECRET@127.0.0.1:1" }).get(
      "https://mirror.test/x",
      options,
    );
    await expect(result).rejects.toMatchObject({ code: "ARGUMENT_INVALID", subject: "HTTPS_PROXY" });
  });
});

describe("certificates", () => {
  it.each(["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"])("are trusted by %s", async (name) => {
    await using server = await serve(ok, certificate);
    await using proxy = await serveProxy({ port: server.port });
    const http = quick({ HTTPS_PROXY: proxy.url, [name]: ca });
    expect((await http.get("https://mirror.test/x", options)).status).toBe(200);
  });

  it("that nobody vouches for, or for another host, are refused at once, with the next step", async () => {
    await using server = await serve(ok, certificate);
    await using proxy = await serveProxy({ port: server.port });
    const unknown = quick({ HTTPS_PROXY: proxy.url }).get("https://mirror.test/x", options);
    await expect(unknown).rejects.toMatchObject({
      code: "NETWORK_UNREACHABLE",
      next: expect.stringContaining("SSL_CERT_FILE"),
    });
    const other = quick({ HTTPS_PROXY: proxy.url, SSL_CERT_FILE: ca }).get("https://other.test/x", options);
    await expect(other).rejects.toMatchObject({
      code: "NETWORK_UNREACHABLE",
      found: expect.stringContaining("ALTNAME"),
    });
    expect(proxy.connects).toHaveLength(2);
    expect(server.requests).toHaveLength(0);
  });

  it("in a file that is not there are named when they are missed, and only then", async () => {
    await using server = await serve(ok, certificate);
    await using proxy = await serveProxy({ port: server.port, handler: ok });
    const http = quick({ HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, SSL_CERT_FILE: "/nowhere/ca.pem" });
    expect((await http.get("http://mirror.test/x", options)).status).toBe(200);
    const next = expect.stringContaining("/nowhere/ca.pem");
    await expect(http.get("https://mirror.test/x", options)).rejects.toMatchObject({
      code: "NETWORK_UNREACHABLE",
      next,
    });
  });
});
