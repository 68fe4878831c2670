// What a scanner costs. On Windows it may read a file before it lets go of it, and each rename waits: an installation of
// milliseconds takes seconds, and so does every build. That can be measured, and who runs the machine can except the root.

import type { Finding } from "../findings.ts";
import { isWindows, type HostFacts } from "../host.ts";
import { shellQuote } from "../shell-quote.ts";
import type { Step } from "../transaction/transaction.ts";

/** The steps of a transaction that are a few renames and nothing else. */
const RENAMING: readonly Step[] = ["move", "switch"];

/** Milliseconds. A disk that is busy takes some 100; what was tried again because somebody had it open takes more. */
const SLOW_MS = 2_000;

/** How long the steps took that only rename. */
export interface RenameTime {
  /** To be called as each step begins. */
  onStep(step: Step): void;
  /** Milliseconds so far. */
  total(): number;
}

/** @param now a clock in milliseconds */
export function renameTime(now: () => number): RenameTime {
  let total = 0;
  let began: number | undefined;
  return {
    onStep: (step) => {
      if (began !== undefined) total += now() - began;
      began = RENAMING.includes(step) ? now() : undefined;
    },
    total: () => total,
  };
}

/** SCANNER_SLOW warns; only on Windows. */
export function scannerFindings(
  host: Pick<HostFacts, "platform">,
  { root, ms }: { root: string; ms: number },
): Finding[] {
  if (!isWindows(host) || ms < SLOW_MS) return [];
  return [
    {
      code: "SCANNER_SLOW",
      level: "warn",
      subject: root,
      message:
        "putting into place what was unpacked took seconds, where renames take milliseconds: a scanner, most likely, holds each file for a while, and will do so in every build",
      expected: `at most ${SLOW_MS / 1000} s`,
      found: `${(ms / 1000).toFixed(1)} s`,
      next: `let whoever is responsible for the scanner except the root, and %LOCALAPPDATA%\\go-build; for Microsoft Defender, in a PowerShell of an administrator: Add-MpPreference -ExclusionPath ${shellQuote(root)}`,
    },
  ];
}
