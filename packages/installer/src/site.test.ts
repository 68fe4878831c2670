import { readdir, unlink } from "node:fs/promises";
import { expect, it } from "vitest";
import { PROCESS_FACTS } from "../../../test/kit/process-facts.ts";
import { realHost } from "../../../test/kit/host-root.ts";
import { bench, install, upgrade, type Bench } from "../../../test/kit/transactions.ts";
import { openRootToRead } from "./site.ts";

const host = { ...realHost, ...PROCESS_FACTS, uid: process.getuid?.() };

/** An upgrade that was killed right before its commit. */
async function killed(): Promise<Bench> {
  const each = await bench();
  await each.run(install);
  await each.keep();
  const { fs } = await each.run(upgrade);
  const commit =
    fs.calls.findIndex((call) => call.startsWith("rename") && call.endsWith(each.at.stateFile)) + 1;
  await each.reset();
  await each.run(upgrade, { kind: "crash", at: commit });
  return each;
}

it("takes back what a killed command began, for a command that only reads", async () => {
  await using each = await killed();
  await unlink(each.at.lock);
  await openRootToRead(host, each.root, "list");
  expect(await readdir(each.at.sdk)).toEqual(["go1.26.8"]);
  expect(await readdir(each.at.state)).toEqual(["audit.jsonl", "generations", "state.json"]);
});

it("reads as it is what another may still be at, and does not wait", async () => {
  await using each = await killed();
  // The lock is of another machine, as far as this one can tell.
  const before = each.look();
  await openRootToRead({ ...host, lockWaitMs: 3_600_000 }, each.root, "list");
  expect(each.look()).toEqual(before);
});

it("makes nothing in a folder that is no root", async () => {
  await using each = await bench();
  const before = each.look();
  await openRootToRead(host, each.root, "list");
  expect(each.look()).toEqual(before);
});
