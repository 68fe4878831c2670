// What decides how a project is built, so that what was found out about it can be found again: every byte of its copy,
// and what the spec says of it.

import { createHash } from "node:crypto";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { compareNames, type Digest } from "@goferry/core";
import { fileSha256 } from "../cache/file-sha256.ts";
import { diskError } from "../net/disk-error.ts";
import { inParallel } from "../parallel.ts";
import type { ProjectBuild } from "./modules.ts";
import type { ProjectCopy } from "./project-copy.ts";

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
    tree: await digestOfCopy(copy),
    modules: copy.moduleDirs.map(place),
    work: copy.workFile === undefined ? null : place(copy.workFile),
    platforms,
    tags,
    packages,
    cgo: cgo ?? null,
  };
}

/** A copy stays as it was made, and more than one question is asked about it. */
const DIGESTS = new WeakMap<ProjectCopy, Promise<Digest>>();

async function digestOfCopy(copy: ProjectCopy): Promise<Digest> {
  const digest = DIGESTS.get(copy) ?? treeDigest(copy.root);
  DIGESTS.set(copy, digest);
  return await digest;
}

/** Of names, kinds, the executable bit and contents, in the order of names. Times and owners are left out. */
async function treeDigest(root: string): Promise<Digest> {
  const all = createHash("sha256");
  try {
    const names = (await readdir(root, { recursive: true })).sort(compareNames);
    const lines = await inParallel(names, { width: FILES_AT_ONCE }, async (name) =>
      JSON.stringify([name, ...(await described(join(root, name)))]),
    );
    for (const line of lines) all.update(`${line}\n`);
  } catch (error) {
    throw diskError(error, root);
  }
  return `sha256:${all.digest("hex")}`;
}

const FILES_AT_ONCE = 8;

async function described(path: string): Promise<string[]> {
  const status = await lstat(path);
  if (status.isSymbolicLink()) return ["link", await readlink(path)];
  if (!status.isFile()) return ["folder"];
  return [(status.mode & 0o100) === 0 ? "file" : "run", await fileSha256(path)];
}
