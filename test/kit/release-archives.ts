// A Go of a few small files in archives as go.dev/dl has them, somebody who signs them, and what comes of fetching them
// from a mirror.

import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { dlSource } from "../../packages/bundler/src/dl/dl-source.ts";
import { googleKey } from "../../packages/bundler/src/dl/google-key.ts";
import { createCache } from "../../packages/bundler/src/net/cache.ts";
import { createHttp } from "../../packages/bundler/src/net/http.ts";
import type { ToolchainSource } from "../../packages/bundler/src/toolchain-source.ts";
import {
  dirhash,
  encodeHeader,
  goModHash,
  paddingAfter,
  toolchainModule,
  trailer,
} from "../../packages/core/src/index.ts";
import { temporaryFolder } from "./bundler-go.ts";
import { goMirror, releaseSigner, type MirroredArchive } from "./go-mirror.ts";
import { makeZip } from "./make-zip.ts";

export const MODULE = toolchainModule("1.27.1", "linux/amd64");
export const WINDOWS = toolchainModule("1.27.1", "windows/amd64");
export const TAR = "go1.27.1.linux-amd64.tar.gz";
export const ZIP = "go1.27.1.windows-amd64.zip";

/** A small Go as its archive has it. */
export const TREE: Record<string, string> = {
  VERSION: "go1.27.1\n",
  "api/go1.txt": "left out",
  "bin/go": "the go command",
  "doc/README.md": "left out",
  "misc/x": "left out",
  "src/go.mod": "module std\n",
  "src/cmd/go.mod": "module cmd\n",
  "src/test/kept.go": "package test\n",
  "test/fixedbugs/Þ.go": "left out",
};

/** What the checksum database has of it: cmd/distpack's rule, written here once more. */
export function recordOf(tree: Record<string, string>, { version } = MODULE): { h1: string; modH1: string } {
  const kept = Object.entries(tree).filter(([name]) => !/^(?:api|doc|misc|test)\//u.test(name));
  const files = kept.map(([name, content]) => ({
    name: `golang.org/toolchain@${version}/${name.replace(/\/go\.mod$/u, "/_go.mod")}`,
    sha256: createHash("sha256").update(content).digest("hex"),
  }));
  return { h1: dirhash(files), modH1: goModHash(Buffer.from("module golang.org/toolchain\n")) };
}

export function tarGz(tree: Record<string, string>): Uint8Array {
  const parts = Object.entries(tree).flatMap(([name, text]) => {
    const content = Buffer.from(text);
    const size = content.length;
    return [encodeHeader({ path: `go/${name}`, size, mode: 0o644 }), content, paddingAfter(size)];
  });
  return gzipSync(Buffer.concat([...parts, trailer()]));
}

export const zipOf = (tree: Record<string, string>): Uint8Array =>
  makeZip(Object.entries(tree).map(([name, content]) => ({ name: `go/${name}`, content })));

/** Who signs here. */
export const own = await releaseSigner(new Date(Date.now() - 3_600_000));
export const archive = tarGz(TREE);
export const good: MirroredArchive = { filename: TAR, content: archive, signature: await own.sign(archive) };

const zip = zipOf(TREE);
export const goodZip: MirroredArchive = { filename: ZIP, content: zip, signature: await own.sign(zip) };

interface Tried {
  source: ToolchainSource;
  /** Folder of the cache. */
  downloads: string;
  fetch(module?: typeof MODULE, record?: { h1: string; modH1: string }): ReturnType<ToolchainSource["fetch"]>;
}

export async function sourceAt(folder: string, url: string, options: { ca?: string } = {}): Promise<Tried> {
  const env = options.ca === undefined ? {} : { SSL_CERT_FILE: options.ca };
  const source = dlSource({
    http: createHttp({ env, userAgent: "test", sleep: async () => undefined }),
    url,
    keys: [await googleKey(), own.trusted],
    cache: createCache(join(folder, "downloads")),
    dir: join(folder, "work", String(Math.random())),
    now: new Date(),
    signal: undefined,
  });
  const fetch: Tried["fetch"] = (module = MODULE, expected = recordOf(TREE, module)) =>
    source.fetch(module, { expected, onProgress: () => undefined });
  return { source, downloads: join(folder, "downloads"), fetch };
}

/** Fetches from a mirror that has these archives, and says what came of it and what is left in the cache. */
export async function attempt(
  archives: readonly MirroredArchive[],
  {
    module = MODULE,
    record = recordOf(TREE, module),
    ...mirror
  }: Partial<Parameters<typeof goMirror>[0]> & {
    module?: typeof MODULE;
    record?: { h1: string; modH1: string };
  } = {},
): Promise<{ error: Record<string, unknown>; kept: string[]; asked: string[] }> {
  await using folder = await temporaryFolder();
  await using server = await goMirror({ archives, ...mirror });
  const { fetch, downloads } = await sourceAt(folder.path, server.url);
  const error: unknown = await fetch(module, record).catch((reason: unknown) => reason);
  const files = await readdir(downloads, { recursive: true, withFileTypes: true }).catch(() => []);
  const kept = files.filter((each) => each.isFile()).map(({ name }) => name);
  return { error: error as Record<string, unknown>, kept, asked: server.asked };
}
