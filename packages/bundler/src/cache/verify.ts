// Whether a cache is what builds put there. Builds find damage themselves, when they meet it; this finds it on a disk that is
// not trusted any more. What is damaged is removed: the next build makes it again.

import { readFile, rm } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { fileSha256 } from "./file-sha256.ts";
import { storeFolder } from "./folders.ts";
import { readInventory, type CacheItem } from "./inventory.ts";
import { isWholeRecord } from "./records.ts";
import { damagedModules } from "../go/module-store.ts";
import { hashModuleZip } from "../go/zip.ts";
import { makeOwnFolder } from "../cache-folder.ts";
import { diskError } from "../net/disk-error.ts";

export interface CacheCheck {
  /** Things that were looked at. */
  checked: number;
  /** Names of those that are damaged, sorted. */
  damaged: string[];
}

export interface CacheCheckOptions {
  cacheDir: string;
  /** Of this user; undefined where the system has no such numbers. */
  uid: number | undefined;
  /** Say what is damaged, and remove nothing. */
  dryRun: boolean;
  signal?: AbortSignal | undefined;
}

/** @throws CACHE_UNSAFE, IO_FAILED, the reason of the signal */
export async function verifyCache(options: CacheCheckOptions): Promise<CacheCheck> {
  const { cacheDir, uid, dryRun, signal } = options;
  await makeOwnFolder(cacheDir, uid);
  const damaged: { name: string; files: string[] }[] = [];
  let checked = 0;
  for (const item of await readInventory(cacheDir)) {
    signal?.throwIfAborted();
    const isRight = checkOf(item, cacheDir);
    if (isRight === undefined) continue;
    checked += 1;
    if (!(await isRight().catch(() => false))) damaged.push(item);
  }
  const store = storeFolder(cacheDir);
  checked += (await readInventory(cacheDir)).filter(({ kind }) => kind === "modules").length;
  damaged.push(...(await damagedModules(store, signal)));
  if (!dryRun) for (const { files } of damaged) await remove(files);
  return { checked, damaged: damaged.map(({ name }) => name).sort() };
}

/** How a thing is checked; nothing for what has no hash of its own: what go keeps, which it checks itself, and work. */
function checkOf(
  { kind, files: [file = ""] }: CacheItem,
  cacheDir: string,
): (() => Promise<boolean>) | undefined {
  const parts = relative(cacheDir, file).split(sep);
  switch (kind) {
    case "layers":
      return parts.includes("blobs") ? () => isNamedByDigest(file) : () => isRecord(file);
    case "records":
      return parts[0] === "rehearsals" ? () => isJson(file) : () => isRecord(file);
    case "downloads":
      if (parts[1] === "sha256") return () => isNamedByDigest(file);
      return file.endsWith(".zip") ? () => isWholeZip(file, parts) : undefined;
    default:
      return undefined;
  }
}

async function isNamedByDigest(file: string): Promise<boolean> {
  return (await fileSha256(file)) === basename(file);
}

async function isRecord(file: string): Promise<boolean> {
  return isWholeRecord(await readFile(file, "utf8"));
}

async function isJson(file: string): Promise<boolean> {
  JSON.parse(await readFile(file, "utf8"));
  return true;
}

/** Whether every file of the zip of a toolchain has its size and its CRC; which h1 it must have, a build knows. */
async function isWholeZip(file: string, parts: string[]): Promise<boolean> {
  const version = basename(file, ".zip");
  const path = parts.slice(2, -2).join("/");
  await hashModuleZip(file, `${path}@${version}/`);
  return true;
}

async function remove(files: readonly string[]): Promise<void> {
  for (const file of files) {
    await rm(file, { recursive: true, force: true }).catch((error: unknown) => {
      throw diskError(error, join(file));
    });
  }
}
