// Which project or entry needs which version of a module: a host may install one project of a bundle and leave the rest
// out. Only go knows, and what it knows is what it downloads into an empty cache. So each of them begins with an empty
// cache, and what it has downloaded in the end moves to a shelf, laid out as a module proxy, from which go takes it for
// the next without a network.
import { mkdir, rename, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { diskError } from "../net/disk-error.ts";
import { downloadedVersions, versionFolders } from "./download-cache.ts";

/** The shelf of a build. */
export function shelfFolder(workDir: string): string {
  return join(workDir, "shelf");
}

/** What was downloaded and belongs to no closure: from here go takes it if one needs it after all. */
export function asideFolder(workDir: string): string {
  return join(workDir, "aside");
}

/**
 * GOPROXY with both folders first, then what earlier builds left in `store`; what they lack, lists of versions among it, is
 * asked of the others.
 */
export function proxiesWithShelf(workDir: string, goproxy: string, store?: string): string {
  const folders = [shelfFolder(workDir), asideFolder(workDir), ...(store === undefined ? [] : [store])];
  const own = folders.map((folder) =>
    // A comma in a path would end the entry.
    pathToFileURL(folder).href.replaceAll(",", "%2C").replaceAll("|", "%7C"),
  );
  return [...own, ...(goproxy === "" ? [] : [goproxy])].join(",");
}

/**
 * Moves everything that go has downloaded to the shelf, and says which versions it was, as `path@version`. What was
 * unpacked stays: without its .ziphash go unpacks it again, and without its .mod looks it up again. The lookups in the
 * checksum database, and the clones of private repositories beside `download`, stay too.
 * @throws IO_FAILED, DISK_FULL, MODULE_INVALID
 */
export async function shelveDownloads(download: string, shelf: string): Promise<string[]> {
  const versions = await downloadedVersions(download);
  for (const [folder, names] of await versionFolders(download)) {
    const to = join(shelf, relative(download, folder));
    try {
      await mkdir(to, { recursive: true });
      // A version is the same in whichever order: the shelf was asked for it first.
      for (const name of names) if (KEPT.test(name)) await rename(join(folder, name), join(to, name));
      await rm(folder, { recursive: true });
    } catch (error) {
      throw diskError(error, to);
    }
  }
  return versions;
}

/** Not the list of versions, which go would believe to be complete, and no locks. */
const KEPT = /\.(?:info|mod|zip|ziphash)$/u;
