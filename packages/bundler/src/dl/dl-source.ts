// Toolchains from go.dev/dl, or from a mirror of it: official archives, each proven twice before anything of it is used,
// by the signature of Google (or of a key that the user names) and by the checksum database.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  GoferryError,
  parseToolchainVersion,
  unitName,
  type Toolchain,
  type TrustedKey,
} from "@goferry/core";
import { checkGoMod, logMismatch } from "../go/toolchain.ts";
import type { Cache } from "../net/cache.ts";
import { diskError } from "../net/disk-error.ts";
import type { Http } from "../net/http.ts";
import { RELEASE_LIST_MAX_BYTES } from "../net/limits.ts";
import { redact } from "../net/redact.ts";
import type { ToolchainSource } from "../toolchain-source.ts";
import { fetchArchive, isCached } from "./fetch-archive.ts";
import { parseReleaseList, type ReleaseList } from "./release-list.ts";
import { archiveToModule } from "./to-module.ts";

/** Where Go is published. */
export const GO_DOWNLOADS = "https://go.dev/dl";

export interface DlSourceOptions {
  http: Http;
  /** Of go.dev/dl or a mirror: http or https; may hold a login. */
  url: string;
  /** One of them must have signed each archive. */
  keys: readonly TrustedKey[];
  cache: Cache;
  /** Folder for the modules that archives become; made when it is needed. */
  dir: string;
  /** The time of the build. */
  now: Date;
  signal: AbortSignal | undefined;
}

/** @throws ARGUMENT_INVALID for a URL that is none of a server */
export function dlSource(options: DlSourceOptions): ToolchainSource {
  const { http, keys, cache, dir, now, signal } = options;
  const base = parseBase(options.url);
  const shown = redact(base).replace(/\/$/u, "");
  let asked: Promise<ReleaseList> | undefined;
  const releases = async (): Promise<ReleaseList> => {
    asked ??= fetchList(http, base, signal).catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return await asked;
  };
  // Making a module takes one processor and much memory for a moment; downloads go on beside it.
  let turn: Promise<unknown> = Promise.resolve();

  return {
    origin: { from: "dl", url: shown, keys: keys.map(({ fingerprint }) => fingerprint) },
    sourceName: shown,

    listGoVersions: async () => (await releases()).finished,

    async askToolchain(moduleVersion) {
      const toolchain = parseToolchainVersion(moduleVersion);
      const archive = toolchain && (await releases()).archiveOf(toolchain);
      return archive === undefined
        ? { served: false, answer: `no archive of it in the list of ${shown}` }
        : { served: true };
    },

    async cost(toolchain) {
      const archive = (await releases()).archiveOf(toolchain);
      if (archive === undefined) return { size: undefined, isCached: false };
      return { size: archive.size, isCached: await isCached(archive, cache) };
    },

    async fetch(toolchain, { expected, onProgress, signal: stop }) {
      const { path, version } = toolchain;
      const modH1 = checkGoMod(toolchain, expected);
      const archive = (await releases()).archiveOf(toolchain);
      if (archive === undefined) throw notListed(toolchain, shown);
      const file = await fetchArchive(archive, { http, base, keys, cache, now, onProgress, signal: stop });
      const zip = join(dir, `${version}.zip`);
      await mkdir(dir, { recursive: true }).catch((error: unknown) => {
        throw diskError(error, dir);
      });
      const made = turn.then(() =>
        archiveToModule({ archive: file, filename: archive.filename, module: toolchain, zip, signal: stop }),
      );
      turn = made.catch(() => undefined);
      const h1 = await made;
      if (h1 !== expected.h1) throw logMismatch(unitName(toolchain), expected.h1, h1);
      return { path, version, zip, h1, modH1 };
    },
  };
}

async function fetchList(http: Http, base: URL, signal: AbortSignal | undefined): Promise<ReleaseList> {
  const url = new URL(base);
  url.search = "?mode=json&include=all";
  const { bytes } = await http.get(url.href, {
    subject: "the list of Go releases",
    limit: RELEASE_LIST_MAX_BYTES,
    hint: `Check --dl-url: ${GO_DOWNLOADS}, or a mirror of it that also answers to ?mode=json.`,
    signal,
  });
  return parseReleaseList(bytes, redact(base));
}

function notListed(toolchain: Toolchain, shown: string): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject: unitName(toolchain),
    message: `there is no Go ${toolchain.go} for ${toolchain.platform}`,
    expected: `an archive in the list of ${shown}`,
    found: "none",
    next: "Choose another version, or take toolchains from the module proxy: --from proxy",
  });
}

/** The folder, with a slash at its end, as names of files are relative to it. */
function parseBase(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isServer = url !== undefined && /^https?:$/u.test(url.protocol) && url.hostname !== "";
  if (isServer && url.search === "" && url.hash === "") {
    url.pathname = `${url.pathname.replace(/\/+$/u, "")}/`;
    return url;
  }
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: "--dl-url",
    message: "the address names no place of Go's archives",
    expected: `an https or http URL without ? and #, such as ${GO_DOWNLOADS}`,
    found: redact(text),
    next: "Give the URL of the folder that has the archives, such as --dl-url https://HOST/dl",
  });
}
