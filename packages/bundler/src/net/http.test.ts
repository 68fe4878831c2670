import { mkdtemp, writeFile } from "node:fs/promises";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { createHttp, type Http, type HttpOptions } from "./http.ts";
import { ATTEMPTS } from "./limits.ts";
import { selfSigned } from "./test-certificates.ts";
import { serve } from "./test-server.ts";

const options = { subject: "example.test/mod@v1.0.0", limit: 1000 };

function quick(more: Partial<HttpOptions> = {}): Http {
  return createHttp({
    env: {},
    userAgent: "goferry/test",
    sleep: async () => undefined,
    stallMs: 5000,
    ...more,
  });
}

const status =
  (code: number, text = "", headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(code, { "content-type": "text/plain", ...headers }).end(text);

/** Answers the first requests with the listeners of the list and all later ones with the last of them. */
function inTurn(...listeners: RequestListener[]): RequestListener {
  let turn = 0;
  return (request, response) => listeners[Math.min(turn++, listeners.length - 1)]?.(request, response);
}

const ok = status(200, "hello");

describe("get", () => {
  it("hands back status, headers and bytes, and says who asks", async () => {
    await using server = await serve(ok);
    const answer = await quick().get(`${server.url}/x?y=1`, options);
    expect(answer.status).toBe(200);
    expect(Buffer.from(answer.bytes).toString()).toBe("hello");
    expect(answer.headers["content-type"]).toBe("text/plain");
    expect(server.requests[0]?.url).toBe("/x?y=1");
    expect(server.requests[0]?.headers).toMatchObject({
      "user-agent": "goferry/test",
      "accept-encoding": "identity",
    });
  });

  it("keeps its connection from request to request", async () => {
    await using server = await serve(ok);
    const http = quick();
    for (let i = 0; i < 5; i++) await http.get(server.url, options);
    expect(new Set(server.requests.map((request) => request.socket.remotePort)).size).toBe(1);
  });

  it.each([401, 403, 404, 410])(
    "%i is NOT_FOUND at once, with the server's reason and the subject",
    async (code) => {
      await using server = await serve(status(code, "no such\u001b[31m version\nsecond line"));
      const found = `${code} (no such [31m version), from ${server.url}/a`;
      const error = { code: "NOT_FOUND", exitCode: 7, subject: options.subject, found };
      await expect(quick().get(`${server.url}/a?sig=1`, options)).rejects.toMatchObject(error);
      expect(server.requests).toHaveLength(1);
    },
  );

  it("hands back a status that the caller accepts", async () => {
    await using server = await serve(status(404, "nothing"));
    const answer = await quick().get(server.url, { ...options, accept: [404, 410] });
    expect(answer).toMatchObject({ status: 404, bytes: new Uint8Array() });
  });

  it.each([408, 429, 500, 502, 503, 504])("%i is tried again", async (code) => {
    await using server = await serve(inTurn(status(code), status(code), ok));
    expect((await quick().get(server.url, options)).status).toBe(200);
    expect(server.requests).toHaveLength(3);
  });

  it("gives up on a server that stays broken", async () => {
    await using server = await serve(status(503, "down"));
    const error = { code: "NETWORK_UNREACHABLE", exitCode: 6, found: `503 (down), from ${server.url}/` };
    await expect(quick().get(server.url, options)).rejects.toMatchObject(error);
    expect(server.requests).toHaveLength(ATTEMPTS);
  });

  it("waits as long as Retry-After says", async () => {
    await using server = await serve(inTurn(status(429, "", { "retry-after": "3" }), ok));
    const waits: number[] = [];
    await quick({ sleep: async (ms) => void waits.push(ms) }).get(server.url, options);
    expect(waits).toEqual([3000]);
  });

  it("does not wait a day", async () => {
    await using server = await serve(status(503, "", { "retry-after": "86400" }));
    const error = { code: "NETWORK_UNREACHABLE", next: expect.stringContaining("86400") };
    await expect(quick().get(server.url, options)).rejects.toMatchObject(error);
    expect(server.requests).toHaveLength(1);
  });

  it("names the host that cannot be reached, and what to do", async () => {
    const server = await serve(ok);
    await server[Symbol.asyncDispose]();
    const error = {
      code: "NETWORK_UNREACHABLE",
      found: expect.stringContaining(`:${server.port}`),
      next: expect.any(String),
    };
    await expect(quick().get(server.url, options)).rejects.toMatchObject(error);
    await expect(quick().get("ftp://host.test/x", options)).rejects.toMatchObject({
      code: "ARGUMENT_INVALID",
    });
  });

  it.each<[string, RequestListener, string]>([
    [
      "compressed without being asked",
      (_, r) => void r.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("hello")),
      "RESPONSE_INVALID",
    ],
    [
      "longer than the limit, as announced",
      (_, r) => void r.writeHead(200, { "content-length": 1001 }).write("x"),
      "RESPONSE_INVALID",
    ],
    [
      "of a length nobody can check",
      (_, r) => void r.socket?.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel"),
      "RESPONSE_INVALID",
    ],
    [
      "shorter than announced",
      (_, r) => void r.socket?.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
      "NETWORK_UNREACHABLE",
    ],
    [
      "cut between chunks",
      (_, r) => void r.socket?.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n"),
      "NETWORK_UNREACHABLE",
    ],
    ["no HTTP at all", (_, r) => void r.socket?.end("SSH-2.0-OpenSSH_9.2\r\n"), "NETWORK_UNREACHABLE"],
    [
      "a part that was not asked for",
      (_, r) => void r.writeHead(206, { "content-range": "bytes 0-4/9" }).end("hello"),
      "RESPONSE_INVALID",
    ],
    ["no content", (_, r) => void r.writeHead(204).end(), "RESPONSE_INVALID"],
    ["a request for a proxy login", status(407), "PROXY_AUTH_REQUIRED"],
  ])("refuses an answer that is %s", async (_, handler, code) => {
    await using server = await serve(handler);
    await expect(quick().get(server.url, options)).rejects.toMatchObject({ code, subject: options.subject });
  });

  it("stops a server that never ends at the limit", async () => {
    await using server = await serve((_, response) => {
      response.writeHead(200);
      const pour = (): void => {
        while (response.write(Buffer.alloc(1 << 16)));
      };
      response.on("drain", pour);
      pour();
    });
    await expect(quick().get(server.url, { ...options, limit: 1 << 20 })).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
    });
  });

  it.each<[string, RequestListener]>([
    ["says nothing", () => undefined],
    [
      "stops in the middle",
      (_, response) => void response.writeHead(200, { "content-length": 5 }).write("hel"),
    ],
    [
      "lets a byte drip now and then",
      (_, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write("x"), 10);
        response.on("close", () => clearInterval(drip));
      },
    ],
  ])("does not wait for a server that %s", async (_, handler) => {
    await using server = await serve(inTurn(handler, handler, ok));
    expect((await quick({ stallMs: 100 }).get(server.url, options)).status).toBe(200);
  });

  it("is INTERRUPTED by the signal while it waits", async () => {
    const controller = new AbortController();
    await using server = await serve((_, response) => {
      response.writeHead(200, { "content-length": 5 }).write("hel");
      setTimeout(() => controller.abort(), 20);
    });
    const result = quick().get(server.url, { ...options, signal: controller.signal });
    await expect(result).rejects.toMatchObject({ code: "INTERRUPTED" });
  });
});

