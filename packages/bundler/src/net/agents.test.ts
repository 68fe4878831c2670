import { mkdtemp, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { readAuthorities } from "./authorities.ts";
import { createHttp, type Http, type HttpOptions } from "./http.ts";
import { type Certificate, issue, selfSigned } from "./test-certificates.ts";
import { serve, serveProxy } from "./test-server.ts";

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

  it.each(["http", "https"])(
    "(%s) is out of reach without the right login, and the proxy is named",
    async (scheme) => {
      await using server = await serve(ok, certificate);
      const login = { user: "me", password: "PROXYSECRET" };
      await using proxy = await serveProxy({ handler: ok, port: server.port, login });
      const get = async (url: string): Promise<unknown> => {
        const http = quick({ HTTP_PROXY: url, HTTPS_PROXY: url, SSL_CERT_FILE: ca });
        return await http.get(`${scheme}://mirror.test/x`, options).then(
          ({ status }) => status,
          (error: unknown) => error,
        );
      };
      expect(await get(withLogin(proxy.url))).toBe(200);
      const wrong = await get(proxy.url.replace("//", "//me:ANOTHERSECRET@"));
      const refusal = {
        code: "PROXY_AUTH_REQUIRED",
        exitCode: 6,
        subject: options.subject,
        found: `407 Proxy Authentication Required, from the proxy 127.0.0.1:${proxy.port}`,
      };
      expect(wrong).toMatchObject({ ...refusal, message: expect.stringContaining("does not accept") });
      expect(await get(proxy.url)).toMatchObject({
        ...refusal,
        message: expect.stringContaining("none is set"),
      });
      expect(`${JSON.stringify(wrong)}${String((wrong as Error).stack)}`).not.toContain("SECRET");
      expect(server.requests).toHaveLength(scheme === "https" ? 1 : 0);
    },
  );
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
    await expect(untrusted).rejects.toMatchObject({
      code: "CERTIFICATE_UNTRUSTED",
      message: expect.stringContaining(`the HTTP proxy localhost:${proxy.port}`),
    });
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

  it("are trusted by the files of --ca-file, and by those of the system", async () => {
    await using server = await serve(ok, certificate);
    await using proxy = await serveProxy({ port: server.port });
    for (const named of [{ caFiles: [ca] }, { systemFiles: ["/nowhere/ca.crt", ca] }]) {
      const authorities = await readAuthorities({ env: {}, ...named });
      const http = quick({ HTTPS_PROXY: proxy.url }, { authorities });
      expect((await http.get("https://mirror.test/x", options)).status).toBe(200);
    }
  });

  const root = issue("Corp Root");
  const refusals: [string, Certificate, string, string, string][] = [
    [
      "that nobody vouches for",
      selfSigned("mirror.test"),
      "CERTIFICATE_UNTRUSTED",
      "mirror.test",
      "--ca-file",
    ],
    [
      "by an authority that is not known",
      issue("mirror.test", { by: issue("Another Root") }),
      "CERTIFICATE_UNTRUSTED",
      "issued by Another Root",
      "--ca-file",
    ],
    [
      "for another host",
      issue("a.test", { by: root }),
      "CERTIFICATE_HOST",
      "one for a.test, issued by Corp Root",
      "name",
    ],
    [
      "that has expired",
      issue("mirror.test", { by: root, years: [2020, 2021] }),
      "CERTIFICATE_EXPIRED",
      "CERT_HAS_EXPIRED, valid from Jan  1 00:00:00 2020 GMT to Jan  1 00:00:00 2021 GMT, issued by Corp Root",
      "clock",
    ],
    [
      "that is not valid yet",
      issue("mirror.test", { by: root, years: [2048, 2049] }),
      "CERTIFICATE_EXPIRED",
      "CERT_NOT_YET_VALID",
      "clock",
    ],
  ];
  it.each(refusals)(
    "%s are refused at once, with the host, the issuer and the next step",
    async (_, shown, ...told) => {
      const [code, found, next] = told;
      const file = join(folder, "root.pem");
      await writeFile(file, root.cert);
      await using server = await serve(ok, shown);
      await using proxy = await serveProxy({ port: server.port, certificate: shown });
      const refusal = {
        code,
        exitCode: 6,
        subject: options.subject,
        message: expect.stringContaining("of mirror.test"),
        found: expect.stringContaining(found),
        next: expect.stringContaining(next),
      };
      await using plain = await serveProxy({ port: server.port });
      const tunnelled = quick({ HTTPS_PROXY: plain.url, SSL_CERT_FILE: file });
      await expect(tunnelled.get("https://mirror.test/x", options)).rejects.toMatchObject(refusal);
      expect(plain.connects).toHaveLength(1);
      expect(server.requests).toHaveLength(0);

      // The proxy itself shows it: then it is the proxy that is named, and it hears nothing.
      const secure = quick({ HTTPS_PROXY: withLogin(proxy.url), SSL_CERT_FILE: file });
      await expect(secure.get("https://mirror.test/x", options)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(`the HTTP proxy localhost:${proxy.port}`),
      });
      expect(proxy.connects).toHaveLength(0);

      // Without a proxy the server is asked for as localhost.
      const direct = quick({ SSL_CERT_FILE: file }).get(server.url, options);
      await expect(direct).rejects.toMatchObject({
        code,
        found: expect.stringContaining("issued by"),
      });
    },
  );

  it("in a file that is not there are named when they are missed, and only then", async () => {
    await using server = await serve(ok, certificate);
    await using proxy = await serveProxy({ port: server.port, handler: ok });
    const http = quick({ HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, SSL_CERT_FILE: "/nowhere/ca.pem" });
    expect((await http.get("http://mirror.test/x", options)).status).toBe(200);
    const next = expect.stringContaining("/nowhere/ca.pem");
    await expect(http.get("https://mirror.test/x", options)).rejects.toMatchObject({
      code: "CERTIFICATE_UNTRUSTED",
      next,
    });
  });
});
