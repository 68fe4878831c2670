// What a command works with besides its own flags.

import type { Host } from "@goferry/installer";
import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

export interface Context {
  terminal: Terminal;
  /** The machine that is installed on; for a command that changes a root, with how long it waits for others. */
  host: Host;
  /** Answer every question with yes. */
  yes: boolean;
  progress: Progress;
  signal: AbortSignal;
}
