// A rehearsal takes longer than the rest of a build, and the same bundle rehearses the same way. So its record is kept in
// the cache, under a key that has everything in it that the result follows from: the contents of the bundle but for their
// date, every byte of the projects as they were copied and how they are built, the platform of this machine, and the version of goferry.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, digestHex, digestOf, type Contents, type Digest } from "@goferry/core";
import type { ProjectBuild } from "../go/modules.ts";
import { projectIdentity } from "../go/project-identity.ts";
import { diskError } from "../net/disk-error.ts";
import { draftOf } from "../output.ts";
import { isPartial, REHEARSALS, type Rehearsal } from "./record.ts";

export interface RehearsalKeyParts {
  /** Of what is in the bundle (undatedDigest). */
  contents: Digest;
  projects: readonly ProjectBuild[];
  /** Of this machine, such as "linux/amd64". */
  hostPlatform: string;
  /** Name and version of the program, such as "goferry/0.1.0". */
  program: string;
}

/**
 * Of the contents without the day on which the bundle was made: every byte of every layer and all that is said of the units
 * is in it.
 */
export function undatedDigest(contents: Contents): Digest {
  return digestOf(canonicalJson({ ...contents, created: null, serial: null, expires: null }));
}

/** The key of a rehearsal. Reads every file of the copies. @throws IO_FAILED */
export async function rehearsalKey(parts: RehearsalKeyParts): Promise<Digest> {
  const { contents, hostPlatform, program } = parts;
  const projects = [];
  for (const project of parts.projects) projects.push(await projectIdentity(project));
  return digestOf(Buffer.from(JSON.stringify({ contents, projects, hostPlatform, program })));
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
