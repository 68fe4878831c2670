// Cuts the power in the middle of a recorded command, again and again: the calls so far are replayed on a model of a disk,
// what was not synced survives in five ways, and a command recovers what is on the medium then.

import { join } from "node:path";
import { sha256Hex } from "../../../packages/core/src/index.ts";
import { auditFaults, faults, whichIsThere } from "../kill/aftermath.ts";
import { KillBench, type Recorded } from "../kill/bench.ts";
import type { KillProgram } from "../kill/program.ts";
import type { RootCall } from "../kill/root-calls.ts";
import type { Scenario } from "../kill/scenarios.ts";
import type { StepCall } from "../kill/steps.ts";
import { randomOf } from "../mutations.ts";
import { Disk, type Survival } from "./disk.ts";
import { mediumOf, textOf, writeMedium } from "./medium.ts";

/** What survives, for each moment. Where chance decides, twice. */
const ORDERS: readonly Survival[] = ["none", "names", "journal", "some", "some"];

/** May have a line that was cut short. */
const AUDIT = /^opt\/goferry\/state\/audit\.jsonl$/u;

export interface CutReport {
  /** Moments at which the power was cut. */
  states: number;
  /** Tries, and how many different media they were. */
  orders: number;
  media: number;
  old: number;
  new: number;
  failures: string[];
}

export interface CutTrials {
  program: KillProgram;
  /** Of its own, on a file system in memory. */
  folder: string;
  scenarios: readonly Scenario[];
  /** Whether to cut before a call of a scenario. */
  isChosen: (call: StepCall, index: number) => boolean;
  /** Whether to cut, too, while another command recovers from a kill before a call; then before every call of it. */
  inRecovery: (call: StepCall, calls: readonly StepCall[], scenario: Scenario) => boolean;
  /** As if nothing had been synced, to see that this is found. */
  withoutSyncs?: boolean;
}

/** Two places at a time: while one waits for its files, the other one is looked at. */
export async function cutEverywhere(trials: CutTrials): Promise<CutReport> {
  const report: CutReport = { states: 0, orders: 0, media: 0, old: 0, new: 0, failures: [] };
  const queue = [...trials.scenarios];
  const lane = async (name: string): Promise<void> => {
    const bench = new KillBench(join(trials.folder, name), trials.program);
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      await cutScenario(bench, next, trials, report);
  };
  await Promise.all([lane("one"), lane("two")]);
  return report;
}

async function cutScenario(
  bench: KillBench,
  scenario: Scenario,
  trials: CutTrials,
  report: CutReport,
): Promise<void> {
  const recorded = await bench.record(scenario);
  const isKept = ({ change }: StepCall): boolean =>
    trials.withoutSyncs !== true || !change.kind.startsWith("sync");
  const calls = recorded.calls.filter(isKept);
  const common = { ...recorded, calls, bench, report };
  const chosen = calls.map(trials.isChosen);
  // After the end it is done, too.
  const isChosen = (index: number): boolean => chosen[index] ?? true;
  await cutAt({ ...common, from: "before", allowed: allowedOf(calls), isChosen });
  for (const call of calls.filter((each) => trials.inRecovery(each, calls, scenario))) {
    await bench.reset();
    await bench.kill(scenario.words, "recorded", call);
    await bench.keep("killed");
    const { calls: later } = await bench.run(["list"], "again");
    const recovery = bench.own(later).map((each) => ({ ...each, step: `recovery from ${call.step}` }));
    const allowed = (): Which[] => [call.committed ? "new" : "old"];
    await cutAt({ ...common, from: "killed", calls: recovery, allowed, isChosen: () => true });
  }
}

type Which = "old" | "new";

interface Cut extends Pick<Recorded, "scenario" | "old" | "new"> {
  bench: KillBench;
  /** Which copy of the bench the calls begin with. */
  from: string;
  calls: readonly (RootCall & { step: string })[];
  /** What may be there when the power is cut before the call of that index. */
  allowed(index: number): readonly Which[];
  /** Whether to cut before the call of that index; the number of calls for the end. */
  isChosen(index: number): boolean;
  report: CutReport;
}

async function cutAt(cut: Cut): Promise<void> {
  const { bench, calls, report } = cut;
  const options = { top: bench.live, apart: join(bench.live, "home") };
  const disk = new Disk(mediumOf(bench.kept(cut.from)), options);
  const known = new Map<string, Which | undefined>();
  const asked = new Set<string>();
  for (let index = 0; index <= calls.length; index++) {
    if (cut.isChosen(index)) {
      report.states++;
      for (const [order, survival] of ORDERS.entries()) {
        const medium = disk.cut(survival, randomOf(index * ORDERS.length + order));
        report.orders++;
        const text = sha256Hex(Buffer.from(textOf(medium)));
        const place = `${cut.scenario.name}, cut before ${placeOf(cut, index)}, order ${order} (${survival})`;
        if (!known.has(text)) {
          report.media++;
          writeMedium(medium, bench.live);
          const { is, wrong } = await whichIsThere(bench, cut, ["list"], AUDIT);
          known.set(text, is);
          // The same bytes are as clean as those that were looked at; but for the audit log.
          if (is !== undefined && !asked.has(is)) wrong.push(...(await faults(bench, cut, is)));
          else wrong.push(...(await auditFaults(bench)));
          asked.add(is ?? "");
          report.failures.push(...wrong.map((each) => `${place}: ${each}`));
        }
        const is = known.get(text);
        if (is === undefined) continue;
        report[is]++;
        if (!cut.allowed(index).includes(is)) report.failures.push(`${place}: it is the ${is}`);
      }
    }
    const call = calls[index];
    if (call !== undefined) disk.apply(call);
  }
}

/** Before the commit was asked for it is the old, once it is synced the new; in between it may be either. */
function allowedOf(calls: readonly StepCall[]): Cut["allowed"] {
  const commit = calls.findIndex(({ committed }) => committed) - 1;
  const synced = calls.findIndex(({ change }, index) => index > commit && change.kind === "sync");
  return (index) => (index <= commit ? ["old"] : index <= synced ? ["old", "new"] : ["new"]);
}

function placeOf({ calls, bench }: Cut, index: number): string {
  const call = calls[index];
  return call === undefined
    ? "the end"
    : `${index} ${call.step}: ${call.name} ${call.path.slice(bench.live.length)}`;
}
