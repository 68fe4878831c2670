// A program that runs can be renamed on Windows, but neither removed nor can the folder be moved that it lies in. So the
// goferry.exe of a root that takes the root away, as the entry in Apps & features does, steps aside first: its file goes into
// a new folder beside the root, and a copy takes its place. What lies there is removed when this process has ended.

import { copyFile, mkdtemp, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isInside } from "../configure/windows/places.ts";
import { nameBeside } from "../fs.ts";
import type { HostFacts } from "../host.ts";
import type { Layout } from "../layout.ts";
import { ioError } from "../node-fs.ts";

/**
 * Gives the folder that is left, for WindowsSystem.removeLater; undefined where nothing was in the way.
 * @param madeFolders those that go with the root, outermost first
 * @throws IO_FAILED, PERMISSION_DENIED, DISK_FULL
 */
export async function stepAside(
  { windows, executablePath: own }: Pick<HostFacts, "windows" | "executablePath">,
  at: Layout,
  madeFolders: readonly string[],
): Promise<string | undefined> {
  if (windows === undefined || own === undefined || !isInside(at.root, own)) return undefined;
  const copy = nameBeside(own);
  try {
    // On the same volume, and in no folder that shall go.
    const folder = await mkdtemp(join(dirname(madeFolders[0] ?? at.root), "goferry-removed-"));
    try {
      await copyFile(own, copy);
      // By its time a quick check knows it, should the root stay after all.
      const { atime, mtime } = await stat(own);
      await utimes(copy, atime, mtime);
      await rename(own, join(folder, "goferry.exe"));
      await rename(copy, own);
      return folder;
    } catch (error) {
      await rm(copy, { force: true });
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
  } catch (error) {
    throw ioError(error, "move", own);
  }
}
