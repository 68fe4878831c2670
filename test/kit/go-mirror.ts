// A mirror of go.dev/dl on this machine: the list of releases, archives and their signatures, and what a bad mirror makes
// of them.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { generateKey, keySigner, unlockKey } from "../../packages/bundler/src/index.ts";
import { readTrustedKey, type TrustedKey } from "../../packages/core/src/index.ts";
import type { Certificate } from "../../packages/bundler/src/net/test-certificates.ts";
import { serve, type TestServer } from "../../packages/bundler/src/net/test-server.ts";

export { serve, type TestServer };

export interface MirroredArchive {
  /** Such as "go1.27.1.linux-amd64.tar.gz"; version and platform in the list follow from it. */
  filename: string;
  /** Its bytes, or the path of a file. */
  content: Uint8Array | string;
  /** The .asc; without one there is none. */
  signature?: Uint8Array | undefined;
  /** In the list, in place of the right values. */
  listed?: Record<string, unknown>;
}

export interface MirrorOptions {
  archives: readonly MirroredArchive[];
  /** Versions that the list calls unstable. */
  unstable?: readonly string[];
  /** In place of the list. */
  list?: string;
  /** With one, it speaks https. */
  certificate?: Certificate;
  /** Where every file is instead: the mirror redirects there. */
  elsewhere?: string;
}

export interface GoMirror extends AsyncDisposable {
  /** For --dl-url. */
  url: string;
  /** Paths that were asked for. */
  asked: string[];
  server: TestServer;
}

export async function goMirror(options: MirrorOptions): Promise<GoMirror> {
  const { archives, certificate, elsewhere } = options;
  const list = options.list ?? JSON.stringify(await listOf(options));
  const asked: string[] = [];
  const server = await serve((request, response) => {
    const path = (request.url ?? "").replace(/^\/dl\//u, "");
    asked.push(path);
    if (path === "?mode=json&include=all") {
      response.writeHead(200, { "content-length": Buffer.byteLength(list) }).end(list);
      return;
    }
    const archive = archives.find(({ filename }) => path === filename || path === `${filename}.asc`);
    if (archive === undefined) response.writeHead(404).end();
    else if (elsewhere !== undefined) response.writeHead(302, { location: `${elsewhere}/dl/${path}` }).end();
    else void answer(path.endsWith(".asc") ? archive.signature : archive.content, response);
  }, certificate);
  return {
    url: `${server.url}/dl`,
    asked,
    server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function answer(
  content: MirroredArchive["content"] | undefined,
  response: Parameters<Parameters<typeof serve>[0]>[1],
): Promise<void> {
  if (content === undefined) {
    response.writeHead(404).end();
    return;
  }
  if (typeof content !== "string") {
    response.writeHead(200, { "content-length": content.length }).end(content);
    return;
  }
  response.writeHead(200, { "content-length": (await stat(content)).size });
  createReadStream(content).pipe(response);
}

interface Release {
  version: string;
  stable: boolean;
  files: Record<string, unknown>[];
}

/** As https://go.dev/dl/?mode=json has it. */
async function listOf({ archives, unstable = [] }: MirrorOptions): Promise<Release[]> {
  const releases = new Map<string, Release>();
  for (const { filename, content, listed } of archives) {
    const [, version = "", os = "", arch = ""] =
      /^(go[0-9a-z.]+?)\.([a-z0-9]+)-([a-z0-9]+)\.(?:tar\.gz|zip)$/u.exec(filename) ?? [];
    const stable = !unstable.includes(version);
    const release = releases.get(version) ?? { version, stable, files: [] };
    releases.set(version, release);
    const { sha256, size } = await digestOf(content);
    release.files.push({ filename, os, arch, version, sha256, size, kind: "archive", ...listed });
  }
  return [...releases.values()];
}

async function digestOf(content: Uint8Array | string): Promise<{ sha256: string; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  const pieces =
    typeof content === "string" ? (createReadStream(content) as AsyncIterable<Buffer>) : [content];
  for await (const piece of pieces) {
    hash.update(piece);
    size += piece.length;
  }
  return { sha256: hash.digest("hex"), size };
}

export interface ReleaseSigner {
  /** Armored. */
  publicKey: string;
  trusted: TrustedKey;
  /** A detached signature, armored, made at a time of this key. */
  sign(data: Uint8Array, at?: Date): Promise<Uint8Array>;
}

/** Somebody who signs archives, with a fresh key made at `since`. */
export async function releaseSigner(since: Date): Promise<ReleaseSigner> {
  const pair = await generateKey({ name: "Mirror", email: "mirror@example.com", now: since });
  const signer = keySigner(await unlockKey(pair.privateKey));
  return {
    publicKey: pair.publicKey,
    trusted: await readTrustedKey(Buffer.from(pair.publicKey)),
    sign: async (data, at = since) => Buffer.from(await signer.sign(data, at)),
  };
}
