// What a command tells while it changes a root, to whoever runs it: for its log, for a person who waits, and for the
// figures of a monitoring. Nothing depends on anybody listening.

import type { Step } from "./transaction/transaction.ts";

export type RootEvent =
  /** Another writer has the lock, and this command waits for it. Once for each lock. */
  | { kind: "waiting"; holder: string }
  /** The lock is ours, after so many milliseconds. */
  | { kind: "locked"; waitedMs: number }
  | { kind: "step"; step: Step }
  /** What an earlier, interrupted command had begun was finished or taken back; or this one, that failed. */
  | { kind: "recovered"; outcome: "finished" | "undone"; command: string; whose: "earlier" | "own" }
  /** What an earlier command had begun is still neither: it was interrupted, and this user may not, or cannot now, do it. */
  | { kind: "unfinished"; command: string; root: string }
  /** A line was added to the audit log. */
  | { kind: "audited"; line: string };

/** How a command is run. */
export interface Conduct {
  /** How long to wait for another writer of the root, in milliseconds; not at all if left out. */
  lockWaitMs?: number | undefined;
  onEvent?: ((event: RootEvent) => void) | undefined;
}
