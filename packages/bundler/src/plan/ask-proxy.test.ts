import { GoferryError } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { codeOf } from "../../../../test/kit/bundler-go.ts";
import { createGoProxy } from "../net/goproxy.ts";
import { createHttp } from "../net/http.ts";
import { serve } from "../net/test-server.ts";
import { askProxy } from "./ask-proxy.ts";
import type { GoSource } from "./go-versions.ts";

const VERSION = "v0.0.1-go1.27.1.linux-amd64";

/** Asks a proxy at `url`, without waiting between attempts. */
function ask(url: string, signal?: AbortSignal): GoSource {
  const http = createHttp({ env: {}, userAgent: "test", sleep: async () => undefined });
  return askProxy(createGoProxy(http, url), signal);
}

/** A proxy that answers every path with this status, and with `body`. */
async function serveStatus(status: number, body = ""): ReturnType<typeof serve> {
  return await serve((_, response) => response.writeHead(status, { "content-type": "text/plain" }).end(body));
}

describe("askProxy", () => {
  it("reads the list of toolchains", async () => {
    await using server = await serveStatus(200, `${VERSION}\nv0.0.1-go1.26.8.linux-amd64\n`);
    expect(await ask(server.url).listGoVersions()).toEqual([VERSION, "v0.0.1-go1.26.8.linux-amd64", ""]);
    expect(server.requests.map(({ url }) => url)).toEqual(["/golang.org/toolchain/@v/list"]);
  });

  it.each([403, 404, 410])("takes a list that is refused with %i for no list", async (status) => {
    await using server = await serveStatus(status);
    expect(await ask(server.url).listGoVersions()).toEqual([]);
  });

  it("asks for the go.mod of a toolchain, and hands on how it was refused", async () => {
    await using has = await serveStatus(200, "module golang.org/toolchain\n");
    expect(await ask(has.url).askToolchain(VERSION)).toEqual({ served: true });
    expect(has.requests.map(({ url }) => url)).toEqual([`/golang.org/toolchain/@v/${VERSION}.mod`]);

    await using refuses = await serveStatus(403, "not by policy 7");
    const answer = await ask(refuses.url).askToolchain(VERSION);
    expect(answer).toMatchObject({ served: false });
    expect(answer).toHaveProperty("answer", expect.stringMatching(/403.*policy 7/u));
  });

  it("takes no broken or endless answer for an empty one", async () => {
    await using broken = await serveStatus(500);
    await using large = await serveStatus(200, "x".repeat(5 << 20));
    for (const source of [ask(broken.url), ask("http://127.0.0.1:1")]) {
      expect(await codeOf(source.listGoVersions())).toBe("NETWORK_UNREACHABLE");
      expect(await codeOf(source.askToolchain(VERSION))).toBe("NETWORK_UNREACHABLE");
    }
    expect(await codeOf(ask(large.url).listGoVersions())).toBe("RESPONSE_INVALID");
    expect(await codeOf(ask(large.url).askToolchain(VERSION))).toBe("RESPONSE_INVALID");
  });

  it("stops when it is interrupted", async () => {
    await using server = await serve(() => undefined);
    const abort = new AbortController();
    const asking = ask(server.url, abort.signal).listGoVersions();
    abort.abort(new GoferryError("INTERRUPTED", { subject: "goferry", message: "Ctrl-C" }));
    expect(await codeOf(Promise.resolve(asking))).toBe("INTERRUPTED");
  });
});
