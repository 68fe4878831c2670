// A toolchain comes as the module golang.org/toolchain. It is fetched from the module proxy and believed only when
// its hash is the one that the checksum database has logged: nothing in Go ever checks an unpacked toolchain again,
// and the bundler runs the one for its own platform. So nothing of the file is used before the comparison.
import { createHash, hash } from "node:crypto";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  GoferryError,
  TOOLCHAIN_PATH,
  dirhash,
  fileMode,
  goModHash,
  toolchainModule,
  toolchainTreeName,
  unitName,
  zipPrefix,
  type ModuleVersion,
} from "@goferry/core";
import type { Cache } from "../net/cache.ts";
import { diskError } from "../net/disk-error.ts";
import { MODULE_ZIP_MAX_BYTES } from "../net/limits.ts";
import { LARGE_ENTRY_BYTES, hashModuleZip, openModuleZip } from "./zip.ts";
import type { ModuleZip, ZipEntry } from "./zip.ts";

/** The go.mod of every toolchain module (cmd/distpack writes it). */
const TOOLCHAIN_MOD = new TextEncoder().encode(`module ${TOOLCHAIN_PATH}\n`);

/** Files that are written side by side. Their contents are in memory: 32 of 8 MiB at most, in fact far less. */
const WRITES_AT_A_TIME = 32;

/** The part of a module proxy that a toolchain needs. */
export interface FileDownloader {
  /** Downloads `<proxy>/<path>` to `file`, whole or not at all; says whether it was put together from several answers. */
  download(path: string, file: string, options: ToolchainDownloadOptions): Promise<{ resumed: boolean }>;
}

