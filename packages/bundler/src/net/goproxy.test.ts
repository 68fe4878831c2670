import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { GoferryError } from "@goferry/core";
import { describe, expect, it } from "vitest";

import { parseProxyList } from "./goproxy-list.ts";
import { createGoProxy, sumdbFetch } from "./goproxy.ts";
import { createHttp } from "./http.ts";
import { serve, type TestServer } from "./test-server.ts";

const http = createHttp({ env: {}, userAgent: "goferry/test", sleep: async () => undefined, stallMs: 2000 });
const PATH = "golang.org/toolchain/@v/v0.0.1-go1.27.1.linux-amd64.zip";
const options = { subject: "golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64", limit: 1000 };

/** A server of the files of a record; everything else has the status `otherwise`. */
function files(record: Record<string, string>, otherwise = 404): RequestListener {
  return (request, response) => {
    const text = record[request.url ?? ""];
    if (text === undefined) response.writeHead(otherwise).end();
    else response.end(text);
  };
}

async function folder(record: Record<string, string> = {}): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "goferry-goproxy-"));
  for (const [name, text] of Object.entries(record)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  return dir;
}

const get = async (list: string, path = PATH): Promise<string> =>
  Buffer.from(await createGoProxy(http, list).get(path, options)).toString();

const asked = (server: TestServer): number => server.requests.length;

