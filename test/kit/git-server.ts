// A git server as companies have one: HTTPS, a password, Go's import paths, and git's own http-backend behind it. It is
// reached by its name, git.corp.example, through an HTTP proxy of this machine, so that no hosts file must be changed:
// HTTPS_PROXY says where.

import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { selfSigned, type Certificate } from "../../packages/bundler/src/net/test-certificates.ts";
import { serve, serveProxy } from "../../packages/bundler/src/net/test-server.ts";
import { writeFiles } from "./bundler-go.ts";

export const GIT_HOST = "git.corp.example";

export interface GitServer extends AsyncDisposable {
  /** For HTTPS_PROXY. */
  proxy: string;
  /** Of the server itself, on this machine. */
  port: number;
  /** PEM: for SSL_CERT_FILE and GIT_SSL_CAINFO. */
  authority: string;
  /** The folder of the repositories: NAME.git each. */
  folder: string;
  /** The paths that were asked for with the right password, in order. */
  requests: string[];
  /** Adds a version of the module `GIT_HOST/NAME`, or gives the tag of one that is there to other files. */
  tag(name: string, version: string, files: Readonly<Record<string, string>>): Promise<void>;
}

export interface GitServerOptions {
  /** Asked for by Basic authentication (RFC 7617), for the import path too. */
  login: { user: string; password: string };
  /** For GIT_HOST; one that is its own authority if left out. */
  certificate?: Certificate;
}

/** Whether there is a git; says on stderr what is skipped when there is none. */
export async function canGit(): Promise<boolean> {
  try {
    await promisify(execFile)("git", ["--version"]);
    return true;
  } catch (error) {
    process.stderr.write(`tests with a git server are skipped: no git here (${String(error)})\n`);
    return false;
  }
}

export async function gitServer({
  login,
  certificate = selfSigned(GIT_HOST),
}: GitServerOptions): Promise<GitServer> {
  const folder = await mkdtemp(join(tmpdir(), "goferry-git-"));
  const expected = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
  const requests: string[] = [];
  const server = await serve((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
      return;
    }
    requests.push(request.url ?? "");
    answer(request, response, folder);
  }, certificate);
  const proxy = await serveProxy({ port: server.port });
  return {
    proxy: proxy.url,
    port: server.port,
    authority: certificate.cert,
    folder,
    requests,
    tag: (name, version, files) => tag(folder, { name, version, files }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, folder: string): void {
  const { pathname, searchParams } = new URL(request.url ?? "", `https://${GIT_HOST}`);
  const [, name = ""] = pathname.split("/");
  if (searchParams.get("go-get") === "1") {
    const content = `${GIT_HOST}/${name} git https://${GIT_HOST}/${name}.git`;
    response.setHeader("content-type", "text/html");
    response.end(`<html><head><meta name="go-import" content="${content}"></head></html>`);
    return;
  }
  runBackend(request, response, { folder, pathname, query: searchParams.toString() });
}

/** The common gateway interface, as git-http-backend(1) wants it. */
function runBackend(
  request: IncomingMessage,
  response: ServerResponse,
  { folder, pathname, query }: { folder: string; pathname: string; query: string },
): void {
  const { method = "GET", headers } = request;
  const text = (name: string): string => String(headers[name] ?? "");
  const child = spawn("git", ["http-backend"], {
    env: {
      ...OWN_GIT,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: pathname,
      QUERY_STRING: query,
      REQUEST_METHOD: method,
      CONTENT_TYPE: text("content-type"),
      HTTP_CONTENT_ENCODING: text("content-encoding"),
      GIT_PROTOCOL: text("git-protocol"),
      REMOTE_USER: "git",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(child.stdin);
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  child.once("close", () => {
    const all = Buffer.concat(parts);
    const end = all.indexOf("\r\n\r\n");
    for (const line of all.subarray(0, end).toString("utf8").split("\r\n")) {
      const [, name = "", value = ""] = /^([^:]+): (.*)$/u.exec(line) ?? [];
      if (name === "Status") response.statusCode = Number.parseInt(value, 10);
      else if (name !== "") response.setHeader(name, value);
    }
    response.end(all.subarray(end + 4));
  });
}

/** Nothing of the developer's git settings. */
const OWN_GIT = {
  PATH: process.env["PATH"],
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Corp",
  GIT_AUTHOR_EMAIL: "corp@corp.example",
  GIT_AUTHOR_DATE: "2026-11-01T00:00:00Z",
  GIT_COMMITTER_NAME: "Corp",
  GIT_COMMITTER_EMAIL: "corp@corp.example",
  GIT_COMMITTER_DATE: "2026-11-01T00:00:00Z",
};

async function tag(
  folder: string,
  { name, version, files }: { name: string; version: string; files: Readonly<Record<string, string>> },
): Promise<void> {
  const bare = join(folder, `${name}.git`);
  const work = join(folder, `${name}-${version}-work`);
  const git = async (...args: string[]): Promise<void> => {
    await promisify(execFile)("git", args, { cwd: work, env: OWN_GIT });
  };
  await mkdir(work);
  await git("init", "--quiet", "--bare", "--initial-branch=main", bare);
  await git("init", "--quiet", "--initial-branch=main", work);
  await writeFiles(work, { ...files });
  await git("add", "--all");
  await git("commit", "--quiet", `--message=${version}`);
  await git("tag", version);
  await git("push", "--quiet", "--force", bare, `HEAD:refs/heads/${version}`, version);
  await rm(work, { recursive: true });
}
