// Which private modules a host accepts, of which only the signature of a bundle says that they are genuine: those that
// match a pattern which its administrator pinned in the root, never one of the bundle (DESIGN 2). The patterns stand in
// state.json and not in a file of their own, so that what is accepted and what Go is told about it (GONOSUMDB) change in
// one step, by the transaction that changes everything else in a root.

import { GoferryError, unitName } from "@goferry/core";
import { checkPatterns } from "./configure/go-env.ts";
import type { Host } from "./host.ts";
import { layout } from "./layout.ts";
import { hostFs } from "./host-fs.ts";
import { goEnvEdits } from "./plan/go-env-edits.ts";
import { refuseFindings } from "./plan/refuse.ts";
import { inspectRoot, nameFindings } from "./preflight-root.ts";
import { resolveRoot } from "./root-path.ts";
import { uncoveredUnits } from "./private-units.ts";
import { siteOf } from "./site.ts";
import { readState, type State } from "./transaction/state.ts";
import { runTransaction } from "./transaction/transaction.ts";

export interface PatternChange {
  /** Absolute; made if it is not there, so that its first bundle may hold private modules. */
  root: string;
  action: "allow" | "remove";
  /** As in GOPRIVATE, one by one. */
  patterns: readonly string[];
  /** Say what would be done, and do nothing. */
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface PatternsChanged {
  /** False when the root was so already. */
  changed: boolean;
  root: string;
  /** All that are pinned, sorted. With `dryRun`, those that would be. */
  patterns: string[];
  /** `path@version` of private modules that are installed and match none of them. */
  uncovered: string[];
}

/**
 * Pins patterns of private modules in a root, or takes them out.
 * @throws ARGUMENT_INVALID for a pattern; NOT_FOUND for one to remove that is not there; ROOT_NAME_REFUSED,
 * ROOT_NOT_DIRECTORY, ROOT_NOT_OURS, ROOT_OWNER_OTHER, ROOT_NOT_WRITABLE, READ_ONLY; what runTransaction throws
 */
export async function changePrivatePatterns(host: Host, options: PatternChange): Promise<PatternsChanged> {
  const { action, patterns, dryRun = false, signal } = options;
  checkPatterns(patterns);
  const root = await resolveRoot(options.root);
  const at = layout(root);
  const fs = hostFs(host);
  refuseFindings(nameFindings(root));
  refuseFindings((await inspectRoot(root, host.uid)).findings);
  if (dryRun) {
    const before = await readState(fs, at);
    const after = withPatterns(before, options);
    return { ...report(after ?? before), changed: after !== null };
  }
  const { changed, state } = await runTransaction(siteOf(host), root, {
    command: `trust ${action}-private`,
    async stage(_staging, before) {
      const after = withPatterns(before, options);
      if (after === null) return null;
      return {
        state: after,
        edits: await goEnvEdits(fs, at, { sdks: before.sdks, state: after }),
        audit: {
          action: `trust ${action}-private`,
          subject: patterns.join(" "),
          result: "done",
          bundle: null,
          signers: [],
        },
      };
    },
    signal,
  });
  return { ...report(state), changed };
}

/** The state with the change made; null when it is made already. */
function withPatterns(before: State, { action, patterns }: PatternChange): State | null {
  const known = before.privatePatterns;
  const absent = patterns.find((pattern) => !known.includes(pattern));
  if (action === "remove" && absent !== undefined) throw unknown(absent, before);
  const after =
    action === "allow"
      ? [...new Set([...known, ...patterns])]
      : known.filter((pattern) => !patterns.includes(pattern));
  if (after.length === known.length) return null;
  return { ...before, generation: before.generation + 1, privatePatterns: after.toSorted() };
}

function unknown(pattern: string, { root, privatePatterns }: State): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject: pattern,
    message: `this pattern of private modules is not allowed in ${root}, so it cannot be removed`,
    expected: privatePatterns.length === 0 ? "no pattern is" : `one of: ${privatePatterns.join(", ")}`,
    next: "Write it as `goferry trust list` shows it",
  });
}

function report({ root, privatePatterns, units }: State): Omit<PatternsChanged, "changed"> {
  return { root, patterns: privatePatterns, uncovered: uncoveredUnits(units, privatePatterns).map(unitName) };
}
