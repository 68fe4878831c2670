// Two bundles, both signed by the key that is trusted, and every way to make a third of their parts: nothing of one passes
// for a part of the other.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { readTrustedKey, type Contents, type TrustedKey } from "../../packages/core/src/index.ts";
import { readOuterTar, wholeEntry, type OuterTar } from "../kit/outer-tar.ts";
import { scratchFolder, type Scratch } from "../kit/scratch.ts";
import { refusal, resigned, tarOf, verify } from "../kit/tampered.ts";

const demo = inject("demo");

let scratch: Scratch;
let keys: TrustedKey[];
let privateKey: string;
let one: OuterTar;
/** The same layers under another name and a later serial. */
let other: OuterTar;

beforeAll(async () => {
  scratch = await scratchFolder("goferry-mixed");
  keys = [await readTrustedKey(await readFile(demo.publicKey))];
  privateKey = await readFile(demo.privateKey, "utf8");
  one = await readOuterTar(demo.bundle);
  const later = (contents: Contents): Contents => {
    const serial = contents.serial + 60;
    const created = new Date(serial * 1000).toISOString().replace(".000", "");
    return { ...contents, name: "other", serial, created };
  };
  const file = join(scratch.path, "other.tar");
  await writeFile(file, await resigned(one, [privateKey], { change: later }));
  other = await readOuterTar(file);
});
afterAll(() => scratch[Symbol.asyncDispose]());

const part = (outer: OuterTar, i: number): Buffer => {
  const entry = outer.entries[i];
  if (entry === undefined) throw new Error(`no entry ${i}`);
  return wholeEntry(outer, entry);
};

describe("parts of two bundles", () => {
  it("are refused when any one part of the first stands for that of the second", async () => {
    expect(await refusal(verify(other.bytes, { keys, quick: true }))).toBeUndefined();
    expect(one.entries.map(({ role }) => role)).toEqual(other.entries.map(({ role }) => role));
    const accepted: string[] = [];
    let mixed = 0;
    for (const [i, { role }] of other.entries.entries()) {
      if (part(one, i).equals(part(other, i))) continue;
      mixed += 1;
      const entries = other.entries.map((_, at) => part(at === i ? one : other, at));
      const found = await refusal(verify(tarOf(entries), { keys, quick: true }));
      if (found?.exitCode !== 3) accepted.push(`${role}: ${found?.code}`);
    }
    expect(accepted).toEqual([]);
    // index.json, bundle index, signature and contents with their manifests, and two for each platform.
    expect(mixed).toBeGreaterThanOrEqual(8);
  });

  it("are refused when the first goes on as the second, wherever the cut is", async () => {
    const accepted: number[] = [];
    const same = (from: number): boolean =>
      one.entries.slice(from).every((_, i) => part(one, from + i).equals(part(other, from + i)));
    for (let cut = 3; cut < one.entries.length && !same(cut); cut++) {
      const entries = one.entries.map((_, at) => part(at < cut ? one : other, at));
      const found = await refusal(verify(tarOf(entries), { keys, quick: true }));
      if (found?.exitCode !== 3) accepted.push(cut);
    }
    expect(accepted).toEqual([]);
  });

  it("are refused when the name of the first is given to the second", async () => {
    const i = other.entries.findIndex(({ role }) => role === "index.json");
    const renamed = other.entries.map((_, at) => part(other, at));
    const header = Buffer.from(renamed[i] ?? "");
    // The name that registries and tools see; the same number of letters, so that no length differs.
    expect(header.includes('"other"')).toBe(true);
    header.write('"othex"', header.indexOf('"other"'));
    renamed[i] = header;
    expect(await refusal(verify(tarOf(renamed), { keys, quick: true }))).toMatchObject({
      code: "DOCUMENT_INVALID",
      subject: "index.json",
    });
  });
});