export interface ToolchainDownloadOptions {
  /** What the download is about, for errors. */
  subject: string;
  /** Bytes that the file may have. */
  limit: number;
  /** Take it from one answer. */
  whole?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface FetchToolchainOptions {
  /** Go version without "go", such as "1.27.1". */
  version: string;
  /** Such as "linux/amd64". */
  platform: string;
  proxy: FileDownloader;
  /** The zip stays in it. */
  cache: Cache;
  /** What the checksum database has logged for this version. */
  expected: { h1: string; modH1: string };
  /** The `h1:` of a zip; hashModuleZip if left out. */
  hashZip?: typeof hashModuleZip | undefined;
  signal?: AbortSignal | undefined;
}

export interface FetchedToolchain {
  path: string;
  version: string;
  /** Absolute path of the zip, whose hash was compared. */
  zip: string;
  h1: string;
  modH1: string;
}

/**
 * Fetches a toolchain, or takes it from the cache. A cached file with another hash is fetched once more.
 * @throws LOG_MISMATCH, MODULE_ZIP_INVALID (in both cases nothing of the file is kept), NOT_FOUND, NETWORK_UNREACHABLE,
 * DISK_FULL, IO_FAILED and what else the proxy throws
 */
export async function fetchToolchain(options: FetchToolchainOptions): Promise<FetchedToolchain> {
  const { proxy, cache, expected, hashZip = hashModuleZip, signal } = options;
  const module = toolchainModule(options.version, options.platform);
  const { path, version } = module;
  const prefix = zipPrefix(module);
  const subject = `${path}@${version}`;
  const modH1 = checkGoMod(module, expected);

  const key = `${path}/@v/${version}.zip`;
  const zip = cache.file(key);
  const fetched = { path, version, zip, h1: expected.h1, modH1 };
  const hashIfWhole = (file: string): Promise<string | undefined> => unlessDamaged(hashZip(file, prefix));
  if ((await hashIfWhole(zip)) === expected.h1) return fetched;

  await cache.drop(key);
  let downloaded = false;
  await cache.fetchInto(key, async (fresh) => {
    const wanted = { subject, limit: MODULE_ZIP_MAX_BYTES, signal };
    const { resumed } = await proxy.download(key, fresh, wanted);
    // Servers behind one name may each have a zip of their own of the same module, whose pieces make none.
    if (resumed && (await hashIfWhole(fresh)) !== expected.h1) {
      await proxy.download(key, fresh, { ...wanted, whole: true });
    }
    const h1 = await hashZip(fresh, prefix);
    if (h1 !== expected.h1) throw logMismatch(subject, expected.h1, h1);
    downloaded = true;
  });
  // Another build was quicker: its file is no more believed than any other in the cache.
  if (!downloaded) {
    const h1 = await hashZip(zip, prefix);
    if (h1 !== expected.h1) throw logMismatch(subject, expected.h1, h1);
  }
  return fetched;
}

/** The hash of the go.mod, which is the same for all toolchains and comes from nowhere. @throws LOG_MISMATCH */
export function checkGoMod(toolchain: ModuleVersion, expected: { modH1: string }): string {
  const modH1 = goModHash(TOOLCHAIN_MOD);
  if (modH1 !== expected.modH1) throw logMismatch(`${unitName(toolchain)}/go.mod`, expected.modH1, modH1);
  return modH1;
}

async function unlessDamaged(found: Promise<string>): Promise<string | undefined> {
  try {
    return await found;
  } catch (error) {
    // Not there, or damaged on this disk: no reason to refuse the one that the proxy has.
    if (error instanceof GoferryError) return undefined;
    throw error;
  }
}

/** The refusal of a toolchain whose hash is another than that in the log. */
export function logMismatch(subject: string, expected: string, found: string): GoferryError {
  return new GoferryError("LOG_MISMATCH", {
    subject,
    message: "the toolchain is not the one that the checksum database has recorded",
    expected,
    found,
    next: "Do not take toolchains from there until you know what changed the file, of which nothing was kept.",
  });
}

export interface UnpackToolchainOptions {
  zip: string;
  /** What the zip must have, here once more: it may have been changed since fetchToolchain compared it. */
  h1: string;
  /** Of the module. */
  version: string;
  /** Must not exist. */
  dir: string;
  signal?: AbortSignal | undefined;
}

/**
 * Unpacks the zip of a toolchain to `dir`: a GOROOT with go.mod files under their
 * own names and executable bits as in the official archive. What is hashed is what is written.
 * @throws LOG_MISMATCH (and `dir` is removed), MODULE_ZIP_INVALID, ENTRY_REFUSED, IO_FAILED, DISK_FULL; the reason of
 * the signal
 */
export async function unpackToolchain(options: UnpackToolchainOptions): Promise<void> {
  const { zip, h1: expected, version, dir, signal } = options;
  const opened = await openModuleZip(zip, zipPrefix({ path: TOOLCHAIN_PATH, version }));
  const hashes: FileHash[] = [];
  try {
    await onDisk(dir, () => mkdir(dirname(dir), { recursive: true }));
    await onDisk(dir, () => mkdir(dir));
    const folders = new Set([dir]);
    let batch: (() => Promise<void>)[] = [];
    for (const entry of opened.entries) {
      const name = toolchainTreeName(entry.path);
      const file = join(dir, name);
      await makeFolder(dirname(file), folders);
      batch.push(await writeOf({ opened, entry, file, mode: fileMode(name), hashes }));
      if (batch.length < WRITES_AT_A_TIME) continue;
      signal?.throwIfAborted();
      await Promise.all(batch.map((write) => write()));
      batch = [];
    }
    await Promise.all(batch.map((write) => write()));
  } finally {
    await opened.close();
  }
  const h1 = dirhash(hashes);
  if (h1 === expected) return;
  await onDisk(dir, () => rm(dir, { recursive: true, force: true }));
  throw logMismatch(`${TOOLCHAIN_PATH}@${version}`, expected, h1);
}

interface FileHash {
  name: string;
  /** Hex. */
  sha256: string;
}

async function makeFolder(folder: string, made: Set<string>): Promise<void> {
  if (made.has(folder)) return;
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  made.add(folder);
}

interface EntryWrite {
  opened: ModuleZip;
  entry: ZipEntry;
  file: string;
  mode: number;
  /** Gets the hash of the entry. */
  hashes: FileHash[];
}

/** Reads a small content and hands back what writes it; a large one is written at once, piece by piece. */
async function writeOf(write: EntryWrite): Promise<() => Promise<void>> {
  const { opened, entry, file, mode, hashes } = write;
  const { name } = entry;
  if (entry.size <= LARGE_ENTRY_BYTES) {
    const content = await opened.read(entry);
    hashes.push({ name, sha256: hash("sha256", content, "hex") });
    return () => onDisk(file, () => writeFile(file, content, { mode, flag: "wx" }));
  }
  const hasher = createHash("sha256");
  await onDisk(file, async () => {
    await using handle = await open(file, "wx", mode);
    for await (const chunk of opened.chunks(entry)) {
      hasher.update(chunk);
      await handle.writeFile(chunk);
    }
  });
  hashes.push({ name, sha256: hasher.digest("hex") });
  return async () => undefined;
}

async function onDisk<T>(subject: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? diskError(error, subject) : error;
  }
}
