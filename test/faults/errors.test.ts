// Every command that changes a root, with file calls that fail: for want of space, of rights, of descriptors, or because
// the disk is broken; one call, or all from there on; in the command, and in its worker threads.

import { afterAll, beforeAll, expect, it } from "vitest";
import { COMMANDS, faultBench, verdict, type FaultBench } from "../kit/command-faults.ts";

/** Of the calls that can fail so, evenly over all of them. */
const POINTS = 18;
const WORKER_POINTS = 8;

let bench: FaultBench;
let [runs, hits] = [0, 0];
const outcomes = new Map<string, number>();

beforeAll(async () => {
  bench = await faultBench();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  const told = [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(", ");
  console.log(`${runs} runs, in ${hits} of which a call failed: ${told}`);
});

async function attempt(...[name, fault, where]: Parameters<FaultBench["run"]>): Promise<void> {
  const trial = await bench.run(name, fault, where);
  runs += 1;
  hits += Number(trial.hit);
  const { outcome, wrong } = verdict(trial, fault.errno);
  const place = `${name}, ${where}: ${fault.errno} at ${fault.at}${fault.forEver ? " and after" : ""}`;
  expect(wrong, `${place}: ${trial.calls[fault.at - 1] ?? ""}`).toEqual([]);
  outcomes.set(`${where} ${outcome}`, (outcomes.get(`${where} ${outcome}`) ?? 0) + 1);
}

const ERRNOS = ["ENOSPC", "EIO", "EACCES", "EMFILE"] as const;

it.each(COMMANDS)(
  "%s: whatever fails, it is the old or the new, whole, after the next command",
  async (name) => {
    for (const errno of ERRNOS) {
      const { calls, ...whole } = await bench.run(name, { errno, at: 0, forEver: false }, "command");
      expect(whole).toMatchObject({ error: undefined, wrong: [], hit: false });
      for (const forEver of [false, true]) {
        for (let point = 0; point < POINTS; point++) {
          // The first and the last of them too.
          const at = 1 + Math.round((point * (calls.length - 1)) / (POINTS - 1));
          await attempt(name, { errno, at, forEver }, "command");
        }
      }
    }
  },
);

it.each(["install", "upgrade", "repair"] as const)("%s: the same for its worker threads", async (name) => {
  for (const errno of ERRNOS) {
    for (const forEver of [false, true])
      for (let at = 1; at <= WORKER_POINTS; at++) await attempt(name, { errno, at, forEver }, "worker");
  }
  expect(runs).toBeGreaterThan(0);
});
