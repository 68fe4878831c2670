// How far a command is, as one line of a terminal that changes.

import { countText } from "@goferry/core";
import { SingleBar } from "cli-progress";
import { RateMeter } from "./rate.ts";
import { bytesText } from "./output/units.ts";
import { printable } from "./output/printable.ts";
import type { Progress, ProgressEvent } from "./progress.ts";
import type { Output } from "./terminal.ts";

export function lineProgress(output: Output, now: () => number): Progress {
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
