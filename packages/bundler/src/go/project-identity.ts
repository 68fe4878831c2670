// What decides how a project is built, so that what was found out about it can be found again: every byte of its copy,
// and what the spec says of it.

import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { compareNames, sha256Hex, type Digest } from "@goferry/core";
import { fileSha256 } from "../cache/file-sha256.ts";
import { diskError } from "../net/disk-error.ts";
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
    let unheard = 0;
    for (const name of names) {
      const path = join(root, name);
      const status = lstatSync(path);
      unheard += status.size + BYTES_A_FILE;
      if (unheard > BYTES_AT_ONCE) unheard = await setImmediate(0);
      const line = status.isSymbolicLink()
        ? ["link", readlinkSync(path)]
        : status.isFile()
          ? [(status.mode & 0o100) === 0 ? "file" : "run", await contentDigest(path, status.size)]
          : ["folder"];
      all.update(`${JSON.stringify([name, ...line])}\n`);
    }
  } catch (error) {
    throw diskError(error, root);
  }
  return `sha256:${all.digest("hex")}`;
}

/** Bytes that are hashed until something else, such as an interruption, is heard of. */
const BYTES_AT_ONCE = 16 << 20;

/** What looking at a file takes, as bytes. */
const BYTES_A_FILE = 32 << 10;

/** Bytes up to which a file is read whole. */
const WHOLE_BYTES = 4 << 20;

/**
 * Synchronous on purpose: the copy was made a moment ago, so nearly always all of it is in memory, and for thousands of small
 * files a promise costs more than the call.
 */
async function contentDigest(path: string, size: number): Promise<string> {
  return size > WHOLE_BYTES ? await fileSha256(path) : sha256Hex(readFileSync(path));
}
