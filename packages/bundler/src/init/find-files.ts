// The files from which a first goferry.yaml is drawn up, found below a folder. What go itself does not look at (vendor,
// testdata, names that begin with . or _) is passed over, and so are links, which may lead anywhere and round.

import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Paths relative to the folder, with slashes, those nearest to the top first. */
export interface FoundFiles {
  goMods: string[];
  goWorks: string[];
  /** .go-version and .tool-versions. */
  versionFiles: string[];
  dockerfiles: string[];
  /** Of GitHub Actions. */
  workflows: string[];
  /** .gitlab-ci.yml. */
  gitlab: string[];
  /** False if there were too many folders to look at all of them. */
  isComplete: boolean;
}

type Kind = Exclude<keyof FoundFiles, "isComplete">;

/** A tree of sources has far fewer; a home folder or a disk has more. */
const MAX_FOLDERS = 20_000;

const KINDS: readonly [kind: Kind, pattern: RegExp][] = [
  ["goMods", /(?:^|\/)go\.mod$/u],
  ["goWorks", /(?:^|\/)go\.work$/u],
  ["versionFiles", /(?:^|\/)\.(?:go-version|tool-versions)$/u],
  ["dockerfiles", /(?:^|[/.])(?:Docker|Container)file(?:\.[^/]*)?$/iu],
  ["workflows", /^\.github\/workflows\/[^/]+\.ya?ml$/u],
  ["gitlab", /^\.gitlab-ci\.ya?ml$/u],
];

/** Folders that begin with a dot and are looked into all the same. */
const HIDDEN = new Set([".github", ".github/workflows"]);

/**
 * @param dir absolute. Folders in it that cannot be read are passed over.
 * @throws what readdir throws for `dir` itself; the reason of `signal`
 */
export async function findFiles(dir: string, signal: AbortSignal | undefined): Promise<FoundFiles> {
  const found: FoundFiles = {
    goMods: [],
    goWorks: [],
    versionFiles: [],
    dockerfiles: [],
    workflows: [],
    gitlab: [],
    isComplete: true,
  };
  const folders = [""];
  // The list grows while it is gone through: breadth first, so that the nearest come first.
  for (const folder of folders) {
    signal?.throwIfAborted();
    const entries = await readdir(join(dir, folder), { withFileTypes: true }).catch((error: unknown) => {
      if (folder === "") throw error;
      return [];
    });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) sort(path, found);
      else if (entry.isDirectory() && isSource(path, entry.name)) folders.push(path);
    }
    if (folders.length <= MAX_FOLDERS) continue;
    found.isComplete = false;
    folders.length = MAX_FOLDERS;
  }
  return found;
}

function sort(path: string, found: FoundFiles): void {
  for (const [kind, pattern] of KINDS) if (pattern.test(path)) found[kind].push(path);
}

function isSource(path: string, name: string): boolean {
  if (HIDDEN.has(path)) return true;
  return !/^[._]/u.test(name) && !["vendor", "testdata", "node_modules"].includes(name);
}
