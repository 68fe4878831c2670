// state/generations/: the state that each change left, whole, until `gc` takes it away. Placed by the transaction that
// made it, so that what is here was once the state of this root.

import { GoferryError } from "@goferry/core";
import type { HostFs } from "./fs.ts";
import { generationFile, type Layout } from "./layout.ts";
import { shellQuote } from "./shell-quote.ts";
import { parseStateAt, type State } from "./transaction/state.ts";

/** The numbers of those that are kept, ascending. */
export async function listGenerations(fs: HostFs, at: Layout): Promise<number[]> {
  const names = (await fs.list(at.generations)).map(({ name }) => /^([1-9]\d{0,15})\.json$/.exec(name)?.[1]);
  return names.flatMap((name) => (name === undefined ? [] : [Number(name)])).toSorted((a, b) => a - b);
}

/**
 * The state that a generation left.
 * @throws NOT_FOUND for one that is not kept; STATE_DAMAGED, STATE_NEWER, ROOT_MOVED
 */
export async function readGeneration(fs: HostFs, at: Layout, generation: number): Promise<State> {
  const path = generationFile(at, generation);
  const bytes = await fs.readFile(path);
  if (bytes === null) throw notKept(at, generation, await listGenerations(fs, at));
  const state = parseStateAt(bytes, path, at.root);
  if (state.generation === generation) return state;
  throw new GoferryError("STATE_DAMAGED", {
    subject: path,
    message: "the file is not of the generation that its name says",
    expected: `generation ${generation}`,
    found: `generation ${state.generation}`,
    next: "restore it from a backup, or go to another generation: goferry list shows them",
  });
}

/** All that can be read, ascending; a damaged file is as one that is not there. */
export async function readGenerations(fs: HostFs, at: Layout): Promise<State[]> {
  const states: State[] = [];
  for (const generation of await listGenerations(fs, at)) {
    const state = await readGeneration(fs, at, generation).catch((error: unknown) => {
      if (error instanceof GoferryError && UNREADABLE.has(error.code)) return null;
      throw error;
    });
    if (state !== null) states.push(state);
  }
  return states;
}

/** NOT_FOUND: one that another process took away between two looks. */
const UNREADABLE: ReadonlySet<string> = new Set(["STATE_DAMAGED", "STATE_NEWER", "ROOT_MOVED", "NOT_FOUND"]);

function notKept({ root }: Layout, generation: number, kept: readonly number[]): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject: `generation ${generation}`,
    message: `${root} does not keep this generation`,
    expected: kept.length === 0 ? "none is kept" : `one of ${kept.join(", ")}`,
    found: "no file of it in state/generations",
    next: `goferry list --root ${shellQuote(root)} shows the generations that are kept`,
  });
}
