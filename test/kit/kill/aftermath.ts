// What must hold after goferry was killed and another command has run: the old or the new, byte for byte; a clean check;
// an audit log without a break; a Go that answers; and nothing left to recover.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { treeDifference, type Tree } from "../tree.ts";
import type { KillBench, Recorded } from "./bench.ts";

const execute = promisify(execFile);

export interface Aftermath {
  /** Which of the two is there; undefined for neither. */
  is: "old" | "new" | undefined;
  /** What is wrong, a line each. */
  wrong: string[];
}

/** @param first the command that comes after the kill; the test of everything else follows */
export async function aftermath(
  bench: KillBench,
  recorded: Recorded,
  first: readonly string[],
): Promise<Aftermath> {
  const { is, wrong } = await whichIsThere(bench, recorded, first);
  wrong.push(...(await faults(bench, recorded, is)));
  const stamps = bench.stamps();
  await bench.goferry(["list"]);
  const again = treeDifference(stamps, bench.stamps());
  if (again.length > 0) wrong.push(`a second recovery changed ${again.join(" ")}`);
  return { is, wrong };
}

/**
 * Runs one command, and compares all files with the old and the new.
 * @param except paths that need not be the same, below the folder of root and home
 */
export async function whichIsThere(
  bench: KillBench,
  { old, new: fresh }: Pick<Recorded, "old" | "new">,
  first: readonly string[],
  except = /^$/u,
): Promise<Aftermath> {
  const { code, stdout, stderr } = await bench.goferry(first);
  const found = bench.look();
  if (isSame(found, old, except)) return { is: "old", wrong: [] };
  if (isSame(found, fresh, except)) return { is: "new", wrong: [] };
  const wrong = [
    `neither old nor new after ${first.join(" ")} (code ${code}): ${stdout}${stderr}`,
    `not as before: ${treeDifference(found, old).join(" ")}`,
    `not as after: ${treeDifference(found, fresh).join(" ")}`,
  ];
  return { is: undefined, wrong };
}

/** The killed command, given again where it was taken back, does what it should have done. */
export async function repeat(bench: KillBench, { scenario, new: wanted }: Recorded): Promise<string[]> {
  const { code, stdout, stderr } = await bench.goferry(scenario.words);
  // Another transaction has another id, which the audit log and every state name.
  const differ = treeDifference(bench.look(), wanted).filter(
    (name) => !/\/state\/(?:state\.json|audit\.jsonl|generations\/\d+\.json)$/u.test(name),
  );
  if (code === 0 && differ.length === 0) return [];
  return [`given again: code ${code}: ${stdout}${stderr}, not as it should be: ${differ.join(" ")}`];
}

/** Of a first install that was killed before it had the lock there may be folders that it made, in which nothing is. */
function isSame(found: Tree, wanted: Tree, except: RegExp): boolean {
  const isNothing = wanted["opt/goferry"] === undefined;
  const isLeft = (name: string): boolean =>
    /^opt(?:\/goferry(?:\/state)?)?$/u.test(name) && found[name] === "folder 755";
  return treeDifference(found, wanted).every((name) => except.test(name) || (isNothing && isLeft(name)));
}

/** What goferry and go say of it. */
export async function faults(
  bench: KillBench,
  { scenario }: Pick<Recorded, "scenario">,
  is: Aftermath["is"],
): Promise<string[]> {
  const wrong: string[] = [];
  if (!existsSync(join(bench.root, "state/state.json"))) return wrong;
  const check = await bench.goferry(["check", "--json"]);
  // What somebody had broken before is still broken if the repair was taken back.
  if (check.code !== 0 && !(scenario.damage !== undefined && is === "old"))
    wrong.push(`check: ${check.stdout}`);
  wrong.push(...(await auditFaults(bench)));
  const { current } = JSON.parse(await readFile(join(bench.root, "state/state.json"), "utf8")) as {
    current: string | null;
  };
  if (current !== null && scenario.damage === undefined) {
    const { stdout } = await execute(join(bench.root, "bin/go"), ["version"], { env: { PATH: "" } });
    if (!stdout.startsWith(`go version go${current} `)) wrong.push(`go version: ${stdout}, not ${current}`);
  }
  const logs = await readdir(join(bench.root, "state/logs")).catch(() => []);
  const strange = logs.filter((name) => !/\.log$|^runs\.json$/u.test(name));
  if (strange.length > 0) wrong.push(`left in state/logs: ${strange.join(" ")}`);
  return wrong;
}

/** Nothing where there is no root. */
export async function auditFaults(bench: KillBench): Promise<string[]> {
  if (!existsSync(join(bench.root, "state/state.json"))) return [];
  const { code, stdout } = await bench.goferry(["audit", "verify", "--json"]);
  return code === 0 ? [] : [`audit verify: ${stdout}`];
}
