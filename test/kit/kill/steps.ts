// Which step of a transaction a system call belongs to, by what it touches (installer/src/transaction/transaction.ts has
// the steps in their order). The program's own log says the same, but a moment later than the calls are made.

import { relative } from "node:path";
import type { RootCall } from "./root-calls.ts";

/** "log" is what every command writes in state/logs/ beside its steps; "move" is the rename of DESIGN 4. */
export const STEPS = [
  "log",
  "lock",
  "stage",
  "sync",
  "journal",
  "move",
  "switch",
  "settle",
  "self-test",
  "commit",
  "clean",
  "audit",
  "release",
] as const;

export type KillStep = (typeof STEPS)[number];

export interface StepCall extends RootCall {
  step: KillStep;
  /** Whether the change counts as made when the run ends before this call. */
  committed: boolean;
}

/** @param root absolute; the calls are those of one whole run */
export function withSteps(calls: readonly RootCall[], root: string): StepCall[] {
  let phase: Phase = "lock";
  let committed = false;
  return calls.map((call) => {
    const place = placeOf(call, root);
    if (place.to.startsWith("state/logs")) return { ...call, step: "log", committed };
    phase = next(phase, call, place);
    const step = phase === "moved" ? "move" : committed && AUDIT.test(place.to) ? "audit" : phase;
    const known = { ...call, step, committed };
    committed ||= isCommit(place);
    return known;
  });
}

/** Also under the name that a new one has at first. */
const AUDIT = /^state\/\.?audit\.jsonl/u;

/** "moved" is the last rename of its step: of the file of the generation. */
type Phase = KillStep | "moved";

interface Place {
  /** Relative to the root; "../…" for what lies outside. */
  from: string;
  to: string;
  isOutside: boolean;
}

function placeOf({ path, change }: RootCall, root: string): Place {
  const from = relative(root, "from" in change ? change.from : path);
  const to = relative(root, path);
  return { from, to, isOutside: to.startsWith("..") };
}

function isCommit({ from, to }: Place): boolean {
  return from.startsWith("staging/") && to === "state/state.json";
}

function next(phase: Phase, { change }: Pick<RootCall, "change">, place: Place): Phase {
  const { from, to, isOutside } = place;
  const isSync = change.kind === "sync" || change.kind === "sync-all";
  if (isCommit(place)) return "commit";
  switch (phase) {
    case "lock":
      return to === "staging" && change.kind === "mkdir" ? "stage" : phase;
    case "stage":
      return isSync && !to.startsWith("state/audit") ? "sync" : phase;
    case "sync":
      return to.startsWith("state/.journal.json") ? "journal" : phase;
    case "journal":
      if (/^state\/(?:\.journal\.json\.goferry-new|journal\.json)$/u.test(to) || (isSync && to === "state"))
        return phase;
      return next("move", { change }, place);
    case "move":
      return from.endsWith("/generation.json") ? "moved" : phase;
    case "moved":
    case "switch":
      return isSync && !isOutside ? "settle" : "switch";
    case "settle":
      return to.startsWith("staging/selftest-") ? "self-test" : phase;
    case "commit":
      return isSync && to === "state" ? phase : "clean";
    case "clean":
      return to.startsWith("state/lock") ? "release" : phase;
    default:
      return phase;
  }
}
