import {
  chmod,
  mkdir,
  readFile,
  readdir,
  readlink,
  stat,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { bench, install, upgrade } from "../../../../test/kit/transactions.ts";
import type { Transaction } from "../../../../test/kit/transactions.ts";
import { auditDigest } from "../audit.ts";
import { generationFile, sdkFolder } from "../layout.ts";
import { readState } from "./state.ts";
import type { Prepared } from "./describe.ts";
import type { Step } from "./transaction.ts";

/** A transaction that has only what the test says, beside a state and an audit entry. */
function only(part: (staging: string) => Omit<Prepared, "state" | "audit">): Transaction {
  return (_fs, _at, _home) => ({
    command: "test",
    stage: async (staging, before) => {
      await writeFile(join(staging, "file"), "staged");
      await mkdir(join(staging, "folder"));
      return {
        state: { ...before, generation: before.generation + 1 },
        audit: { action: "test", subject: "x", result: "done", bundle: null, signers: [] },
        ...part(staging),
      };
    },
  });
}

/** The upgrade without what lies in the home. */
const inTheRoot: Transaction = (fs, at, home) => {
  const plan = upgrade(fs, at, home);
  return {
    ...plan,
    stage: async (staging, before) => {
      const prepared = await plan.stage(staging, before);
      const edits = prepared?.edits?.filter(({ path }) => path.startsWith(at.root)) ?? [];
      return prepared === null ? null : { ...prepared, edits };
    },
  };
};

describe("runTransaction", () => {
  it("does everything it was asked for, in its order, and leaves no trace of how", async () => {
    await using host = await bench();
    const steps: Step[] = [];
    const { outcome, fs } = await host.run(install, undefined, { onStep: (step) => steps.push(step) });
    expect(outcome).toMatchObject({ changed: true, state: { current: "1.26.8", generation: 1 } });
    expect(steps.join(" ")).toBe("lock recover stage sync journal move switch settle self-test commit clean");
    expect(await readdir(host.root)).toEqual(["bin", "current", "mod", "sdk", "state"]);
    expect(await readdir(host.at.state)).toEqual(["audit.jsonl", "generations", "state.json"]);
    expect(await readFile(join(sdkFolder(host.at, "1.26.8"), "VERSION"), "utf8")).toBe("go1.26.8");
    expect(await readFile(join(host.at.bin, "goferry"), "utf8")).toBe("first");
    expect(await readlink(host.at.current)).toBe("sdk/go1.26.8");
    expect((await stat(join(host.at.bin, "go1.26.8"))).mode & 0o777).toBe(0o755);
    expect((await stat(join(host.home, ".profile"))).mode & 0o777).toBe(0o600);
    expect(await readState(fs, host.at)).toMatchObject({
      generation: 1,
      change: { command: "install site.tar", at: "2026-03-04T05:06:07.000Z" },
    });
    expect(await readFile(generationFile(host.at, 1))).toEqual(await readFile(host.at.stateFile));
  });

  it("replaces, repairs and removes, and chains the audit log", async () => {
    await using host = await bench();
    await host.run(install);
    const { outcome, fs } = await host.run(upgrade);
    expect(outcome).toMatchObject({
      changed: true,
      state: { current: "1.27.1" },
      recovered: { outcome: "nothing" },
    });
    expect(await readdir(host.at.sdk)).toEqual(["go1.27.1"]);
    expect(await readFile(join(host.at.bin, "goferry"), "utf8")).toBe("second");
    expect(await readFile(join(host.at.mod, "example.com", "x@v1.0.0", "x.go"), "utf8")).toContain("mended");
    expect(await readdir(host.at.bin)).toEqual(["go", "goferry"]);
    const [first = "", second = ""] = (await readFile(host.at.audit, "utf8")).split("\n");
    expect(JSON.parse(first)).toMatchObject({ user: "tester", prev: null });
    expect(JSON.parse(second)).toMatchObject({ prev: auditDigest(first) });
    expect(await readState(fs, host.at)).toMatchObject({ auditHead: auditDigest(second) });
  });

  it("takes away a new audit log that was not complete, also where no transaction had begun", async () => {
    await using host = await bench();
    await host.run(install);
    const before = host.look();
    await writeFile(join(host.at.state, ".audit.jsonl.goferry-new"), "{");
    expect(await host.recover()).toMatchObject({ outcome: "nothing" });
    expect(host.look()).toEqual(before);
  });

  it("changes nothing when there is nothing to change, not even the root", async () => {
    await using host = await bench();
    const before = host.look();
    const { outcome } = await host.run(() => ({ command: "install", stage: async () => null }));
    expect(outcome).toMatchObject({ changed: false, state: { generation: 0 } });
    expect(host.look()).toEqual(before);
  });

  it("gives what staging throws as it is, and leaves nothing behind", async () => {
    await using host = await bench();
    const before = host.look();
    const refusal = new GoferryError("HASH_MISMATCH", { subject: "x@v1.0.0", message: "differs" });
    const { outcome } = await host.run((fs) => ({
      command: "install",
      stage: async (staging) => {
        await fs.mkdir(join(staging, "half"), 0o555);
        throw refusal;
      },
    }));
    expect(outcome).toBe(refusal);
    expect(host.look()).toEqual(before);
  });

  it.each([
    ["install", install],
    ["upgrade", upgrade],
  ])(
    "takes back an %s whose self-test fails, and says so with the cause's words",
    async (_name, transaction) => {
      await using host = await bench();
      if (transaction === upgrade) await host.run(install);
      const before = host.look();
      const { outcome } = await host.run(transaction, undefined, {
        selfTest: async () => {
          expect(await readlink(host.at.current)).toBe(
            transaction === install ? "sdk/go1.26.8" : "sdk/go1.27.1",
          );
          throw new GoferryError("IO_FAILED", {
            subject: "go vet",
            message: "vet crashed",
            next: "see the log",
          });
        },
      });
      expect(outcome).toMatchObject({
        code: "ROLLED_BACK",
        exitCode: 8,
        subject: "go vet",
        next: "see the log",
      });
      expect(outcome).toMatchObject({ message: expect.stringContaining("vet crashed") });
      expect(host.look()).toEqual(before);
    },
  );

  it.each<Step>(["stage", "sync", "move", "switch", "self-test", "commit"])(
    "interrupted at %s, is as before",
    async (at) => {
      await using host = await bench();
      await host.run(install);
      const before = host.look();
      const stop = new AbortController();
      const onStep = (step: Step): void => {
        if (step === at) stop.abort();
      };
      const { outcome } = await host.run(upgrade, undefined, { signal: stop.signal, onStep });
      // The step that was running when it came is finished; the commit is one that cannot be left.
      const committed = at === "commit";
      expect(outcome).toMatchObject(committed ? { changed: true } : { code: "INTERRUPTED", exitCode: 130 });
      expect((await readdir(host.at.sdk))[0]).toBe(committed ? "go1.27.1" : "go1.26.8");
      expect(committed || JSON.stringify(host.look()) === JSON.stringify(before)).toBe(true);
    },
  );

  it("says that recovery is pending when taking back fails too, and the next command does it", async () => {
    await using host = await bench();
    await host.run(install);
    const before = host.look();
    const { fs } = await host.run(upgrade);
    const afterMoves = fs.calls.findIndex((call) => call.endsWith(host.at.current)) + 1;
    await host.reset();
    await host.run(install);
    const { outcome } = await host.run(upgrade, { kind: "errors", at: afterMoves });
    expect(outcome).toMatchObject({ code: "RECOVERY_PENDING", subject: host.root });
    expect(await host.recover()).toMatchObject({
      outcome: "undone",
      command: "install site-2.tar",
      foreign: [],
    });
    expect(host.look()).toEqual(before);
  });
});

describe("on a disk that is full", () => {
  it("takes back what is in the root, because that needs no space", async () => {
    await using host = await bench();
    await host.run(install);
    const before = host.look();
    const { fs } = await host.run(inTheRoot);
    const visible = fs.calls.findLastIndex((call) => call.startsWith("mkdir")) + 2;
    await host.reset();
    await host.run(install);
    const fault = { kind: "full", at: visible } as const;
    const failing = async (): Promise<void> => {
      throw new Error("no space for go build");
    };
    expect((await host.run(inTheRoot, fault, { selfTest: failing })).outcome).toMatchObject({
      code: "ROLLED_BACK",
    });
    expect(host.look()).toEqual(before);
    expect((await host.run(inTheRoot, fault)).outcome).toMatchObject({ code: "RECOVERY_PENDING" });
    expect(await readlink(host.at.current)).toBe("sdk/go1.27.1");
    expect(await host.recover()).toMatchObject({ outcome: "finished" });
    expect(await readdir(host.at.state)).toEqual(["audit.jsonl", "generations", "state.json"]);
  });
});

describe("what is in the way", () => {
  it.each([
    ["where something is placed", (root: string) => join(root, "sdk", "go1.26.8")],
    ["where a link goes", (root: string) => join(root, "current")],
    ["where a big file goes", (root: string) => join(root, "bin", "goferry")],
  ])("is refused by name, %s", async (_name, path) => {
    await using host = await bench();
    await mkdir(join(path(host.root), "foreign"), { recursive: true });
    const before = host.look();
    const { outcome } = await host.run(install);
    expect(outcome).toMatchObject({ code: "PATH_OCCUPIED", exitCode: 4, subject: path(host.root) });
    expect(host.look()).toEqual(before);
  });

  it("is replaced where it is a file that goferry owns, link or file", async () => {
    await using host = await bench();
    await mkdir(host.at.bin, { recursive: true });
    await symlink("/bin/true", join(host.at.bin, "go1.26.8"));
    const { outcome } = await host.run(install);
    expect(outcome).toMatchObject({ changed: true });
    expect(await readFile(join(host.at.bin, "go1.26.8"), "utf8")).toBe("#!/bin/sh\n");
  });
});

describe("a plan that could not be taken back is a bug, and refused before it does anything", () => {
  it.each<[string, (staging: string, root: string) => Omit<Prepared, "state" | "audit">]>([
    ["out of the root", (staging) => ({ place: [{ from: join(staging, "file"), to: "/etc/x" }] })],
    [
      "not from staging",
      (_staging, root) => ({ place: [{ from: join(root, "state"), to: join(root, "x") }] }),
    ],
    ["into staging", (staging) => ({ place: [{ from: join(staging, "file"), to: join(staging, "x") }] })],
    [
      "twice to one name",
      (staging, root) => ({
        place: [
          { from: join(staging, "file"), to: join(root, "x") },
          { from: join(staging, "folder"), to: join(root, "x") },
        ],
      }),
    ],
    [
      "an edit in what is placed",
      (staging, root) => ({
        place: [{ from: join(staging, "folder"), to: join(root, "x") }],
        edits: [{ path: join(root, "x", "go.env"), file: Buffer.from("") }],
      }),
    ],
    ["removing the root", (_staging, root) => ({ remove: [root] })],
  ])("%s", async (_name, part) => {
    await using host = await bench();
    const before = host.look();
    const { outcome } = await host.run((fs, at, home) =>
      only((staging) => part(staging, at.root))(fs, at, home),
    );
    expect(outcome).toMatchObject({ code: "INTERNAL" });
    expect(host.look()).toEqual(before);
  });

  it("a state that could not be read again", async () => {
    await using host = await bench();
    const before = host.look();
    const bad: Transaction = () => ({
      command: "test",
      stage: async (_staging, state) => ({
        state: { ...state, current: "newest" },
        audit: { action: "test", subject: "x", result: "done", bundle: null, signers: [] },
      }),
    });
    expect((await host.run(bad)).outcome).toMatchObject({ code: "INTERNAL" });
    expect(host.look()).toEqual(before);
  });
});

describe("what somebody else does to a file meanwhile", () => {
  it("before the switch, ends the transaction and stays", async () => {
    await using host = await bench();
    const profile = join(host.home, ".profile");
    const { outcome } = await host.run(install, undefined, {
      onStep: (step) => void (step === "move" && chmod(profile, 0o640)),
    });
    expect(outcome).toMatchObject({ code: "ROLLED_BACK", subject: profile });
    expect((await stat(profile)).mode & 0o777).toBe(0o640);
    expect(await readdir(host.home)).toEqual([".profile"]);
  });

  it("between a crash and its recovery, stays outside the root and is named", async () => {
    await using host = await bench();
    const profile = join(host.home, ".profile");
    const before = host.look();
    const { fs } = await host.run(install);
    const written = fs.calls.findIndex((call) => call.startsWith("rename") && call.endsWith(profile)) + 2;
    await host.reset();
    await host.run(install, { kind: "crash", at: written });
    await writeFile(profile, "mine now\n");
    await writeFile(join(host.at.bin, "go1.26.8"), "torn by a power cut");
    expect(await host.recover()).toMatchObject({ outcome: "undone", foreign: [profile] });
    expect(await readFile(profile, "utf8")).toBe("mine now\n");
    await writeFile(profile, "umask 022\n");
    expect(host.look()).toEqual(before);
  });
});

it("brings back what was put aside also where go has made it anew meanwhile", async () => {
  await using host = await bench();
  await host.run(install);
  const before = host.look();
  const { outcome } = await host.run(upgrade, undefined, {
    selfTest: async () => {
      await mkdir(sdkFolder(host.at, "1.26.8"));
      await writeFile(join(sdkFolder(host.at, "1.26.8"), "VERSION"), "another");
      throw new Error("go vet failed");
    },
  });
  expect(outcome).toMatchObject({ code: "ROLLED_BACK" });
  expect(host.look()).toEqual(before);
});

describe("where a disk did not keep what it said it had written", () => {
  it("makes the edits of a committed transaction again", async () => {
    await using host = await bench();
    await host.run(install);
    const { fs } = await host.run(upgrade);
    const after = host.look();
    await host.reset();
    await host.run(install);
    await host.run(upgrade, { kind: "crash", at: fs.calls.length - 3 });
    await unlink(host.at.current);
    await symlink("sdk/go1.26.8", host.at.current);
    expect(await host.recover()).toMatchObject({ outcome: "finished", foreign: [] });
    expect(host.look()).toEqual(after);
  });

  it("takes edits back again that had been taken back", async () => {
    await using host = await bench();
    await host.run(install);
    const before = host.look();
    const failing = async (): Promise<void> => {
      throw new Error("go vet failed");
    };
    const { fs } = await host.run(upgrade, undefined, { selfTest: failing });
    const back = fs.calls.findLastIndex((call) => call.startsWith("rename") && call.endsWith("x@v1.0.0")) + 1;
    await host.run(upgrade, { kind: "crash", at: back }, { selfTest: failing });
    await writeFile(join(host.at.bin, "go1.26.8"), "");
    await unlink(host.at.current);
    expect(await host.recover()).toMatchObject({ outcome: "undone" });
    expect(host.look()).toEqual(before);
  });
});

it("refuses to judge a journal when state.json is neither what it found nor what it wrote", async () => {
  await using host = await bench();
  await host.run(install);
  const { fs } = await host.run(upgrade);
  const commit =
    fs.calls.findIndex((call) => call.startsWith("rename") && call.endsWith(host.at.stateFile)) + 1;
  await host.reset();
  await host.run(install);
  await host.run(upgrade, { kind: "crash", at: commit });
  await writeFile(host.at.stateFile, "{}");
  const before = host.look();
  expect(await host.recover()).toMatchObject({ code: "STATE_DAMAGED", subject: host.at.stateFile });
  expect((await host.run(upgrade)).outcome).toMatchObject({ code: "STATE_DAMAGED" });
  expect(withoutLock(host.look())).toEqual(withoutLock(before));
});

function withoutLock(files: Record<string, string>): string[] {
  return Object.entries(files)
    .filter(([name]) => !name.endsWith("state/lock"))
    .map(([name, content]) => `${name} ${content}`);
}
