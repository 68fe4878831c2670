// Milliseconds that go on evenly, whatever the clock is set to. Not `performance.now()`: node makes the module behind it
// when it is first asked, which takes it longer than to read the state of a root.

import { hrtime } from "node:process";

export function monotonicMs(): number {
  return Number(hrtime.bigint()) / 1e6;
}
