// A module proxy on this machine, over HTTP as real ones are, that answers what a test wants: files, refusals, or what
// another source has.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Certificate } from "../../packages/bundler/src/net/test-certificates.ts";
import { serve } from "../../packages/bundler/src/net/test-server.ts";

/** Bytes, a file, or the status of a refusal. */
export type Answer = Uint8Array | string | { file: string } | number;

/** What there is at a path such as "golang.org/x/text/@v/v0.21.0.mod"; undefined: nothing. */
export type ModuleSource = (path: string) => Promise<Answer | undefined>;

export interface ModuleServer extends AsyncDisposable {
  /** For GOPROXY; without the login. */
  url: string;
  port: number;
  /** The paths that were asked for, in order, refused ones too. */
  requests: string[];
}

export interface ModuleServerOptions {
  /** Asked for by Basic authentication (RFC 7617); everybody else gets 401. */
  login?: { user: string; password: string };
  /** With one, it is reached by https. */
  certificate?: Certificate;
}

export async function serveModules(
  source: ModuleSource,
  { login, certificate }: ModuleServerOptions = {},
): Promise<ModuleServer> {
  const requests: string[] = [];
  const expected =
    login === undefined
      ? undefined
      : `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = decodeURIComponent((request.url ?? "").slice(1));
    requests.push(path);
    if (expected !== undefined && request.headers.authorization !== expected) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="modules"' }).end();
      return;
    }
    const found = (await source(path)) ?? 404;
    if (typeof found === "number") {
      response.writeHead(found, { "content-type": "text/plain" }).end(`refused with ${found} by this test`);
    } else if (typeof found === "string" || found instanceof Uint8Array) {
      response.end(found);
    } else {
      response.setHeader("content-length", (await stat(found.file)).size);
      createReadStream(found.file).pipe(response);
    }
  };
  const server = await serve((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  }, certificate);
  return {
    url: server.url,
    port: server.port,
    requests,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
