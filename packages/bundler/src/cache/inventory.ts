// What is in a cache, as things that can be removed each by itself: a toolchain, a version of a module, a layer, a record.

import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { unescapeVersion } from "@goferry/core";
import { modulePath, versionFolders } from "../go/download-cache.ts";
import { diskError, errorCode } from "../net/disk-error.ts";
import {
  closureFolder,
  downloadFolder,
  hashFolder,
  layerFolder,
  retractionFolder,
  storeFolder,
} from "./folders.ts";

export type CacheKind = "downloads" | "modules" | "layers" | "records" | "go-build" | "log" | "work";

/** In the order in which they are shown. */
export const CACHE_KINDS: readonly CacheKind[] = [
  "downloads",
  "modules",
  "layers",
  "records",
  "go-build",
  "log",
  "work",
];

export interface CacheItem {
  kind: CacheKind;
  /** For people: path@version of a module, else the path below the cache. */
  name: string;
  /** Absolute. */
  files: string[];
  bytes: number;
  /** Milliseconds since 1970: when it was made or used last, whichever is later. */
  used: number;
}

/** Everything in the cache; nothing where there is none. @throws IO_FAILED */
export async function readInventory(cacheDir: string): Promise<CacheItem[]> {
  const records = [closureFolder, retractionFolder, hashFolder, (dir: string) => join(dir, "rehearsals")];
  const groups = [
    await filesIn("downloads", downloadFolder(cacheDir), cacheDir),
    await moduleItems(storeFolder(cacheDir)),
    await filesIn("layers", layerFolder(cacheDir), cacheDir),
    ...(await Promise.all(records.map((folder) => filesIn("records", folder(cacheDir), cacheDir)))),
    await filesIn("go-build", join(cacheDir, "go-build"), cacheDir),
    await filesIn("log", join(cacheDir, "log"), cacheDir),
    await workItems(join(cacheDir, "work"), cacheDir),
  ];
  return groups.flat();
}

async function filesIn(kind: CacheKind, folder: string, cacheDir: string): Promise<CacheItem[]> {
  const items: CacheItem[] = [];
  for (const file of await filesBelow(folder)) {
    const name = relative(cacheDir, file).split(sep).join("/");
    items.push(...(await itemOf(kind, name, [file])));
  }
  return items;
}

async function moduleItems(store: string): Promise<CacheItem[]> {
  const items: CacheItem[] = [];
  for (const [folder, names] of await versionFolders(store)) {
    const path = modulePath(store, folder);
    const versions = Map.groupBy(names, (name) => name.replace(/\.(?:info|mod|zip|ziphash)$/u, ""));
    for (const [stem, files] of versions) {
      const name = `${path}@${unescapeVersion(stem)}`;
      const paths = files.map((file) => join(folder, file));
      items.push(...(await itemOf("modules", name, paths)));
    }
  }
  return items;
}

/** Folders of builds that run, or were killed. */
async function workItems(folder: string, cacheDir: string): Promise<CacheItem[]> {
  const items: CacheItem[] = [];
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const [item] = await itemOf("work", relative(cacheDir, path).split(sep).join("/"), [path]);
    if (item === undefined) continue;
    let bytes = 0;
    for (const file of await filesBelow(path)) bytes += (await itemOf("work", file, [file]))[0]?.bytes ?? 0;
    items.push({ ...item, bytes });
  }
  return items;
}

/** None, if somebody else has just removed it. */
async function itemOf(kind: CacheKind, name: string, files: string[]): Promise<CacheItem[]> {
  let bytes = 0;
  let used = 0;
  for (const file of files) {
    const found = await stat(file).catch((error: unknown) => {
      if (errorCode(error) === "ENOENT") return undefined;
      throw diskError(error, file);
    });
    bytes += found?.isFile() === true ? found.size : 0;
    used = Math.max(used, found?.mtimeMs ?? 0);
  }
  return used === 0 ? [] : [{ kind, name, files, bytes, used }];
}

async function filesBelow(folder: string): Promise<string[]> {
  const items = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw diskError(error, folder);
  });
  return items.filter((item) => item.isFile()).map(({ name, parentPath }) => join(parentPath, name));
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw diskError(error, folder);
  });
}
