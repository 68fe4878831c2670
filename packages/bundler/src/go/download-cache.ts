// Reads what go has downloaded: GOMODCACHE/cache/download, laid out as a module proxy with escaped names.
import { readFile, readdir } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { compareNames, goModHash, matchingPattern, unescapePath, unescapeVersion } from "@goferry/core";
import { diskError } from "../net/disk-error.ts";
import { FILES_AT_ONCE, inParallel } from "../parallel.ts";

/** A version of a module, with its files in the download cache. */
export type CollectedModule = CollectedBase &
  (
    | {
        kind: "module";
        /** Absolute path. */
        zip: string;
        /** The h1 of the zip, as go recorded it when it had checked it with go.sum and the log. */
        h1: string;
      }
    /** Only the go.mod is needed, and there is no zip. */
    | { kind: "gomod" }
  );

interface CollectedBase {
  path: string;
  version: string;
  /** Absolute path of the go.mod. */
  mod: string;
  modH1: string;
  /** The checksum database is not asked about this path. */
  private: boolean;
}

/**
 * Every version in the cache, sorted by path, then by version, in byte order. `patterns` are those of private modules.
 * A version without a go.mod is passed over (versionsWithoutMod).
 * @throws MODULE_INVALID, IO_FAILED
 */
export async function readDownloadCache(
  download: string,
  patterns: readonly string[],
): Promise<CollectedModule[]> {
  const versions: VersionFiles[] = [];
  for (const [folder, names] of await versionFolders(download)) {
    const path = modulePath(download, folder);
    const isPrivate = matchingPattern(patterns, path) !== undefined;
    for (const name of names)
      if (name.endsWith(".mod")) versions.push({ path, folder, names, stem: name.slice(0, -4), isPrivate });
  }
  const modules = await inParallel(versions, { width: FILES_AT_ONCE }, readVersion);
  return modules.sort((a, b) => compareNames(a.path, b.path) || compareNames(a.version, b.version));
}

/**
 * The versions, as `path@version`, that go has downloaded the zip or the .info of but not the go.mod: with a pruned
 * module graph it lists modules, and looks into some, whose own requirements it does not read.
 */
export async function versionsWithoutMod(download: string): Promise<string[]> {
  return await versionsIn(download, (names, stem) => !names.has(`${stem}.mod`));
}

/** Every version, as `path@version`, that go has downloaded anything of. */
export async function downloadedVersions(download: string): Promise<string[]> {
  return await versionsIn(download, () => true);
}

async function versionsIn(
  download: string,
  isWanted: (names: ReadonlySet<string>, stem: string) => boolean,
): Promise<string[]> {
  const versions: string[] = [];
  for (const [folder, names] of await versionFolders(download)) {
    const stems = new Set([...names].map((name) => /^(.*)\.(?:zip|info|mod)$/su.exec(name)?.[1] ?? ""));
    for (const stem of stems) {
      if (stem === "" || !isWanted(names, stem)) continue;
      versions.push(`${modulePath(download, folder)}@${unescapeVersion(stem)}`);
    }
  }
  return versions.sort(compareNames);
}

/** The module whose versions are in a folder `@v`. */
export function modulePath(download: string, folder: string): string {
  return unescapePath(relative(download, dirname(folder)).split(sep).join("/"));
}

/** The folders `@v` with the names in them. */
export async function versionFolders(download: string): Promise<Map<string, Set<string>>> {
  const folders = new Map<string, Set<string>>();
  const items = await readdir(download, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      // No project and no entry needs any module.
      if (error.code === "ENOENT") return [];
      throw diskError(error, download);
    },
  );
  for (const { name, parentPath } of items) {
    if (!parentPath.endsWith(`${sep}@v`)) continue;
    const names = folders.get(parentPath) ?? new Set();
    folders.set(parentPath, names.add(name));
  }
  return folders;
}

interface VersionFiles {
  path: string;
  folder: string;
  names: ReadonlySet<string>;
  /** The version as it is written in file names. */
  stem: string;
  isPrivate: boolean;
}

async function readVersion({ path, folder, names, stem, isPrivate }: VersionFiles): Promise<CollectedModule> {
  const file = (extension: string): string => join(folder, stem + extension);
  const base: CollectedBase = {
    path,
    version: unescapeVersion(stem),
    mod: file(".mod"),
    modH1: goModHash(await readFile(file(".mod"))),
    private: isPrivate,
  };
  if (!names.has(`${stem}.zip`)) return { ...base, kind: "gomod" };
  const h1 = (await readFile(file(".ziphash"), "utf8")).trim();
  return { ...base, kind: "module", zip: file(".zip"), h1 };
}
