// Module proxies in use (https://go.dev/ref/mod#goproxy-protocol): toolchains, modules and the checksum database come
// through the same list, by the same rules, as `go mod download` uses beside us.
import { GoferryError } from "@goferry/core";

import { copyLocal, localSize, readLocal } from "./goproxy-file.ts";
import { parseProxyList, type ProxyEntry, type ProxyList } from "./goproxy-list.ts";
import type { Download } from "./download.ts";
import type { DownloadOptions, GetOptions, Http } from "./http.ts";
import { SUMDB_ANSWER_MAX_BYTES } from "./limits.ts";
import { redact } from "./redact.ts";

export type ProxyGet = Pick<GetOptions, "subject" | "limit" | "signal">;
export type ProxyDownload = ProxyGet & Pick<DownloadOptions, "expectedSize" | "onProgress" | "whole">;

export type ProxyDownloaded = Pick<Download, "size" | "resumed">;

export interface GoProxy {
  /** The GOPROXY list as it was given. It may hold logins, so it is never shown. */
  readonly list: string;
  /**
   * The bytes at `path`, such as "golang.org/x/sync/@v/v0.15.0.mod", escaped (module.EscapePath), without a slash in front.
   * @throws GoferryError NOT_FOUND, PROXY_UNKNOWN where the list names no proxy, and as Http.get.
   */
  get(path: string, options: ProxyGet): Promise<Uint8Array>;
  /** The file at `path` to `file`. @throws as get and Http.download. */
  download(path: string, file: string, options: ProxyDownload): Promise<ProxyDownloaded>;
  /** Bytes of the file at `path`, as the first proxy says that has it; undefined where none does. @throws INTERRUPTED */
  size(path: string, options: Pick<ProxyGet, "subject" | "signal">): Promise<number | undefined>;
}

/** The proxies of a GOPROXY list. @throws GoferryError ARGUMENT_INVALID for an entry that names none. */
export function createGoProxy(http: Http, list: string): GoProxy {
  const proxies = parseProxyList(list);
  return {
    list,
    get: (path, options) =>
      firstThatHas(proxies, options.subject, (source) => getFrom({ http, path, ...source }, options)),
    download: (path, file, options) =>
      firstThatHas(proxies, options.subject, (source) =>
        downloadFrom({ http, path, ...source }, file, options),
      ),
    async size(path, options) {
      for (const entry of proxies.entries) {
        const url = join(entry, path, options.subject);
        const size = await (url.protocol === "file:" ? localSize(url) : http.size(url.href, options));
        if (size !== undefined) return size;
      }
      return undefined;
    },
  };
}

export interface SumdbOptions {
  /** Where the database is asked directly, if not at https://NAME: the second word of a GOSUMDB with two. */
  url?: string | undefined;
}

/**
 * Reads the checksum database `name`: through the first proxy of the list that serves it, else directly. Which of them
 * is settled once, by <proxy>/sumdb/<name>/supported; then that one is asked only
 * (https://go.dev/design/25530-sumdb, "Proxying a checksum database").
 * The function it returns takes a path such as "lookup/golang.org/x/sync@v0.15.0".
 * @throws GoferryError as Http.get; the subject is the name and the path.
 */
export function sumdbFetch(
  goProxy: GoProxy,
  http: Http,
  name = "sum.golang.org",
  { url = `https://${name}` }: SumdbOptions = {},
): (path: string, signal?: AbortSignal) => Promise<Uint8Array> {
  const proxies = parseProxyList(goProxy.list);
  const direct: ProxyEntry = { base: new URL(url.replace(/\/+$/u, "")), anyError: false };
  let settled: Promise<Route> | undefined;

  const settle = async (signal?: AbortSignal): Promise<Route> => {
    const path = `sumdb/${name}/supported`;
    const options = { subject: `${name}/supported`, limit: SUMDB_ANSWER_MAX_BYTES, signal };
    for (const entry of proxies.entries) {
      try {
        const answer = await getFrom({ http, path, entry, last: false }, options);
        if (answer !== undefined) return { entry, prefix: `sumdb/${name}/` };
      } catch (error) {
        if (!entry.anyError || isFinal(error)) throw error;
      }
    }
    return { entry: direct, prefix: "" };
  };

  return async (path, signal) => {
    settled ??= settle(signal);
    const { entry, prefix } = await settled.catch((error: unknown) => {
      // A network that comes back is asked again.
      settled = undefined;
      throw error;
    });
    const options = { subject: `${name}/${path}`, limit: SUMDB_ANSWER_MAX_BYTES, signal };
    const answer = await getFrom({ http, path: prefix + path, entry, last: true }, options);
    return answer ?? missing(entry, prefix + path, options.subject);
  };
}

