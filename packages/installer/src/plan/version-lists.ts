// The @v/list files of mod/cache/download: which versions of a module a proxy has. Go asks them for `go list -m
// -versions`, for queries such as @latest, and to resolve a new import. They name what has a zip, over all
// bundles that were installed.

import { join } from "node:path";
import { compareVersions, escapePath, type Unit } from "@goferry/core";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import type { EditRequest } from "../transaction/describe.ts";
import type { State } from "../transaction/state.ts";
import { stageFile } from "./stage-file.ts";

export interface VersionListsRequest {
  fs: HostFs;
  at: Layout;
  /** The layout of staging. */
  staged: Layout;
  /** The state that will be. */
  state: State;
  added: readonly Unit[];
}

/** Writes the lists of modules that are new into staging, and returns the edits of lists that the root has. */
export async function versionLists({
  fs,
  at,
  staged,
  state,
  added,
}: VersionListsRequest): Promise<EditRequest[]> {
  const paths = new Set(added.flatMap(({ kind, path }) => (kind === "toolchain" ? [] : [path])));
  const edits: EditRequest[] = [];
  for (const [name, text] of listFiles(state, (path) => paths.has(path))) {
    const file = join(at.root, name);
    const bytes = Buffer.from(text);
    const there = await fs.readFile(file);
    if (there === null) stageFile(join(staged.root, name), bytes);
    else if (Buffer.compare(there, bytes) !== 0) edits.push({ path: file, file: bytes });
  }
  return edits;
}

/** The lists of a state, by their path in the root. */
export function listFiles(
  { units }: Pick<State, "units">,
  isWanted: (path: string) => boolean,
): Map<string, string> {
  const versions = new Map<string, string[]>();
  for (const { path, version, kind } of units) {
    if (!isWanted(path)) continue;
    const named = versions.get(path) ?? [];
    // A version of which there is only the go.mod could be chosen from a list, but not be built. Where there is no other,
    // the list is empty, because without one `go list -m -versions all` and -u fail.
    versions.set(path, kind === "module" ? [...named, version] : named);
  }
  return new Map(
    [...versions].map(([path, list]) => [
      join("mod", "cache", "download", escapePath(path), "@v", "list"),
      list
        .sort(compareVersions)
        .map((version) => `${version}\n`)
        .join(""),
    ]),
  );
}
