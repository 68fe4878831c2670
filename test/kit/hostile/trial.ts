// One hostile bundle before the two commands that take bundles from strangers: beside the root lies a folder of somebody
// else, and after each command everything must be as it was.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { picture, testFolder } from "../host-root.ts";
import { testKey, type SmallBundle, type TestKey } from "../small-bundle.ts";
import { goodBundle, hostileBundle } from "./build.ts";
import type { HostileCase } from "./case.ts";
import type { Report } from "./child.ts";
import { MOST_CPU_MS, MOST_MEMORY, startJudge, type Judge } from "./judge.ts";

export interface Court extends AsyncDisposable {
  good: SmallBundle;
  key: TestKey;
  judge: Judge;
  /** Absolute; `outside` in it is the folder of somebody else. */
  folder: string;
  /** The words of a command that name the key and what is allowed. */
  trust: readonly string[];
  root: string;
}

export interface Refusal {
  code: string;
  subject: string;
  message: string;
  expected?: string | undefined;
  found?: string | undefined;
}

/** The folder of somebody else, below that of a court. */
export function outsideOf(folder: string): string {
  return join(folder, "outside");
}

export async function openCourt(within?: readonly string[]): Promise<Court> {
  const { path: folder, root, ...scratch } = await testFolder();
  const [good, key, judge] = await Promise.all([goodBundle(), testKey(), startJudge(within)]);
  const publicKey = join(folder, "public.asc");
  await writeFile(publicKey, key.publicKey);
  await mkdir(outsideOf(folder));
  await writeFile(join(outsideOf(folder), "victim.txt"), "as it was\n");
  const allow = ["--log-key", good.log.vkey, "--allow-private", "git.example.com/*"];
  return {
    good,
    key,
    judge,
    folder,
    trust: ["--key", publicKey, ...allow, "--json"],
    root,
    async [Symbol.asyncDispose]() {
      await judge[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** Runs a command and holds it to what a hostile bundle may take. */
export async function command({ judge, folder, trust }: Court, ...line: string[]): Promise<Report> {
  const report = await judge.run([...line, ...trust], folder);
  expect(report.stderr).toBe("");
  expect(report.cpuMs).toBeLessThan(MOST_CPU_MS);
  expect(report.peakBytes).toBeLessThan(MOST_MEMORY);
  return report;
}

/** What verify and install say of a file, after each of which everything is as it was. */
async function refusals(court: Court, bytes: Uint8Array): Promise<Refusal[]> {
  const bundle = join(court.folder, "bundle.tar");
  await writeFile(bundle, bytes);
  const before = picture(court.folder);
  const found: Refusal[] = [];
  for (const line of [
    ["verify", bundle],
    ["install", bundle, "--root", court.root],
  ]) {
    const report = await command(court, ...line);
    const after = picture(court.folder);
    await rm(court.root, { recursive: true, force: true });
    expect(after).toEqual(before);
    expect(report.code, report.stdout).toBe(3);
    found.push((JSON.parse(report.stdout) as { error: Refusal }).error);
  }
  return found;
}

/** Brings a case before both commands, signed and unsigned. */
export async function expectRefused(court: Court, each: HostileCase): Promise<void> {
  const { good, key } = court;
  for (const refusal of await refusals(court, await hostileBundle(good, each, key)))
    expectReason(refusal, each);
  for (const { code } of await refusals(court, await hostileBundle(good, each)))
    expect(code).toBe(each.unsigned);
}

/** The refusal of the signed bundle. */
export function expectReason(
  { code, subject, message, expected, found }: Refusal,
  { refused, because }: HostileCase,
): void {
  expect(code, message).toBe(refused);
  expect([message, expected, found, subject].join("\n")).toContain(because);
}