/** Where the checksum database is read, and what goes in front of its paths there. */
interface Route {
  entry: ProxyEntry;
  prefix: string;
}

interface Source {
  entry: ProxyEntry;
  /** False: there is another proxy to ask, so 404 and 410 give undefined. True: they are thrown. */
  last: boolean;
}

/** Asks one proxy after the other, as far as the list allows. */
async function firstThatHas<T>(
  { entries, end }: ProxyList,
  subject: string,
  ask: (source: Source) => Promise<T | undefined>,
): Promise<T> {
  let failure: unknown;
  for (const [index, entry] of entries.entries()) {
    try {
      const answer = await ask({ entry, last: index === entries.length - 1 });
      if (answer !== undefined) return answer;
    } catch (error) {
      if (isFinal(error)) throw error;
      // The first real failure says more than what the proxies asked instead did not have.
      failure ??= error;
      if (!entry.anyError) break;
    }
  }
  if (failure !== undefined) throw failure;
  throw new GoferryError("PROXY_UNKNOWN", {
    subject,
    message: "there is no module proxy to fetch it from",
    expected: "a GOPROXY that begins with a module proxy",
    found: end === undefined ? "an empty list" : `the word ${end}`,
    next: "Set GOPROXY to the URL of the module proxy that your site uses: export GOPROXY=https://HOST",
  });
}

/** Errors that another proxy cannot mend. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof GoferryError)) return true;
  return ["INTERRUPTED", "DISK_FULL", "ARGUMENT_INVALID"].includes(error.code);
}

type Asked = Source & { http: Http; path: string };

/** The statuses after which go asks the next proxy of a list, whatever its separator. */
const ABSENT = [404, 410];

const HINT =
  "Check the name and the version, or set GOPROXY to a module proxy that has it; a login for one goes into ~/.netrc.";

async function getFrom(
  { http, entry, path, last }: Asked,
  options: ProxyGet,
): Promise<Uint8Array | undefined> {
  const url = join(entry, path, options.subject);
  if (url.protocol === "file:") {
    const bytes = await readLocal(url, options);
    return bytes === undefined && last ? missing(entry, path, options.subject) : bytes;
  }
  const answer = await http.get(url.href, { ...options, accept: last ? [] : ABSENT, hint: HINT });
  return answer.status === 200 ? answer.bytes : undefined;
}

async function downloadFrom(
  { http, entry, path, last }: Asked,
  file: string,
  options: ProxyDownload,
): Promise<ProxyDownloaded | undefined> {
  const url = join(entry, path, options.subject);
  if (url.protocol === "file:") {
    const size = await copyLocal(url, file, options);
    if (size === undefined) return last ? missing(entry, path, options.subject) : undefined;
    options.onProgress?.(size, size);
    return { size, resumed: false };
  }
  // What a proxy serves for a version never changes, by the protocol; its h1 is checked by whoever asked for it.
  const request = { ...options, immutable: true, accept: last ? [] : ABSENT, hint: HINT };
  const { status, ...downloaded } = await http.download(url.href, file, request);
  return status === 200 ? downloaded : undefined;
}

/** The address of a path. @throws GoferryError ARGUMENT_INVALID for a path that could lead elsewhere. */
function join({ base }: ProxyEntry, path: string, subject: string): URL {
  const climbs = path.split("/").some((part) => part === "" || part === "." || part === "..");
  if (climbs || !/^[A-Za-z0-9!@._~+/-]+$/u.test(path)) {
    throw new GoferryError("ARGUMENT_INVALID", {
      subject,
      message: "the name cannot be asked for",
      expected: "a path of a module proxy, escaped as cmd/go escapes it",
      found: JSON.stringify(path),
    });
  }
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/u, "")}/${path}`;
  return url;
}

function missing(entry: ProxyEntry, path: string, subject: string): never {
  throw new GoferryError("NOT_FOUND", {
    subject,
    message: "the module proxy does not have it",
    found: `nothing at ${redact(join(entry, path, subject))}`,
    next: HINT,
  });
}
