// Every case of test/hostile/cases as `verify` judges it, signed and unsigned, in this process; and some of every layer
// before the commands themselves, with a root on a disk. `pnpm test:mutants` has all of them before the commands.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBundle, verifyBundle, type GoferryError } from "../../packages/core/src/index.ts";
import { hostileBundle, readCases } from "../kit/hostile/build.ts";
import type { HostileCase } from "../kit/hostile/case.ts";
import { expectReason, expectRefused, openCourt, outsideOf, type Court } from "../kit/hostile/trial.ts";
import { memorySource, SMALL_NOW } from "../kit/small-bundle.ts";
import { refusal } from "../kit/tampered.ts";

/** What takes seconds to make or to refuse is only in test:mutants. */
const LARGE = 1_000_000;

let court: Court;
let cases: HostileCase[];

beforeAll(async () => {
  court = await openCourt();
  cases = await readCases(outsideOf(court.folder));
});
afterAll(() => court[Symbol.asyncDispose]());

async function verify(bytes: Uint8Array): Promise<GoferryError | undefined> {
  const { key, good } = court;
  return await refusal(
    openBundle(memorySource(bytes), { keys: [key.trusted], now: SMALL_NOW }).then((bundle) =>
      verifyBundle(bundle, { policy: { logKey: good.log.vkey, privatePatterns: ["git.example.com/*"] } }),
    ),
  );
}

async function attempt(each: HostileCase): Promise<void> {
  const signed = await verify(await hostileBundle(court.good, each, court.key));
  if (each.refused === "nothing" && signed === undefined) return;
  if (signed === undefined) throw new Error("it is accepted");
  expectReason(signed, each);
  const unsigned = await verify(await hostileBundle(court.good, each));
  expect(unsigned?.code).toBe(each.unsigned);
}

function isLarge({ name, steps }: HostileCase): boolean {
  const bytes = steps
    .flatMap(({ values }) => [...values.values()])
    .reduce((sum, { length }) => sum + length, 0);
  return bytes > LARGE || name.startsWith("bomb");
}

describe("hostile bundles", () => {
  it("are refused for what they are, signed and unsigned", async () => {
    const tried = cases.filter((each) => !isLarge(each));
    expect(tried.length).toBeGreaterThan(280);
    const missed: unknown[] = [];
    for (const each of tried) {
      await attempt(each).catch((error: unknown) => missed.push([each.name, String(error)]));
    }
    expect(missed).toEqual([]);
  });

  it.each([
    "traversal-above-module",
    "absolute-outside",
    "toolchain-file-in-two-layers",
    "more-than-announced",
    "frame-trailing-zip",
    "layout-index-deep",
    "outer-trailing-zip",
  ])("leave nothing behind them: %s", async (name) => {
    const each = cases.find((found) => found.name === name);
    if (each === undefined) throw new Error(`no case ${name}`);
    await expectRefused(court, each);
  });
});
