// Every case of test/hostile/cases before `goferry verify` and `goferry install`, without a signature and with a real one
// over a bundle in which every digest is as it should be, so that only the layer that the case is about can refuse it.
// What a command may take is bounded too. `pnpm test` has the same cases without the command line, and some of them with.

import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostileBundle, readCases } from "../kit/hostile/build.ts";
import { command, expectRefused, openCourt, outsideOf, type Court } from "../kit/hostile/trial.ts";

let court: Court;

beforeAll(async () => {
  court = await openCourt();
});
afterAll(() => court[Symbol.asyncDispose]());

// Their names are known before there is a folder that absolute names in them can lead to.
const names = await readCases("/");

describe("a hostile bundle is refused for what it is, and leaves nothing", () => {
  it.each(names.filter(({ refused }) => refused !== "nothing"))("$layer: $name", async ({ name }) => {
    const cases = await readCases(outsideOf(court.folder));
    const each = cases.find((found) => found.name === name);
    if (each === undefined) throw new Error(`no case ${name}`);
    await expectRefused(court, each);
  });
});

describe("a good one is verified and installed, so that the others are refused for what they have more", () => {
  it.each(names.filter(({ refused }) => refused === "nothing"))("$name", async (each) => {
    const bundle = join(court.folder, "bundle.tar");
    await writeFile(bundle, await hostileBundle(court.good, each, court.key));
    const verified = await command(court, "verify", bundle);
    expect(verified.code, verified.stdout).toBe(0);
    const installed = await command(court, "install", bundle, "--root", join(court.folder, each.name));
    expect(installed.code, installed.stdout).toBe(0);
  });
});
