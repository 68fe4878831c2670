// Flags of every command that changes a root; `changesRoot` in its table gives it all of them.

import type { OptionTable } from "./option.ts";

export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Long enough for a `use` or a line of the audit log, short enough for a person to wait without asking why. */
export const DEFAULT_LOCK_WAIT_MS = 2000;

export const CHANGE_OPTIONS = {
  "lock-timeout": {
    kind: "duration",
    arg: "TIME",
    help: "How long to wait while another goferry changes the same root, such as 30s or 10m; 2s if left out, 0 for not at all.",
    setting: true,
  },
  log: {
    kind: "path",
    arg: "FILE",
    help: "Also write the log of this command to FILE, behind what is there; the last 20 are in state/logs of the root anyway.",
    setting: true,
  },
  "log-level": {
    kind: "choice",
    choices: LOG_LEVELS,
    help: "How much is logged; info if left out. debug: also every program that is started.",
    setting: true,
  },
} as const satisfies OptionTable;
