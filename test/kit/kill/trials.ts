// Kills goferry at its system calls, one after the other, lets another command recover, and says what was left; in two
// places at a time. Some are killed again while they recover.

import { join } from "node:path";
import { aftermath, repeat } from "./aftermath.ts";
import { KillBench, type Recorded } from "./bench.ts";
import type { KillProgram } from "./program.ts";
import type { RootCall } from "./root-calls.ts";
import type { Scenario } from "./scenarios.ts";
import { STEPS, type KillStep, type StepCall } from "./steps.ts";

export interface Trials {
  program: KillProgram;
  /** Of its own, on a file system in memory. */
  folder: string;
  scenarios: readonly Scenario[];
  /** The calls at which it is killed, of those where that is possible. */
  points: (calls: readonly StepCall[], scenario: Scenario) => readonly StepCall[];
  /** Of these points, where the command that recovers is killed too, and at how many calls. */
  again: (call: StepCall, calls: readonly StepCall[]) => number;
}

export interface Report {
  /** Tries by the step in which goferry was killed. */
  steps: Record<KillStep, number>;
  /** Tries and calls of each scenario. */
  scenarios: { name: string; tries: number; calls: number }[];
  old: number;
  new: number;
  /** Tries that were killed a second time, in recovery. */
  twice: number;
  /** How often the command was given once more and did it. */
  repeated: number;
  failures: string[];
}

/** Of every so many tries that were taken back, the command is given again. */
const REPEAT_EVERY = 8;

/** The commands of which one comes first after a kill; each of them recovers. */
const FIRST = [["list"], ["check"], ["status"], ["check", "--quick"], ["audit", "verify"]] as const;

export async function killEverywhere(trials: Trials): Promise<Report> {
  const steps = Object.fromEntries(STEPS.map((step) => [step, 0])) as Report["steps"];
  const report: Report = { steps, scenarios: [], old: 0, new: 0, twice: 0, repeated: 0, failures: [] };
  const queue = [...trials.scenarios];
  const lane = async (name: string): Promise<void> => {
    const bench = new KillBench(join(trials.folder, name), trials.program);
    for (let next = queue.shift(); next !== undefined; next = queue.shift())
      await killScenario(bench, next, trials, report);
  };
  await Promise.all([lane("one"), lane("two")]);
  return report;
}

async function killScenario(
  bench: KillBench,
  scenario: Scenario,
  { points, again }: Trials,
  report: Report,
): Promise<void> {
  const recorded = await bench.record(scenario);
  const calls = recorded.calls.filter(canKill);
  const chosen = points(calls, scenario);
  report.scenarios.push({ name: scenario.name, tries: chosen.length, calls: calls.length });
  const trial: Trial = { bench, recorded, report };
  for (const call of chosen) {
    try {
      await bench.reset();
      await bench.kill(scenario.words, "recorded", call);
      const times = again(call, calls);
      if (times > 0) await killAgain(trial, call, times);
      await recover(trial, call, "");
    } catch (error) {
      report.failures.push(`${placeOf(trial, call)}: ${String(error)}`);
    }
  }
}

interface Trial {
  bench: KillBench;
  recorded: Recorded;
  report: Report;
}

async function recover({ bench, recorded, report }: Trial, call: StepCall, further: string): Promise<void> {
  const count = report.old + report.new;
  report.steps[call.step]++;
  const { is, wrong } = await aftermath(bench, recorded, FIRST[count % FIRST.length] ?? FIRST[0]);
  report[is ?? "old"]++;
  const wanted = call.committed ? "new" : "old";
  if (is !== wanted) wrong.push(`it is ${is ?? "neither"}, not ${wanted}`);
  if (is === "old" && wrong.length === 0 && report.old % REPEAT_EVERY === 0) {
    wrong.push(...(await repeat(bench, recorded)));
    report.repeated++;
  }
  report.failures.push(...wrong.map((each) => `${placeOf({ bench, recorded }, call)}${further}: ${each}`));
}

function placeOf(
  { bench, recorded }: Pick<Trial, "bench" | "recorded">,
  { step, name, path, kill }: StepCall,
): string {
  return `${recorded.scenario.name}, ${step}: ${name} ${path.slice(bench.live.length)} (${kill?.nth})`;
}

/** Leaves the root as it was. */
async function killAgain(trial: Trial, call: StepCall, times: number): Promise<void> {
  const { bench, report } = trial;
  await bench.keep("killed");
  const { calls } = await bench.run(["list"], "again");
  const all = bench.own(calls).filter(canKill);
  for (let i = 0; i < Math.min(times, all.length); i++) {
    const second = all[Math.floor(((i + 0.5) * all.length) / Math.min(times, all.length))];
    if (second === undefined) continue;
    await bench.reset("killed");
    await bench.kill(["list"], "again", second);
    await recover(trial, call, `, and again: ${second.name} ${second.path.slice(bench.live.length)}`);
    report.twice++;
  }
  await bench.reset("killed");
}

/** Not what another program does; nor the log of the command, whose name has the number of the process. */
function canKill({ kill, path }: RootCall): boolean {
  return kill !== undefined && !/\/state\/logs\/.*\.log$/u.test(path);
}