describe("a GOPROXY list", () => {
  it("is read as go reads it", () => {
    const list = parseProxyList(" https://a.test/x/ ,, http://b.test|c.test/y|direct,https://never.test");
    expect(list.entries.map(({ base, anyError }) => [base.href, anyError])).toEqual([
      ["https://a.test/x/", false],
      ["http://b.test/", true],
      ["https://c.test/y", true],
    ]);
    expect(list.end).toBe("direct");
    expect(parseProxyList("off")).toEqual({ entries: [], end: "off" });
    expect(parseProxyList("")).toEqual({ entries: [], end: undefined });
  });

  it.each([
    "socks5://u:SECRET@a.test",
    "/srv/SECRET",
    "SECRET",
    "https://u:SECRET@",
    "file://host.test/SECRET",
  ])("with %s is refused without repeating it", (list) => {
    let error: unknown;
    try {
      createGoProxy(http, list);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "ARGUMENT_INVALID", subject: "GOPROXY" });
    expect(JSON.stringify(error)).not.toContain("SECRET");
  });

  it.each([
    [404, ",", "second"],
    [410, ",", "second"],
    [403, ",", "NOT_FOUND"],
    [500, ",", "NETWORK_UNREACHABLE"],
    [404, "|", "second"],
    [403, "|", "second"],
    [500, "|", "second"],
  ])("after %i and %s leads to: %s", async (status, separator, outcome) => {
    await using first = await serve(files({}, status));
    await using second = await serve(files({ [`/${PATH}`]: "second" }));
    const result = await get(`${first.url}${separator}${second.url}`).catch((error: unknown) => error);
    expect(result instanceof GoferryError ? result.code : result).toBe(outcome);
    expect(asked(second)).toBe(outcome === "second" ? 1 : 0);
  });

  it("reports the refusal that says most", async () => {
    await using denies = await serve(files({}, 403));
    await using lacks = await serve(files({}, 404));
    const found = (text: string): object => ({ code: "NOT_FOUND", found: expect.stringContaining(text) });
    await expect(get(`${denies.url}|${lacks.url}`)).rejects.toMatchObject(found("403"));
    await expect(get(`${lacks.url},${denies.url}`)).rejects.toMatchObject(found("403"));
    await expect(get(`${lacks.url},${lacks.url}/b,direct`)).rejects.toMatchObject(found("404"));
  });

  it.each(["direct", "off", "", ",", "direct,https://never.test"])("%j names no proxy", async (list) => {
    await expect(get(list)).rejects.toMatchObject({
      code: "PROXY_UNKNOWN",
      exitCode: 2,
      next: expect.stringContaining("GOPROXY"),
    });
  });

  it("keeps the path and the login of its entries", async () => {
    await using server = await serve(files({ [`/go/proxy/${PATH}`]: "here" }));
    await expect(get(`${server.url.replace("//", "//me:word@")}/go/proxy/`)).resolves.toBe("here");
    expect(server.requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from("me:word").toString("base64")}`,
    );
  });

  it.each(["../x", "a//b", "/a", "a/./b", "a?b", "a#b", "a b", "a\\b", "a%2e", ""])(
    "is not asked for %j",
    async (path) => {
      await using server = await serve(files({}));
      await expect(get(server.url, path)).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
      expect(asked(server)).toBe(0);
    },
  );
});

describe("download", () => {
  it("takes the file from the first proxy that has it", async () => {
    await using lacks = await serve(files({}, 410));
    await using has = await serve(files({ [`/${PATH}`]: "zip" }));
    const dir = await folder();
    const result = await createGoProxy(http, `${lacks.url},${has.url}`).download(
      PATH,
      join(dir, "f"),
      options,
    );
    expect(result).toEqual({ size: 3, resumed: false });
    expect(await readdir(dir)).toEqual(["f"]);
    expect(await readFile(join(dir, "f"), "utf8")).toBe("zip");
  });

  it("is refused with the status and the module's name", async () => {
    await using server = await serve((_, response) => {
      response.writeHead(403, { "content-type": "text/plain; charset=utf-8" }).end("not available\n");
    });
    const dir = await folder();
    const result = createGoProxy(http, server.url).download(PATH, join(dir, "f"), options);
    const found = `403 (not available), from ${server.url}/${PATH}`;
    await expect(result).rejects.toMatchObject({
      code: "NOT_FOUND",
      exitCode: 7,
      subject: options.subject,
      found,
    });
    expect(await readdir(dir)).toEqual([]);
  });
});

describe("a proxy in a folder", () => {
  it("serves files, with the same limits", async () => {
    const source = await folder({ [PATH]: "zip in a folder" });
    const list = pathToFileURL(source).href;
    const proxy = createGoProxy(http, list);
    await expect(get(list)).resolves.toBe("zip in a folder");
    const dir = await folder();
    const seen: number[] = [];
    const onProgress = (bytes: number): void => void seen.push(bytes);
    expect(await proxy.download(PATH, join(dir, "f"), { ...options, onProgress })).toEqual({
      size: 15,
      resumed: false,
    });
    expect(seen).toEqual([15]);
    const small = { ...options, limit: 14 };
    await expect(proxy.get(PATH, small)).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    await expect(proxy.download(PATH, join(dir, "g"), small)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
    });
    const sized = { ...options, expectedSize: 16 };
    await expect(proxy.download(PATH, join(dir, "g"), sized)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
    });
    await expect(proxy.download(PATH, "/dev/full/x", options)).rejects.toMatchObject({ code: "IO_FAILED" });
    expect(await readdir(dir)).toEqual(["f"]);
  });

  it("is held to the limit by what is read, not by what its size was", async () => {
    const dir = await folder({ "a/x": "" });
    await symlink("/proc/cpuinfo", join(dir, "a/grows"));
    const proxy = createGoProxy(http, pathToFileURL(dir).href);
    await expect(proxy.get("a/grows", { ...options, limit: 10 })).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
    });
  });

  it("is one of a list like any other", async () => {
    const empty = pathToFileURL(await folder()).href;
    await using server = await serve(files({ [`/${PATH}`]: "far" }));
    await expect(get(`${empty},${server.url}`)).resolves.toBe("far");
    await expect(get(empty)).rejects.toMatchObject({ code: "NOT_FOUND", subject: options.subject });
    await expect(get(empty, "golang.org")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("sumdbFetch", () => {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

  it("asks through the proxy that serves the database, after asking once whether it does", async () => {
    await using server = await serve(
      files({ "/sumdb/sum.test/supported": "", "/sumdb/sum.test/latest": "head" }),
    );
    await using direct = await serve(files({ "/latest": "direct" }));
    const fetch = sumdbFetch(createGoProxy(http, server.url), http, "sum.test", { url: direct.url });
    const all = await Promise.all([fetch("latest"), fetch("latest"), fetch("latest")]);
    expect(all.map(text)).toEqual(["head", "head", "head"]);
    expect(server.requests.filter((request) => request.url?.endsWith("supported"))).toHaveLength(1);
    await expect(fetch("tile/8/0/000")).rejects.toMatchObject({
      code: "NOT_FOUND",
      subject: "sum.test/tile/8/0/000",
    });
    expect(asked(direct)).toBe(0);
  });

  it.each(["404,", "410,", "500|", "direct", "off", ""])(
    "asks the database itself where the list is %j",
    async (kind) => {
      await using proxy = await serve(files({}, Number.parseInt(kind, 10) || 200));
      await using direct = await serve(files({ "/db/latest": "direct" }));
      const list = /^\d/u.test(kind) ? `${proxy.url}${kind.slice(-1)}direct` : kind;
      const fetch = sumdbFetch(createGoProxy(http, list), http, "sum.test", { url: `${direct.url}/db/` });
      expect(text(await fetch("latest"))).toBe("direct");
    },
  );

  it("does not go round a proxy that fails or forbids", async () => {
    await using forbids = await serve(files({}, 403));
    await using direct = await serve(files({ "/latest": "direct" }));
    const fetch = sumdbFetch(createGoProxy(http, `${forbids.url},direct`), http, "sum.test", {
      url: direct.url,
    });
    await expect(fetch("latest")).rejects.toMatchObject({ code: "NOT_FOUND", subject: "sum.test/supported" });
    expect(asked(direct)).toBe(0);
  });

  it("asks again whether the proxy serves it after the network was away", async () => {
    const record: Record<string, string> = {};
    let status = 503;
    await using server = await serve((request, response) => files(record, status)(request, response));
    const fetch = sumdbFetch(createGoProxy(http, server.url), http, "sum.test");
    await expect(fetch("latest")).rejects.toMatchObject({ code: "NETWORK_UNREACHABLE" });
    status = 404;
    Object.assign(record, { "/sumdb/sum.test/supported": "", "/sumdb/sum.test/latest": "head" });
    expect(text(await fetch("latest"))).toBe("head");
  });

  it("reads it from a folder", async () => {
    const dir = await folder({ "sumdb/sum.golang.org/supported": "", "sumdb/sum.golang.org/latest": "head" });
    const fetch = sumdbFetch(createGoProxy(http, pathToFileURL(dir).href), http);
    expect(text(await fetch("latest"))).toBe("head");
    await expect(fetch("tile/8/0/000")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("size", () => {
  const sized =
    (bytes: number): RequestListener =>
    (request, response) => {
      response
        .writeHead(200, { "content-length": bytes })
        .end(request.method === "HEAD" ? "" : "x".repeat(bytes));
    };

  it("asks by HEAD, one proxy after the other, and takes a file as it is", async () => {
    await using none = await serve(files({}, 404));
    await using has = await serve(sized(4711));
    await using redirects = await serve((_, response) => {
      response.writeHead(302, { location: `${has.url}/elsewhere` }).end();
    });
    const sizeOf = (list: string): Promise<number | undefined> =>
      createGoProxy(http, list).size(PATH, options);
    expect(await sizeOf(`${none.url},${has.url}`)).toBe(4711);
    expect(await sizeOf(redirects.url)).toBe(4711);
    expect(has.requests.map(({ method }) => method)).toEqual(["HEAD", "HEAD"]);
    const dir = await folder({ [PATH]: "twelve bytes" });
    expect(await sizeOf(pathToFileURL(dir).href)).toBe(12);
  });

  it("is not known where nobody says it, and nothing is asked twice", async () => {
    await using broken = await serve(files({}, 500));
    await using chunked = await serve((_, response) => void response.writeHead(200).end());
    const list = `${broken.url},${chunked.url},file:///nowhere,off`;
    expect(await createGoProxy(http, list).size(PATH, options)).toBeUndefined();
    expect([asked(broken), asked(chunked)]).toEqual([1, 1]);
    const stopped = { ...options, signal: AbortSignal.abort() };
    await expect(createGoProxy(http, broken.url).size(PATH, stopped)).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});
