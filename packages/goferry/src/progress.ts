// How far a command is, on standard error: on a terminal one line that changes, elsewhere one line for each stage,
// with --json or --quiet nothing.

import type { Output } from "./terminal.ts";

export interface ProgressEvent {
  /** Names the stage; the first event of another one begins a new line. */
  stage: string;
  /** What it works on at the moment. */
  subject?: string | undefined;
  done?: number | undefined;
  total?: number | undefined;
  unit?: "bytes" | "items" | undefined;
}

export interface Progress {
  update(event: ProgressEvent): void;
  /** Leaves a clean line for what is printed next. To be called whatever happened. */
  end(): void;
}

export type ProgressStyle = "line" | "stages" | "none";

/** @param now milliseconds, never backwards */
export async function createProgress(
  output: Output,
  style: ProgressStyle,
  now: () => number,
): Promise<Progress> {
  if (style === "line") return (await import("./progress-line.ts")).lineProgress(output, now);
  if (style === "stages") return stageProgress(output);
  return { update: () => undefined, end: () => undefined };
}

function stageProgress(output: Output): Progress {
  let last = "";
  return {
    update({ stage }) {
      if (stage === last) return;
      last = stage;
      output.write(`goferry: ${stage}\n`);
    },
    end: () => undefined,
  };
}
