// From one state of a root to another of which everything is on the disk already: only the small files change that say
// what is there, so it is a switch and needs no bundle.

import { join } from "node:path";
import type { HostFs } from "../fs.ts";
import { layout, type Layout } from "../layout.ts";
import type { EditRequest, Prepared } from "../transaction/describe.ts";
import type { State } from "../transaction/state.ts";
import { goEnvEdits } from "./go-env-edits.ts";
import { linkEdits } from "./links.ts";
import { stageLogTree } from "./log-tree.ts";
import { listFiles } from "./version-lists.ts";

export interface StateSwitch {
  fs: HostFs;
  at: Layout;
  /** Absolute folder, empty, on the root's file system. */
  staging: string;
  before: State;
  /** Its trees are on the disk. What is said of lookups in it is decided here. */
  after: State;
}

/** Go then finds what `after` has: its versions by their names, its modules in the lists and in the checksum database. */
export async function stageState(request: StateSwitch): Promise<Omit<Prepared, "audit">> {
  const { fs, at, staging, before, after } = request;
  const tree = await stageLogTree({ fs, at, staged: layout(staging), before, state: after });
  const log = after.log === null ? null : { ...after.log, lookups: tree.lookups };
  const state = { ...after, log };
  const edits = [
    ...(await goEnvEdits(fs, at, { sdks: state.sdks, state })),
    ...(await listEdits(request)),
    ...(await linkEdits(fs, at, state)),
  ];
  return { state, place: tree.place, remove: tree.remove, edits };
}

/** A module that is not in the state any more has no list: go would take a version from it. */
export async function listEdits({
  fs,
  at,
  before,
  after,
}: Omit<StateSwitch, "staging">): Promise<EditRequest[]> {
  const wanted = listFiles(after, () => true);
  const edits: EditRequest[] = [];
  for (const name of listFiles(before, () => true).keys()) {
    if (!wanted.has(name)) edits.push({ path: join(at.root, name), remove: true });
  }
  for (const [name, text] of wanted) {
    const path = join(at.root, name);
    const there = await fs.readFile(path);
    if (there === null || Buffer.from(there).toString("utf8") !== text)
      edits.push({ path, file: Buffer.from(text) });
  }
  return edits;
}
