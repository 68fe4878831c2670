// The promise of the whole folder: whatever breaks, and wherever, a root is as it was or as it should become.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fault } from "../../../../test/kit/faulty-fs.ts";
import { bench, install, removal, upgrade } from "../../../../test/kit/transactions.ts";
import type { Bench, Rules, Transaction } from "../../../../test/kit/transactions.ts";

type Files = Record<string, string>;

interface Prepared {
  host: Bench;
  before: Files;
  after: Files;
  /** How many changing calls the transaction makes when nothing breaks. */
  calls: number;
}

const failing = async (): Promise<void> => {
  throw new Error("go vet failed");
};

/** Runs the transaction once for its pictures, and puts the host back. */
async function prepare(transaction: Transaction, rules: Rules): Promise<Prepared> {
  const host = await bench(rules);
  if (transaction !== install) await host.run(install);
  await host.keep();
  const before = host.look();
  const { outcome, fs } = await host.run(transaction);
  expect(outcome).toMatchObject({ changed: true });
  const after = host.look();
  await host.reset();
  return { host, before, after, calls: fs.calls.length };
}

/**
 * An install that is killed before it has a lock, or after it gave it back, may leave the folders that it made for
 * the lock: they are empty, and nobody can tell whose they are. So may a removal that is killed between the lock and them.
 */
function isSame(files: Files, picture: Files): boolean {
  const known = Object.entries(files).filter(
    ([name, kind]) =>
      picture[name] !== undefined || !/opt(?:\/goferry(?:\/state)?)?$/.test(name) || kind !== "folder 755",
  );
  const same = JSON.stringify(known) === JSON.stringify(Object.entries(picture));
  const left = Object.keys(files).length - known.length;
  return same && (left === 0 || Object.keys(picture).every((name) => !name.includes("opt")));
}

function isBefore(files: Files, { before }: Prepared): boolean {
  return isSame(files, before);
}

function isAfter(files: Files, { after }: Prepared): boolean {
  return isSame(files, after);
}

/** Also where only folders were left: a state names those that its own installation made. */
async function resetIfTouched({ host, before }: Prepared, files: Files): Promise<void> {
  if (JSON.stringify(files) !== JSON.stringify(before)) await host.reset();
}

/** Recovers twice, in new processes: the second finds nothing left to do. */
async function recoverAndLook({ host }: Prepared): Promise<Files> {
  expect(await host.recover()).not.toBeInstanceOf(Error);
  expect(await host.recover()).toMatchObject({ outcome: "nothing" });
  return host.look();
}

describe.concurrent.each([
  ["install into a new root", "posix", install],
  ["upgrade", "posix", upgrade],
  ["removal", "posix", removal],
  ["install into a new root", "windows", install],
  ["upgrade", "windows", upgrade],
  ["removal", "windows", removal],
] as const)("%s, %s", { timeout: 180_000 }, (_name, rules, transaction) => {
  it.each<Fault["kind"]>(["error", "errors", "full", "crash"])("by %s at every call", async (kind) => {
    const prepared = await prepare(transaction, rules);
    await using host = prepared.host;
    const seen = { before: 0, after: 0 };
    for (let at = 1; at <= prepared.calls; at++) {
      const { outcome, fs } = await host.run(transaction, { kind, at });
      // One error, and not the end of the process: what it began it has taken back itself.
      const alone = kind === "error" && outcome instanceof Error;
      expect(!alone || isBefore(host.look(), prepared), `call ${at}: ${fs.calls[at - 1]}`).toBe(true);
      const files = await recoverAndLook(prepared);
      const isOld = isBefore(files, prepared);
      expect(isOld || isAfter(files, prepared), `call ${at}: ${fs.calls[at - 1]}`).toBe(true);
      // What was reported as done is done.
      expect(isOld && !(outcome instanceof Error), `call ${at}: ${fs.calls[at - 1]}`).toBe(false);
      seen[isOld ? "before" : "after"]++;
      await resetIfTouched(prepared, files);
    }
    // A removal by the rules of Windows, where folders are not synced, has the fewest calls.
    expect(seen.before).toBeGreaterThan(15);
    expect(seen.after).toBeGreaterThan(5);
  });

  it("by a crash at every call of taking back", async () => {
    const prepared = await prepare(transaction, rules);
    await using host = prepared.host;
    const whole = await host.run(transaction, undefined, { selfTest: failing });
    expect(whole.outcome).toMatchObject({ code: "ROLLED_BACK" });
    for (let at = 30; at <= whole.fs.calls.length; at++) {
      const { fs } = await host.run(transaction, { kind: "crash", at }, { selfTest: failing });
      expect(isBefore(await recoverAndLook(prepared), prepared), `call ${at}: ${fs.calls[at - 1]}`).toBe(
        true,
      );
    }
  });

  it("by a crash anywhere, and crashes anywhere in its recoveries", async () => {
    const prepared = await prepare(transaction, rules);
    await using host = prepared.host;
    const place = fc.integer({ min: 1, max: prepared.calls });
    const later = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(place, later, async (at, again) => {
        await host.run(transaction, { kind: "crash", at });
        for (const next of again) await host.recover({ kind: "crash", at: next });
        const files = await recoverAndLook(prepared);
        const isNew = isAfter(files, prepared);
        expect(isNew || isBefore(files, prepared)).toBe(true);
        await resetIfTouched(prepared, files);
      }),
      { numRuns: 60 },
    );
  });
});
