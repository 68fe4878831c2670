// How far a command is, on standard error: on a terminal one line that changes, elsewhere one line for each stage,
// with --json or --quiet nothing.

import { SingleBar } from "cli-progress";
import { RateMeter } from "./rate.ts";
import { bytesText, countText } from "./output/units.ts";
import { printable } from "./output/printable.ts";
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
export function createProgress(output: Output, style: ProgressStyle, now: () => number): Progress {
  if (style === "line") return lineProgress(output, now);
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

function lineProgress(output: Output, now: () => number): Progress {
  let bar: SingleBar | undefined;
  let event: ProgressEvent = { stage: "" };
  let rate = new RateMeter(now);
  // A terminal that does not know its width says 0.
  const format = (): string => lineText(event, rate.perSecond(), output.columns || 80);
  return {
    update(next) {
      if (next.stage !== event.stage) rate = new RateMeter(now);
      event = next;
      if (next.done !== undefined) rate.add(next.done);
      bar ??= startBar(output, format);
      // The line is made from the event; the bar only decides when it is drawn.
      bar.update(0, {});
    },
    end() {
      bar?.stop();
      bar = undefined;
    },
  };
}

function startBar(output: Output, format: () => string): SingleBar {
  const bar = new SingleBar({ stream: output, format, fps: 10, clearOnComplete: true, gracefulExit: false });
  bar.start(1, 0);
  return bar;
}

/** Such as `Fetching toolchains  12.3 of 70.1 MB  18 %  5.2 MB/s`, cut to the width of the terminal. */
export function lineText(
  { stage, subject, done, total, unit }: ProgressEvent,
  rate: number,
  columns: number,
): string {
  const amount = unit === "bytes" ? bytesText : countText;
  const parts = [stage];
  if (done !== undefined)
    parts.push(total === undefined ? amount(done) : `${amount(done)} of ${amount(total)}`);
  if (done !== undefined && total !== undefined && total > 0) {
    parts.push(`${Math.min(100, Math.floor((done / total) * 100))} %`);
  }
  if (unit === "bytes" && rate > 0) parts.push(`${bytesText(Math.round(rate))}/s`);
  if (subject !== undefined) parts.push(printable(subject).replaceAll("\n", " "));
  return parts.join("  ").slice(0, Math.max(1, columns - 1));
}
