// Roots that are not as goferry left them, or that lie where a root cannot work. Whatever the command, it says by code,
// subject, what was expected and found, and what to do next, and it changes nothing.

import { chmod, cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answersFor } from "../../../test/kit/answering-go.ts";
import { installBench, scriptedGo, type InstallBench } from "../../../test/kit/install-bench.ts";
import type { LayeredBundle } from "../../../test/kit/layered-bundle.ts";
import { canMount, tmpfsAt } from "../../../test/kit/small-disk.ts";
import { treeContents } from "../../../test/kit/tree.ts";
import { checkRoot } from "./check/check.ts";
import { collectGarbage } from "./gc.ts";
import type { Host } from "./host.ts";
import { install } from "./install.ts";
import { describeRoot } from "./list.ts";
import { repair } from "./repair/repair.ts";
import { rollback } from "./rollback.ts";
import { uninstallAll } from "./uninstall-all.ts";
import { uninstall } from "./uninstall.ts";
import { useVersion } from "./use.ts";

let bench: InstallBench;
let bundle: LayeredBundle;

beforeAll(async () => {
  bench = await installBench();
  await bench.install(await bench.bundle({ toolchains: [scriptedGo("1.26.8")], serial: 1 }));
  await bench.install(await bench.bundle({ toolchains: [scriptedGo("1.27.1")], serial: 2 }));
  bundle = await bench.bundle({ toolchains: [scriptedGo("1.28.0")], serial: 3 });
}, 120_000);
afterAll(() => bench[Symbol.asyncDispose]());

type Command = (host: Host, root: string) => Promise<unknown>;

const CHANGES: Record<string, Command> = {
  install: async (host, root) =>
    await install(host, {
      root,
      bundle,
      bundleFile: "third.tar",
      logKey: bundle.log.vkey,
      zips: true,
      path: "none",
      direct: [],
      allowPrivate: [],
      selfTest: "tools",
    }),
  use: async (host, root) => await useVersion(host, { root, version: "1.26.8" }),
  rollback: async (host, root) => await rollback(host, { root }),
  gc: async (host, root) => await collectGarbage(host, { root, keep: 1 }),
  uninstall: async (host, root) => await uninstall(host, { root, what: { version: "1.26.8" } }),
  "uninstall --all": async (host, root) => await uninstallAll(host, { root }),
  repair: async (host, root) => await repair(host, { root }),
};
const COMMANDS: Record<string, Command> = {
  ...CHANGES,
  check: async (host, root) => await checkRoot(host, { root, depth: "quick" }),
  list: async (host, root) => await describeRoot(host, root),
};

interface Case {
  what: string;
  /** Of the file, with what is in it. */
  damage(text: string): string;
  code: string;
}

