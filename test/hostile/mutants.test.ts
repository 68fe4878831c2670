// A sample of what `pnpm test:mutants` does by the ten thousand: mutants of a small bundle, each read as a whole.

import { beforeAll, expect, it } from "vitest";
import { openBundle, verifyBundle } from "../../packages/core/src/index.ts";
import { outerEntries } from "../kit/changed-bundle.ts";
import { judgeMutant, type Original } from "../kit/mutant-trial.ts";
import { mutantOf, mutantSource, randomOf } from "../kit/mutations.ts";
import { memorySource, sealSmall, SMALL_NOW, smallBundle, testKey } from "../kit/small-bundle.ts";

const SEED = 20_261_126;
const COUNT = 400;

let original: Original;
let marks: number[];

beforeAll(async () => {
  const [small, key] = await Promise.all([smallBundle({ platforms: ["linux/amd64"] }), testKey()]);
  const bytes = await sealSmall(small, [key]);
  const policy = { logKey: small.log.vkey, privatePatterns: [] };
  original = { bytes, keys: [key.trusted], now: SMALL_NOW, policy };
  marks = outerEntries(bytes).map(({ content }) => content.byteOffset - bytes.byteOffset);
  await verifyBundle(await openBundle(memorySource(bytes), { keys: original.keys, now: SMALL_NOW }), {
    policy,
  });
});

it(`${COUNT} mutants of a small bundle are refused, from seed ${SEED}`, async () => {
  const problems: unknown[] = [];
  for (let seed = SEED; seed < SEED + COUNT; seed++) {
    const problem = await judgeMutant(original, mutantOf(original.bytes, seed, marks), "everything");
    if (problem !== undefined) problems.push(problem);
  }
  expect(problems).toEqual([]);
});

it("mutants differ from the original, come again from their seed, and are of every kind", async () => {
  const kinds = new Set<string>();
  for (let seed = 0; seed < 100; seed++) {
    const [one, again] = [mutantOf(original.bytes, seed, marks), mutantOf(original.bytes, seed, marks)];
    expect(one).toEqual(again);
    const source = mutantSource(original.bytes, one);
    const bytes = await source.read(0, source.size);
    expect(Buffer.compare(bytes, original.bytes), one.what).not.toBe(0);
    const first = Array.from({ length: Math.min(one.from, bytes.length) }, (_, i) => i);
    expect(first.every((i) => bytes[i] === original.bytes[i])).toBe(true);
    kinds.add(one.what.replace(/\d+ /gu, "").replace(/ .*/u, ""));
  }
  expect([...kinds].toSorted()).toEqual(
    ["bit", "bytes", "cut", "inserted", "random", "removed", "zeros"].toSorted(),
  );
  expect(randomOf(1)(1000)).not.toBe(randomOf(2)(1000));
});
