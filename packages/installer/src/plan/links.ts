// The links of a root, bin/go1.27.1 and `current` among them, as a state has them.

import { join } from "node:path";
import { isGoRelease } from "@goferry/core";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import type { EditRequest } from "../transaction/describe.ts";
import type { State } from "../transaction/state.ts";
import { linksOf } from "./generated.ts";

/** The edits that make the links those of `state`: missing ones made, wrong ones turned, those of other versions removed. */
export async function linkEdits(fs: HostFs, at: Layout, state: State): Promise<EditRequest[]> {
  const wanted = new Map(linksOf(at, state).map(({ path, link }) => [path, link]));
  const edits: EditRequest[] = [];
  for (const [path, link] of wanted) {
    const status = await fs.lstat(path);
    if (status?.kind !== "link" || (await fs.readLink(path)) !== link) edits.push({ path, link });
  }
  for (const path of await ourLinks(fs, at)) if (!wanted.has(path)) edits.push({ path, remove: true });
  return edits;
}

/** Links by names that only goferry makes. A tool, or a script that somebody called go1.20, is none of them. */
async function ourLinks(fs: HostFs, at: Layout): Promise<string[]> {
  const ours = (await fs.list(at.bin)).filter(({ name }) => isOurName(name));
  const paths = [...ours.map(({ name }) => join(at.bin, name)), at.current];
  const kinds = await Promise.all(paths.map((path) => fs.lstat(path)));
  return paths.filter((_, i) => kinds[i]?.kind === "link");
}

function isOurName(file: string): boolean {
  const name = file.replace(/\.exe$/u, "");
  return name === "go" || name === "gofmt" || (name.startsWith("go") && isGoRelease(name.slice(2)));
}
