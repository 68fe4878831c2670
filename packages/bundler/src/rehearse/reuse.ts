// A rehearsal takes longer than the rest of a build, and the same bundle rehearses the same way. So its record is kept in
// the cache, under a key that has everything in it that the result follows from: the signed bytes, which name the contents, every byte of
// the projects as they were copied and how they are built, the platform of this machine, and the version of goferry.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, mkdir, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { compareNames, digestHex, digestOf, type Digest } from "@goferry/core";
import type { ProjectBuild } from "../go/modules.ts";
import { diskError } from "../net/disk-error.ts";
import { draftOf } from "../output.ts";
import { isPartial, REHEARSALS, type Rehearsal } from "./record.ts";

export interface RehearsalKeyParts {
  /** Of the bundle index, which has the digest of the contents in it. */
  index: Digest;
  projects: readonly ProjectBuild[];
  /** Of this machine, such as "linux/amd64". */
  hostPlatform: string;
  /** Name and version of the program, such as "goferry/0.1.0". */
  program: string;
}

/** The key of a rehearsal. Reads every file of the copies. @throws IO_FAILED */
export async function rehearsalKey(parts: RehearsalKeyParts): Promise<Digest> {
  const { index, hostPlatform, program } = parts;
  const projects = [];
  for (const { copy, platforms, tags, packages, cgo } of parts.projects) {
    const place = (path: string): string => path.slice(copy.root.length);
    projects.push({
      name: copy.name,
      tree: await treeDigest(copy.root),
      modules: copy.moduleDirs.map(place),
      work: copy.workFile === undefined ? null : place(copy.workFile),
      platforms,
      tags,
      packages,
      cgo: cgo ?? null,
    });
  }
  return digestOf(Buffer.from(JSON.stringify({ index, projects, hostPlatform, program })));
}

/** The record that was kept under this key, marked as reused; undefined where there is none that can be read. */
export async function keptRehearsals(cacheDir: string, key: Digest): Promise<Rehearsal[] | undefined> {
  try {
    const kept = REHEARSALS.safeParse(JSON.parse(await readFile(recordFile(cacheDir, key), "utf8")));
    return kept.success ? kept.data.map((each) => ({ ...each, reused: true })) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps the record, unless it is empty, or something of it was not tried for want of what this machine may have the next
 * time.
 * @throws DISK_FULL, IO_FAILED
 */
export async function keepRehearsals(
  cacheDir: string,
  key: Digest,
  rehearsals: readonly Rehearsal[],
): Promise<void> {
  if (rehearsals.length === 0 || rehearsals.some(isPartial)) return;
  const file = recordFile(cacheDir, key);
  await mkdir(join(cacheDir, FOLDER), { recursive: true }).catch((error: unknown) => {
    throw diskError(error, file);
  });
  await using draft = draftOf(file);
  await draft.write([Buffer.from(JSON.stringify(rehearsals))]);
  await draft.place();
}

const FOLDER = "rehearsals";

function recordFile(cacheDir: string, key: Digest): string {
  return join(cacheDir, FOLDER, `${digestHex(key)}.json`);
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
          ? [isRun ? "run" : "file", await fileDigest(path)]
          : ["folder"];
      all.update(`${JSON.stringify([name, ...line])}\n`);
    }
  } catch (error) {
    throw diskError(error, root);
  }
  return `sha256:${all.digest("hex")}`;
}

async function fileDigest(path: string): Promise<string> {
  const sum = createHash("sha256");
  for await (const bytes of createReadStream(path)) sum.update(bytes);
  return sum.digest("hex");
}
