// The modules that earlier builds downloaded, laid out as a module proxy, from which go takes them again. It checks them as it
// checks what comes from a server: by go.sum and the checksum database. A file gets its name here when it is whole and
// is never changed, so that builds side by side need no lock.

import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  escapePath,
  escapeVersion,
  goModHash,
  unescapeVersion,
  zipPrefix,
  type ModuleVersion,
} from "@goferry/core";
import { fileSha256 } from "../cache/file-sha256.ts";
import { pin } from "../cache/pin.ts";
import { touch } from "../cache/records.ts";
import { diskError, errorCode } from "../net/disk-error.ts";
import { FILES_AT_ONCE, inParallel } from "../parallel.ts";
import { modulePath, versionFolders } from "./download-cache.ts";
import { hashModuleZip } from "./zip.ts";

/** A module as it must be found again. */
export interface StoredModule extends ModuleVersion {
  modH1: string;
  /** Of the bytes of its zip, hex; none: only the go.mod is there. */
  zipSha256?: string | undefined;
}

/** Of files that every version has, and that those with a zip have. */
const MOD_FILES = [".info", ".mod"] as const;
const ZIP_FILES = [".zip", ".ziphash"] as const;
const EXTENSIONS = [...MOD_FILES, ...ZIP_FILES];

/** Adds to `store` what the folder `shelf`, of the same layout, has of this version. @throws DISK_FULL, IO_FAILED */
export async function storeModule(store: string, shelf: string, module: ModuleVersion): Promise<void> {
  await pinFiles(module, EXTENSIONS, { from: shelf, to: store });
  await touch(moduleFile(store, module, ".mod"));
}

/**
 * Puts these versions on `shelf`, each compared with what it is known by.
 * @returns false if one of them is not there, or not what it was; some may be on the shelf then
 */
export async function takeModules(
  store: string,
  shelf: string,
  modules: readonly StoredModule[],
): Promise<boolean> {
  const taken = await inParallel(modules, { width: FILES_AT_ONCE }, (module) =>
    takeModule(store, shelf, module),
  );
  return taken.every(Boolean);
}

async function takeModule(store: string, shelf: string, module: StoredModule): Promise<boolean> {
  const { modH1, zipSha256 } = module;
  // The store may have the zip for another closure, and this one needs the go.mod alone.
  const extensions = zipSha256 === undefined ? MOD_FILES : EXTENSIONS;
  await pinFiles(module, extensions, { from: store, to: shelf });
  const mod = await readFile(moduleFile(shelf, module, ".mod")).catch(() => undefined);
  if (mod === undefined || goModHash(mod) !== modH1) return false;
  await touch(moduleFile(store, module, ".mod"));
  if (zipSha256 === undefined) return true;
  return (await fileSha256(moduleFile(shelf, module, ".zip")).catch(() => undefined)) === zipSha256;
}

/** A version of the store with something wrong in it. */
export interface DamagedModule {
  name: string;
  files: string[];
}

/** The versions whose zip has another hash than go noted, or whose other files are not whole. @throws IO_FAILED */
export async function damagedModules(store: string, signal?: AbortSignal): Promise<DamagedModule[]> {
  const damaged: DamagedModule[] = [];
  for (const [folder, names] of await versionFolders(store)) {
    const path = modulePath(store, folder);
    const stems = new Set([...names].map((name) => name.replace(/\.(?:info|mod|zip|ziphash)$/u, "")));
    for (const stem of stems) {
      signal?.throwIfAborted();
      const module = { path, version: unescapeVersion(stem) };
      const files = EXTENSIONS.map((extension) => join(folder, stem + extension));
      const has = (extension: string): boolean => names.has(stem + extension);
      if (await isWhole(store, module, has)) continue;
      damaged.push({ name: `${path}@${module.version}`, files });
    }
  }
  return damaged;
}

async function isWhole(
  store: string,
  module: ModuleVersion,
  has: (extension: string) => boolean,
): Promise<boolean> {
  const read = (extension: string): Promise<string> => readFile(moduleFile(store, module, extension), "utf8");
  try {
    if (!/^\s*module\b/mu.test(await read(".mod"))) return false;
    if (has(".info") && !(await read(".info")).includes(JSON.stringify(module.version))) return false;
    if (!has(".zip")) return true;
    const h1 = await hashModuleZip(moduleFile(store, module, ".zip"), zipPrefix(module));
    return h1 === (await read(".ziphash")).trim();
  } catch {
    return false;
  }
}

/** Removes these, so that they are downloaded again. @throws IO_FAILED */
export async function dropModules(damaged: readonly DamagedModule[]): Promise<void> {
  for (const { files } of damaged) {
    for (const file of files) {
      await rm(file, { force: true }).catch((error: unknown) => {
        throw diskError(error, file);
      });
    }
  }
}

async function pinFiles(
  module: ModuleVersion,
  extensions: readonly string[],
  { from, to }: { from: string; to: string },
): Promise<void> {
  const folder = dirname(moduleFile(to, module, ".mod"));
  try {
    await mkdir(folder, { recursive: true });
    for (const extension of extensions) {
      await pin(moduleFile(from, module, extension), moduleFile(to, module, extension)).catch(
        (error: unknown) => {
          // Not of this version; or there already, from another build or another project of this one.
          if (errorCode(error) !== "ENOENT" && errorCode(error) !== "EEXIST") throw error;
        },
      );
    }
  } catch (error) {
    throw diskError(error, folder);
  }
}

/** Where a file of a version is in a folder that is laid out as a module proxy. */
export function moduleFile(folder: string, { path, version }: ModuleVersion, extension: string): string {
  return join(folder, ...escapePath(path).split("/"), "@v", escapeVersion(version) + extension);
}