describe("redirects", () => {
  it("are followed, up to five", async () => {
    const hops =
      (count: number): RequestListener =>
      (request, response) => {
        const at = Number(request.url?.slice(1));
        if (at === count) ok(request, response);
        else response.writeHead(302, { location: `/${at + 1}` }).end();
      };
    await using five = await serve(hops(5));
    expect((await quick().get(`${five.url}/0`, options)).status).toBe(200);
    await using loop = await serve(hops(-1));
    await expect(quick().get(`${loop.url}/0`, options)).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    expect(loop.requests).toHaveLength(6);
  });

  it("are not followed from https to http, and from http to https they are", async () => {
    const certificate = selfSigned("localhost");
    const authorities = { extra: [certificate.cert], system: [], note: undefined };
    await using plain = await serve((request, response) => {
      if (request.url === "/up") response.writeHead(302, { location: secure.url }).end();
      else ok(request, response);
    });
    await using secure = await serve((request, response) => {
      if (request.url === "/down") response.writeHead(302, { location: plain.url }).end();
      else ok(request, response);
    }, certificate);
    const http = quick({ authorities });
    await expect(http.get(`${secure.url}/down`, options)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      found: expect.stringContaining("from https to http"),
    });
    expect(plain.requests).toEqual([]);
    expect((await http.get(`${plain.url}/up`, options)).status).toBe(200);
  });

  it("are not followed to a file", async () => {
    await using server = await serve(status(302, "", { location: "file:///etc/passwd" }));
    await expect(quick().get(server.url, options)).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  });
});