const DAMAGES: Case[] = [
  { what: "cut short, as by a power cut", damage: (text) => text.slice(0, 100), code: "DAMAGED" },
  { what: "empty", damage: () => "", code: "DAMAGED" },
  {
    what: "of a newer goferry",
    damage: (text) => text.replace(/Version": ?1/u, 'Version":9'),
    code: "STATE_NEWER",
  },
];

/** In a copy of the root at the same place, so that nothing but the damage is wrong. */
async function tried(prepare: (root: string) => Promise<unknown>, command: Command): Promise<unknown> {
  const { root } = bench;
  const kept = `${root}-kept`;
  await cp(root, kept, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  try {
    await prepare(root);
    const before = await treeContents(root);
    const error = await command({ ...bench.host(), run: answersFor(root) }, root).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(await treeContents(root)).toEqual(before);
    return error;
  } finally {
    await rm(root, { recursive: true });
    await cp(kept, root, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    await rm(kept, { recursive: true });
  }
}

describe.each(Object.entries(COMMANDS))("%s", (_name, command) => {
  it.each(DAMAGES)("refuses a state.json that is $what, and changes nothing", async ({ damage, code }) => {
    const file = join(bench.root, "state/state.json");
    const error = await tried(async () => await rewrite(file, damage), command);
    expect(error).toMatchObject({
      code: code === "DAMAGED" ? "STATE_DAMAGED" : code,
      subject: file,
      expected: expect.any(String),
      found: expect.any(String),
      next: expect.any(String),
    });
  });

  it.each(DAMAGES)("refuses a journal that is $what, and changes nothing", async ({ damage, code }) => {
    const file = join(bench.root, "state/journal.json");
    const plant = async (): Promise<void> => {
      await writeFile(
        file,
        damage(`{"journalVersion": 1, "root": "${bench.root}", ${'"x": 1, '.repeat(30)} "y": 1}`),
      );
    };
    const error = await tried(plant, command);
    expect(error).toMatchObject({
      code: code === "DAMAGED" ? "JOURNAL_DAMAGED" : code,
      subject: file,
      expected: expect.any(String),
      found: expect.any(String),
      next: expect.any(String),
    });
  });

  it("refuses a root that was moved or copied, naming both places", async () => {
    const copy = join(bench.path, "copied");
    await cp(bench.root, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    const before = [await treeContents(copy), await treeContents(bench.root)];
    await expect(command({ ...bench.host(), run: answersFor(copy) }, copy)).rejects.toMatchObject({
      code: "ROOT_MOVED",
      expected: copy,
      found: bench.root,
      next: expect.stringContaining(bench.root),
    });
    expect([await treeContents(copy), await treeContents(bench.root)]).toEqual(before);
    await rm(copy, { recursive: true });
  });
});

it("has a state.json to put back in the newest generation, and then goes on as if nothing had been", async () => {
  const file = join(bench.root, "state/state.json");
  const was = await readFile(file, "utf8");
  await writeFile(file, was.slice(0, 100));
  const host = { ...bench.host(), run: answersFor(bench.root) };
  const generations = join(bench.root, "state/generations");
  await expect(describeRoot(host, bench.root)).rejects.toMatchObject({
    code: "STATE_DAMAGED",
    next: expect.stringContaining(`${generations} with the highest number`),
  });
  await cp(join(generations, "2.json"), file);
  expect(await readFile(file, "utf8")).toBe(was);
  expect(await checkRoot(host, { root: bench.root, depth: "full" })).toMatchObject({ differences: [] });
});

it("is in line with its state.json again when a journal that cannot be read was removed, and the root mended", async () => {
  const { root } = bench;
  const host = { ...bench.host(), run: answersFor(root) };
  const journal = join(root, "state/journal.json");
  await writeFile(journal, '{"journalVersion": 1, ');
  await expect(describeRoot(host, root)).rejects.toMatchObject({
    code: "JOURNAL_DAMAGED",
    next: expect.stringMatching(/remove it, then run goferry check and goferry repair BUNDLE/u),
  });
  // Half of a change: of a switch to the other version, and of an installation.
  await rm(join(root, "current"));
  await symlink("sdk/go1.26.8", join(root, "current"));
  await mkdir(join(root, "staging/20260101T000000000Z-00000000/new"), { recursive: true });
  await writeFile(join(root, "bin/go1.28.0"), "");
  await rm(journal);
  expect(await repair(host, { root })).toMatchObject({ changed: true, left: [] });
  expect(await checkRoot(host, { root, depth: "full" })).toMatchObject({ differences: [] });
});

async function rewrite(file: string, damage: (text: string) => string): Promise<void> {
  await writeFile(file, damage(await readFile(file, "utf8")));
}

describe.skipIf(!(await canMount())).each(Object.entries(CHANGES))("%s", (name, command) => {
  it("refuses a root on a file system that is mounted for reading", async () => {
    const place = join(bench.path, `disk-${name.replaceAll(" ", "-")}`);
    await mkdir(place);
    await using disk = await tmpfsAt(place);
    const root = join(place, "goferry");
    const host: Host = { ...bench.host(), run: answersFor(root) };
    const first = await bench.bundle({
      toolchains: [scriptedGo("1.27.1"), scriptedGo("1.26.8")],
      name: "disk",
    });
    await bench.install(first, { root });
    await useVersion(host, { root, version: "1.26.8" });
    await useVersion(host, { root, version: "1.27.1" });
    const before = await treeContents(root);
    await disk.remount("ro");
    await expect(command(host, root)).rejects.toMatchObject({
      code: "READ_ONLY",
      subject: expect.stringContaining(root),
      found: expect.any(String),
      next: expect.stringContaining("mount"),
    });
    await disk.remount("rw");
    expect(await treeContents(root)).toEqual(before);
  });
});

describe("a generation whose files were deleted by hand", () => {
  it("is no generation to go back to, and the others are", async () => {
    const gone = async (root: string): Promise<void> => {
      await rm(join(root, "sdk/go1.26.8"), { recursive: true });
    };
    expect(await tried(gone, CHANGES["rollback"] ?? fail)).toMatchObject({
      code: "GENERATION_BROKEN",
      subject: join(bench.root, "sdk/go1.26.8"),
      expected: expect.any(String),
      found: "nothing",
      next: expect.stringContaining("goferry repair BUNDLE"),
    });
  });

  it("is not there to be gone back to when its document is gone", async () => {
    const gone = async (root: string): Promise<void> => {
      await rm(join(root, "state/generations/1.json"));
    };
    expect(await tried(gone, CHANGES["rollback"] ?? fail)).toMatchObject({
      code: "NOT_FOUND",
      next: expect.any(String),
    });
  });
});

const fail: Command = async () => await Promise.reject(new Error("no such command"));

describe("an installation", () => {
  it("says where the root lies on a network file system, and installs", async () => {
    const root = join(bench.path, "on-nfs");
    const statfs: Host["statfs"] = async (path) => ({ ...(await bench.host().statfs(path)), type: 0x6969 });
    const host: Host = { ...bench.host(), run: answersFor(root), statfs };
    const done = await (CHANGES["install"] ?? fail)(host, root);
    expect(done).toMatchObject({ changed: true });
    expect((done as { findings: object[] }).findings).toContainEqual(
      expect.objectContaining({
        code: "ROOT_ON_NETWORK",
        level: "warn",
        subject: bench.path,
        expected: "a file system of this machine",
        found: "NFS",
        next: expect.stringContaining("state/lock"),
      }),
    );
  });

  it("names the go of another root that PATH finds first", async () => {
    const [one, two] = [bench.root, join(bench.path, "second-root")];
    await mkdir(join(bench.path, "links"));
    await symlink(join(one, "bin/go"), join(bench.path, "links/go"));
    const env = { HOME: bench.home, PATH: `${join(bench.path, "links")}:${join(two, "bin")}:/usr/bin:/bin` };
    const host: Host = { ...bench.host({ env }), run: answersFor(two) };
    const done = await (CHANGES["install"] ?? fail)(host, two);
    expect((done as { findings: object[] }).findings).toContainEqual(
      expect.objectContaining({
        code: "OTHER_GO",
        subject: join(bench.path, "links/go"),
        expected: `${join(two, "bin/go")} first on PATH`,
        next: expect.stringContaining(join(two, "bin")),
      }),
    );
  });

  it("is told when others could replace the root, and goes on", async () => {
    const open = join(bench.path, "open");
    await mkdir(open);
    await chmod(open, 0o777);
    const root = join(open, "root");
    const done = await (CHANGES["install"] ?? fail)({ ...bench.host(), run: answersFor(root) }, root);
    expect((done as { findings: object[] }).findings).toContainEqual(
      expect.objectContaining({
        code: "WORLD_WRITABLE_PARENT",
        level: "warn",
        subject: open,
        found: "mode 0777",
      }),
    );
  });
});
