import { mkdtemp, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { createHttp, type DownloadOptions, type Http } from "./http.ts";
import { ATTEMPTS } from "./limits.ts";
import { serve } from "./test-server.ts";

const MIB = 1024 * 1024;
const options: DownloadOptions = { subject: "example.test/mod@v1.0.0", limit: 64 * MIB };
const quick = (stallMs = 5000): Http =>
  createHttp({ env: {}, userAgent: "goferry/test", sleep: async () => undefined, stallMs });

/** Bytes that differ at every place and from seed to seed. */
function content(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed * 2654435761;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "goferry-download-"));
});

const folder = (): Promise<string> => mkdtemp(join(root, "x"));

interface Resource {
  body: Buffer;
  /** The header that names the version, if any. */
  version?: Record<string, string>;
}

/** A correct server of one file, ranges and If-Range included, that sends at most `cutAt` bytes of a body. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { body, version }: Resource,
  cutAt = Infinity,
): void {
  const range = /^bytes=(?<first>\d+)-$/u.exec(request.headers.range ?? "")?.groups?.["first"];
  const same =
    request.headers["if-range"] === undefined ||
    Object.values(version ?? {}).includes(String(request.headers["if-range"]));
  const first = range !== undefined && same ? Number(range) : 0;
  const part = body.subarray(first);
  const headers = { ...version, "accept-ranges": "bytes", "content-length": part.length };
  if (first > 0) {
    if (part.length === 0) {
      response.writeHead(416, { "content-range": `bytes */${body.length}` }).end();
      return;
    }
    response.writeHead(206, {
      ...headers,
      "content-range": `bytes ${first}-${body.length - 1}/${body.length}`,
    });
  } else {
    response.writeHead(200, headers);
  }
  if (part.length <= cutAt) response.end(part);
  else response.write(part.subarray(0, cutAt), () => setImmediate(() => response.destroy()));
}

const ranges = (requests: IncomingMessage[]): (string | undefined)[] =>
  requests.map((request) => request.headers.range);

describe("download", () => {
  it("puts the whole file in place and tells how far it is", async () => {
    const body = content(300_000);
    await using server = await serve((request, response) => answer(request, response, { body }));
    const dir = await folder();
    const seen: [number, number | undefined][] = [];
    const onProgress = (bytes: number, total: number | undefined): void => void seen.push([bytes, total]);
    expect(await quick().download(server.url, join(dir, "f"), { ...options, onProgress })).toEqual({
      status: 200,
      size: 300_000,
      resumed: false,
    });
    expect((await readFile(join(dir, "f"))).equals(body)).toBe(true);
    expect(await readdir(dir)).toEqual(["f"]);
    expect(seen.at(-1)).toEqual([300_000, 300_000]);
  });

  it("takes an empty file for a file", async () => {
    await using server = await serve(
      (_, response) => void response.writeHead(200, { "content-length": 0 }).end(),
    );
    const file = join(await folder(), "f");
    expect((await quick().download(server.url, file, options)).size).toBe(0);
    expect(await readFile(file)).toHaveLength(0);
  });

  it.each<[string, Record<string, string>]>([
    ["a strong ETag", { etag: '"v1"' }],
    [
      "a settled Last-Modified",
      { "last-modified": "Sat, 21 Nov 2026 05:00:00 GMT", date: "Sat, 21 Nov 2026 05:16:31 GMT" },
    ],
  ])("goes on where it was cut, by %s", async (_, version) => {
    const body = content(200_000);
    let requests = 0;
    await using server = await serve((request, response) =>
      answer(request, response, { body, version }, requests++ < 3 ? 50_000 : Infinity),
    );
    const file = join(await folder(), "f");
    const seen: number[] = [];
    const onProgress = (bytes: number): void => void seen.push(bytes);
    await quick().download(server.url, file, { ...options, onProgress });
    expect((await readFile(file)).equals(body)).toBe(true);
    expect(ranges(server.requests)).toEqual([undefined, "bytes=50000-", "bytes=100000-", "bytes=150000-"]);
    // At the end of one answer and at the beginning of the next.
    const twice = seen.filter((bytes, i) => seen.indexOf(bytes) !== i);
    expect([seen[0], ...twice, seen.at(-1)]).toEqual([0, 50_000, 100_000, 150_000, 200_000]);
    expect(server.requests[1]?.headers["if-range"]).toBe(version["etag"] ?? version["last-modified"]);
  });

  it.each<[string, Record<string, string>]>([
    ["names no version", {}],
    ["has a weak ETag", { etag: 'W/"v1"' }],
    [
      "was changed just now",
      { "last-modified": "Sat, 21 Nov 2026 05:16:30 GMT", date: "Sat, 21 Nov 2026 05:16:31 GMT" },
    ],
  ])("starts over where the server %s", async (_, version) => {
    const body = content(100_000);
    let requests = 0;
    await using server = await serve((request, response) =>
      answer(request, response, { body, version }, requests++ < 1 ? 50_000 : Infinity),
    );
    const file = join(await folder(), "f");
    const seen: number[] = [];
    const onProgress = (bytes: number): void => void seen.push(bytes);
    await quick().download(server.url, file, { ...options, onProgress });
    expect((await readFile(file)).equals(body)).toBe(true);
    expect(ranges(server.requests)).toEqual([undefined, undefined]);
    expect(seen.filter((bytes) => bytes === 0)).toHaveLength(2);
  });

  it("goes on without a version where the file can never change", async () => {
    const body = content(100_000);
    let requests = 0;
    await using server = await serve((request, response) =>
      answer(request, response, { body }, requests++ < 1 ? 50_000 : Infinity),
    );
    const file = join(await folder(), "f");
    await quick().download(server.url, file, { ...options, immutable: true });
    expect((await readFile(file)).equals(body)).toBe(true);
    expect(ranges(server.requests)).toEqual([undefined, "bytes=50000-"]);
    expect(server.requests[1]?.headers["if-range"]).toBeUndefined();
  });

  it("starts over where the server ignores ranges", async () => {
    const body = content(100_000);
    let requests = 0;
    await using server = await serve((request, response) => {
      delete request.headers.range;
      answer(request, response, { body, version: { etag: '"v1"' } }, requests++ < 2 ? 50_000 : Infinity);
    });
    const file = join(await folder(), "f");
    await quick().download(server.url, file, options);
    expect((await readFile(file)).equals(body)).toBe(true);
  });

  it("never joins two versions: a shorter one replaces a longer one whole", async () => {
    const versions = [content(90_000, 1), content(70_000, 2)];
    let requests = 0;
    await using server = await serve((request, response) => {
      const at = Math.min(requests++, 1);
      answer(
        request,
        response,
        { body: versions[at] ?? Buffer.alloc(0), version: { etag: `"v${at}"` } },
        at === 0 ? 80_000 : Infinity,
      );
    });
    const file = join(await folder(), "f");
    await quick().download(server.url, file, options);
    expect((await readFile(file)).equals(content(70_000, 2))).toBe(true);
  });

  it.each<[string, (body: Buffer, first: number) => [number, Record<string, string | number>, Buffer]]>([
    [
      "with another ETag",
      (body, first) => [
        206,
        { etag: '"v2"', "content-range": `bytes ${first}-${body.length - 1}/${body.length}` },
        body.subarray(first),
      ],
    ],
    [
      "without an ETag",
      (body, first) => [
        206,
        { "content-range": `bytes ${first}-${body.length - 1}/${body.length}` },
        body.subarray(first),
      ],
    ],
    [
      "beyond its end",
      (body, first) => [
        206,
        { etag: '"v1"', "content-range": `bytes ${first}-${body.length}/${body.length}` },
        content(body.length + 1 - first),
      ],
    ],
    [
      "from another place",
      (body, first) => [
        206,
        { etag: '"v1"', "content-range": `bytes ${first - 1}-${body.length - 1}/${body.length}` },
        body.subarray(first - 1),
      ],
    ],
    [
      "of another size",
      (body, first) => [
        206,
        { etag: '"v1"', "content-range": `bytes ${first}-${body.length}/${body.length + 1}` },
        content(body.length + 1 - first),
      ],
    ],
    [
      "of no known size",
      (body, first) => [
        206,
        { etag: '"v1"', "content-range": `bytes ${first}-${body.length - 1}/*` },
        body.subarray(first),
      ],
    ],
    [
      "longer than it says",
      (body, first) => [
        206,
        { etag: '"v1"', "content-range": `bytes ${first}-${first + 9}/${body.length}` },
        body.subarray(first),
      ],
    ],
    ["without saying which", (body, first) => [206, { etag: '"v1"' }, body.subarray(first)]],
    ["not at all", () => [416, { "content-range": "bytes */5" }, Buffer.alloc(0)]],
  ])("starts over where the rest comes %s", async (_, wrong) => {
    const body = content(100_000);
    await using server = await serve((request, response) => {
      const first = /\d+/u.exec(request.headers.range ?? "")?.[0];
      if (first === undefined) {
        answer(
          request,
          response,
          { body, version: { etag: '"v1"' } },
          server.requests.length === 1 ? 40_000 : Infinity,
        );
        return;
      }
      const [status, headers, bytes] = wrong(body, Number(first));
      response.writeHead(status, { ...headers, "content-length": bytes.length }).end(bytes);
    });
    const file = join(await folder(), "f");
    await quick().download(server.url, file, options);
    expect((await readFile(file)).equals(body)).toBe(true);
    expect(ranges(server.requests)).toEqual([undefined, "bytes=40000-", undefined]);
  });

  it("goes on for as long as it gets further, and gives up where it does not", async () => {
    const body = content(20 * MIB);
    await using cut = await serve((request, response) =>
      answer(request, response, { body, version: { etag: '"v1"' } }, 1.5 * MIB),
    );
    const dir = await folder();
    await quick().download(cut.url, join(dir, "f"), options);
    expect((await readFile(join(dir, "f"))).equals(body)).toBe(true);
    expect(cut.requests.length).toBeGreaterThan(ATTEMPTS);

    await using stuck = await serve((request, response) => answer(request, response, { body }, 1.5 * MIB));
    await expect(quick().download(stuck.url, join(dir, "g"), options)).rejects.toMatchObject({
      code: "NETWORK_UNREACHABLE",
    });
    expect(stuck.requests).toHaveLength(ATTEMPTS + 1);
    expect(await readdir(dir)).toEqual(["f"]);
  });

  it("resumes after silence", async () => {
    const body = content(100_000);
    await using server = await serve((request, response) => {
      if (server.requests.length > 1) answer(request, response, { body, version: { etag: '"v1"' } });
      else
        response
          .writeHead(200, { etag: '"v1"', "content-length": body.length })
          .write(body.subarray(0, 30_000));
    });
    const file = join(await folder(), "f");
    await quick(300).download(server.url, file, options);
    expect((await readFile(file)).equals(body)).toBe(true);
    expect(ranges(server.requests)).toEqual([undefined, "bytes=30000-"]);
  });

  it.each<[string, RequestListener, Partial<DownloadOptions>, string]>([
    [
      "is announced over the limit",
      (q, s) => answer(q, s, { body: content(2000) }),
      { limit: 1999 },
      "RESPONSE_INVALID",
    ],
    ["grows over the limit", (_, s) => void s.end(content(100_000)), { limit: 99_999 }, "RESPONSE_INVALID"],
    [
      "is announced in another size",
      (q, s) => answer(q, s, { body: content(2000) }),
      { expectedSize: 2001 },
      "RESPONSE_INVALID",
    ],
    [
      "ends at another size",
      (_, s) => {
        s.write("x");
        s.end("y");
      },
      { expectedSize: 3 },
      "RESPONSE_INVALID",
    ],
    [
      "grows over its size",
      (_, s) => {
        s.write("x");
        s.end("y");
      },
      { expectedSize: 1 },
      "RESPONSE_INVALID",
    ],
    [
      "comes compressed",
      (_, s) => void s.writeHead(200, { "content-encoding": "gzip" }).end("x"),
      {},
      "RESPONSE_INVALID",
    ],
    [
      "has no known length",
      (_, s) => void s.socket?.end("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel"),
      {},
      "RESPONSE_INVALID",
    ],
    [
      "is never as long as announced",
      (_, s) => void s.socket?.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
      {},
      "NETWORK_UNREACHABLE",
    ],
    ["is not there", (_, s) => void s.writeHead(404).end(), {}, "NOT_FOUND"],
  ])("leaves nothing of a file that %s", async (_, handler, more, code) => {
    await using server = await serve(handler);
    const dir = await folder();
    const result = quick().download(server.url, join(dir, "f"), { ...options, ...more });
    await expect(result).rejects.toMatchObject({ code, subject: options.subject });
    expect(await readdir(dir)).toEqual([]);
  });

  it("hands back an accepted status without a file", async () => {
    await using server = await serve((_, response) => void response.writeHead(410).end());
    const dir = await folder();
    const answered = await quick().download(server.url, join(dir, "f"), { ...options, accept: [404, 410] });
    expect(answered).toEqual({ status: 410, size: 0, resumed: false });
    expect(await readdir(dir)).toEqual([]);
  });

  it("stops a server that never ends at the limit", async () => {
    await using server = await serve((_, response) => {
      const pour = (): void => {
        while (response.write(Buffer.alloc(1 << 16)));
      };
      response.on("drain", pour);
      pour();
    });
    const dir = await folder();
    const result = quick().download(server.url, join(dir, "f"), { ...options, limit: MIB });
    await expect(result).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    expect(await readdir(dir)).toEqual([]);
  });

  it("is INTERRUPTED by the signal and leaves nothing", async () => {
    await using server = await serve(
      (_, response) => void response.writeHead(200, { "content-length": 9 }).write("hel"),
    );
    const dir = await folder();
    const controller = new AbortController();
    const onProgress = (): void => controller.abort();
    const result = quick().download(server.url, join(dir, "f"), {
      ...options,
      signal: controller.signal,
      onProgress,
    });
    await expect(result).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(await readdir(dir)).toEqual([]);
  });

  it("says which of the disk's errors it was", async () => {
    await using server = await serve((request, response) =>
      answer(request, response, { body: content(100_000) }),
    );
    const dir = await folder();
    await symlink("/dev/full", join(dir, "full.part"));
    const full = quick().download(server.url, join(dir, "full"), options);
    await expect(full).rejects.toMatchObject({ code: "DISK_FULL", exitCode: 6 });
    expect(server.requests).toHaveLength(1);
    const nowhere = quick().download(server.url, join(dir, "no", "f"), options);
    await expect(nowhere).rejects.toMatchObject({ code: "IO_FAILED" });
    await writeFile(join(dir, "file"), "");
    await expect(quick().download(server.url, join(dir, "file", "f"), options)).rejects.toMatchObject({
      code: "IO_FAILED",
    });
  });
});