describe("credentials", () => {
  const basic = (words: string): string => `Basic ${Buffer.from(words).toString("base64")}`;
  const authorization = (requests: IncomingMessage[]): (string | undefined)[] =>
    requests.map((request) => request.headers.authorization);

  const certificate = selfSigned("localhost");

  /** With a netrc of that text; trusts the certificate. */
  async function netrc(text: string): Promise<Http> {
    const folder = await mkdtemp(join(tmpdir(), "goferry-netrc-"));
    await writeFile(join(folder, ".netrc"), text);
    await writeFile(join(folder, "ca.pem"), certificate.cert);
    return quick({ env: { HOME: folder, SSL_CERT_FILE: join(folder, "ca.pem") } });
  }

  it("of netrc go to their host", async () => {
    await using server = await serve(ok, certificate);
    for (const host of ["localhost", "other.test"]) {
      await (await netrc(`machine ${host} login me password word`)).get(server.url, options);
    }
    expect(authorization(server.requests)).toEqual([basic("me:word"), undefined]);
  });

  // As go does: anybody on the way could read it.
  it("of netrc go over https only, those of the URL where it says", async () => {
    await using server = await serve(ok);
    const http = await netrc("machine 127.0.0.1 login me password word");
    await http.get(server.url, options);
    await http.get(server.url.replace("//", "//you:own@"), options);
    expect(authorization(server.requests)).toEqual([undefined, basic("you:own")]);
  });

  it("of the URL come before netrc and are not in the request line", async () => {
    await using server = await serve(ok, certificate);
    const http = await netrc("machine localhost login me password word");
    await http.get(server.url.replace("//", "//you:p%40ss@"), options);
    expect(authorization(server.requests)).toEqual([basic("you:p@ss")]);
  });

  it("follow a redirect on their server, and never to another, not even back", async () => {
    await using away = await serve(
      (_, response) => void response.writeHead(302, { location: `${home.url}/back` }).end(),
      certificate,
    );
    await using home = await serve((request: IncomingMessage, response: ServerResponse) => {
      const to: Record<string, string> = { "/start": "/next", "/next": away.url };
      const location = to[request.url ?? ""];
      if (location === undefined) ok(request, response);
      else response.writeHead(307, { location }).end();
    }, certificate);
    await (await netrc("machine localhost login me password word")).get(`${home.url}/start`, options);
    expect(authorization(home.requests)).toEqual([basic("me:word"), basic("me:word"), undefined]);
    expect(authorization(away.requests)).toEqual([undefined]);
  });

  it("are not used at all from a netrc that cannot be read, which is said", async () => {
    await using server = await serve(ok, certificate);
    const http = await netrc("machine localhost login me password SECRET\nmachine other.test pass SECRET");
    const error: unknown = await http.get(server.url, options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "ARGUMENT_INVALID", subject: expect.stringMatching(/\.netrc:2$/u) });
    expect(JSON.stringify(error)).not.toContain("SECRET");
    expect(server.requests).toHaveLength(0);
    await using plain = await serve(ok);
    const absent = quick({ env: { NETRC: "/nowhere/netrc" } });
    await expect(absent.get(plain.url, options)).resolves.toMatchObject({ status: 200 });
  });

  it("are in no error, whatever the server does with them", async () => {
    const echo =
      (code: number): RequestListener =>
      (request, response) => {
        const login = request.headers.authorization ?? "";
        const words = Buffer.from(login.replace("Basic ", ""), "base64").toString();
        status(code, `${login} ${words}`, { location: `https://${words}@` })(request, response);
      };
    const planted = await netrc("machine localhost login me password NETRCSECRET");
    const encoded = Buffer.from("me:NETRCSECRET").toString("base64");
    const errors: unknown[] = [];
    for (const code of [206, 302, 401, 403, 404, 407, 418, 429, 500]) {
      await using secure = await serve(echo(code), certificate);
      errors.push(
        await planted.get(`${secure.url}/x?token=QUERYSECRET`, options).catch((error: unknown) => error),
      );
      await using server = await serve(echo(code));
      const url = `${server.url}/x?token=QUERYSECRET`;
      errors.push(
        await quick()
          .get(url.replace("//", "//me:URLSECRET@"), options)
          .catch((error: unknown) => error),
      );
    }
    const gone = await serve(ok);
    await gone[Symbol.asyncDispose]();
    errors.push(
      await quick()
        .get(`http://me:URLSECRET@127.0.0.1:${gone.port}/?QUERYSECRET`, options)
        .catch((error: unknown) => error),
    );
    errors.push(
      await quick()
        .get("http://me:URLSECRET@host .test/?QUERYSECRET", options)
        .catch((error: unknown) => error),
    );
    expect(errors).toHaveLength(20);
    for (const error of errors) {
      expect(error).toHaveProperty("code");
      const told = `${JSON.stringify(error)} ${String((error as Error).stack)} ${String((error as Error).cause)}`;
      expect(told).not.toMatch(/SECRET/u);
      expect(told).not.toContain(encoded);
    }
  });
});
