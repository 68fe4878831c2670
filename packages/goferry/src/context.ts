// What a command works with besides its own flags.

import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

export interface Context {
  terminal: Terminal;
  /** Answer every question with yes. */
  yes: boolean;
  progress: Progress;
  signal: AbortSignal;
}
