// What decides how a project is built, so that what was found out about it can be found again: every byte of its copy,
// and what the spec says of it.

import { createHash } from "node:crypto";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { compareNames, type Digest } from "@goferry/core";
import { fileSha256 } from "../cache/file-sha256.ts";
import { diskError } from "../net/disk-error.ts";
import type { ProjectBuild } from "./modules.ts";

/** As JSON. Reads every file of the copy. @throws IO_FAILED */
export async function projectIdentity({
  copy,
  platforms,
  tags,
  packages,
  cgo,
}: ProjectBuild): Promise<object> {
  const place = (path: string): string => path.slice(copy.root.length);
  return {
    name: copy.name,
    tree: await treeDigest(copy.root),
    modules: copy.moduleDirs.map(place),
    work: copy.workFile === undefined ? null : place(copy.workFile),
    platforms,
    tags,
    packages,
    cgo: cgo ?? null,
  };
}

/** Of names, kinds, the executable bit and contents, in the order of names. Times and owners are left out. */
async function treeDigest(root: string): Promise<Digest> {
  const all = createHash("sha256");
  try {
    const names = await readdir(root, { recursive: true });
    for (const name of names.sort(compareNames)) {
      const path = join(root, name);
      const status = await lstat(path);
      const isRun = (status.mode & 0o100) !== 0;
      const line = status.isSymbolicLink()
        ? ["link", await readlink(path)]
        : status.isFile()
          ? [isRun ? "run" : "file", await fileSha256(path)]
          : ["folder"];
      all.update(`${JSON.stringify([name, ...line])}\n`);
    }
  } catch (error) {
    throw diskError(error, root);
  }
  return `sha256:${all.digest("hex")}`;
}
