// Frees what no generation that is kept needs. What goes is put aside first, and deleted once the change is committed: who
// is killed in between leaves the old or the new. What is installed stays as it is, so it makes no generation of its own.

import { GoferryError } from "@goferry/core";
import { listGenerations, readGeneration, readGenerations } from "./generations.ts";
import type { Host } from "./host.ts";
import { findUnneeded, type Unneeded } from "./plan/unneeded.ts";
import { removalScope, stateScope, type ScopeEntry } from "./scope.ts";
import { openRoot, type RootSite } from "./site.ts";
import { readState, type State } from "./transaction/state.ts";
import { runTransaction } from "./transaction/transaction.ts";

export interface GcOptions {
  root: string;
  /** How many generations stay, the current one among them; at least 1. */
  keep: number;
  /** Say what would be done, and do nothing. */
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface Collected extends Omit<Unneeded, "paths"> {
  /** False when there is nothing to free. */
  changed: boolean;
  root: string;
  /** The current one. */
  generation: number;
  /** Numbers of the generations that stay, ascending. */
  kept: number[];
  /** With dryRun: every path that would change. */
  scope?: ScopeEntry[];
}

/**
 * @throws ARGUMENT_INVALID for `keep`; LOCKED; STATE_DAMAGED, STATE_NEWER, ROOT_MOVED and the other refusals of a root;
 * IO_FAILED, DISK_FULL, PERMISSION_DENIED, READ_ONLY; INTERRUPTED
 */
export async function collectGarbage(host: Host, options: GcOptions): Promise<Collected> {
  const { keep, dryRun = false, signal } = options;
  if (!Number.isSafeInteger(keep) || keep < 1) throw keepInvalid(keep);
  const command = `gc --keep ${keep}`;
  const opened = await openRoot(host, options.root, { command, dryRun, signal });
  const { root, site } = opened;
  // Before the lock, which makes files: an empty folder shall not become a root by this.
  let found = await findGarbage(opened, keep);
  if (dryRun) {
    const { paths } = found.unneeded;
    const place = { fs: site.fs, at: opened.at };
    const own = paths.length === 0 ? [] : stateScope(place, found.before, found.before.generation);
    return { ...report(root, found), scope: [...(await removalScope(place, paths)), ...own] };
  }
  if (found.unneeded.paths.length === 0) return report(root, found);
  const { changed } = await runTransaction(site, root, {
    command,
    async stage(_staging, now) {
      found = await findGarbage(opened, keep);
      const { generations, sdks, modules, paths } = found.unneeded;
      if (paths.length === 0) return null;
      const subject = [
        `${generations.length} generations`,
        ...sdks.map((version) => `go${version}`),
        `${modules.length} module versions`,
      ].join(", ");
      return {
        state: now,
        remove: paths,
        audit: { action: "gc", subject, result: "done", bundle: null, signers: [] },
      };
    },
    signal,
  });
  return { ...report(root, found), changed };
}

interface Found {
  before: State;
  kept: number[];
  unneeded: Unneeded;
}

/** What `keep` generations do not need. Looks only. Throws STATE_DAMAGED and others for one that shall stay. */
export async function findGarbage({ at, site: { fs } }: RootSite, keep: number): Promise<Found> {
  const before = await readState(fs, at);
  const others = (await listGenerations(fs, at)).filter((each) => each !== before.generation);
  const first = Math.max(0, others.length - (keep - 1));
  const [generations, kept] = [others.slice(0, first), others.slice(first)];
  const states: State[] = [];
  // One that shall stay and cannot be read: nobody knows what it needs.
  for (const each of kept) states.push(await readGeneration(fs, at, each));
  const dropped = (await readGenerations(fs, at)).filter(({ generation }) =>
    generations.includes(generation),
  );
  const unneeded = await findUnneeded(fs, at, { kept: [before, ...states], dropped, generations });
  return { before, kept: [...kept, before.generation].toSorted((a, b) => a - b), unneeded };
}

function report(root: string, { before, kept, unneeded }: Found): Collected {
  const { paths, ...rest } = unneeded;
  return { ...rest, changed: paths.length > 0, root, generation: before.generation, kept };
}

function keepInvalid(keep: number): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "--keep",
    message: "the current generation always stays, so at least one does",
    expected: "1 or more",
    found: String(keep),
    next: "goferry gc --keep 1 frees all but what is installed now",
  });
}
