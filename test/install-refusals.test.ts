// Hosts on which the demo cannot be installed, and installations that end in the middle: the exit code, a stable code,
// what was expected and found, and above all that nothing is left behind or the old state is whole.

import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { carry, type Medium } from "./kit/medium.ts";
import { readOuterTar } from "./kit/outer-tar.ts";
import { testPlatform } from "./kit/real-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryOptions, type GoferryResult } from "./kit/run-goferry.ts";
import { canMount, smallDisk } from "./kit/small-disk.ts";
import { resigned, withoutPlatform } from "./kit/tampered.ts";
import { treeDifference, treeStamps, withoutTraces } from "./kit/tree.ts";
import { asUser, NOBODY } from "./kit/unprivileged.ts";

const demo = inject("demo");
const isRoot = process.getuid?.() === 0;
const mounts = await canMount();

const MB = 1_000_000;
/** What every command must stay below (DESIGN 7). */
const MOST_MEMORY = 512 * MB;

let medium: Medium;
let home: string;

beforeAll(async () => {
  medium = await carry(demo);
  home = join(medium.path, "home");
  await mkdir(home);
});
afterAll(() => medium[Symbol.asyncDispose]());

interface Attempt extends GoferryOptions {
  bundle?: string;
  more?: readonly string[];
}

function install(
  root: string,
  { bundle = medium.bundle, more = ["--json"], ...options }: Attempt = {},
): Promise<GoferryResult> {
  const words = ["install", bundle, "--key", medium.publicKey, "--root", root, ...more];
  return runGoferry(words, { env: { HOME: home, PATH: PLAIN_PATH }, cwd: medium.path, ...options });
}

/** Where a lock comes and goes while a root notes that it has refused something. */
const TOUCHED = ["state", "root/state", "goferry/state"];

/** An installation that is refused by these codes, and after which `folder` is as it was. */
async function expectRefused(
  folder: string,
  { root, code, exit, ...attempt }: Attempt & { root: string; code: string; exit: number },
): Promise<GoferryResult> {
  const look = async (): Promise<unknown[]> => [
    withoutTraces(await treeStamps(folder, TOUCHED)),
    await treeStamps(home),
  ];
  const before = await look();
  const result = await install(root, attempt);
  expect(result).toMatchObject({ code: exit, stderr: "", json: { error: { code } } });
  expect(result.json.error).toMatchObject({
    subject: expect.stringMatching(/./),
    message: expect.stringMatching(/./),
    next: expect.stringMatching(/./),
  });
  expect(await look()).toEqual(before);
  return result;
}

async function folderOf(name: string): Promise<string> {
  const folder = join(medium.path, name);
  await mkdir(folder);
  return folder;
}

describe("a host that is not fit", () => {
  it("is refused when the bundle has nothing for its platform", async () => {
    const outer = await readOuterTar(demo.bundle);
    const bundle = join(medium.path, "other.tar");
    const change = (contents: Parameters<typeof withoutPlatform>[0]) =>
      withoutPlatform(contents, testPlatform());
    await writeFile(bundle, await resigned(outer, [await readFile(demo.privateKey, "utf8")], { change }));
    const folder = await folderOf("platform");
    const result = await expectRefused(folder, {
      root: join(folder, "root"),
      bundle,
      code: "PLATFORM_ABSENT",
      exit: 4,
    });
    expect(result.json.error).toMatchObject({
      subject: testPlatform(),
      expected: testPlatform(),
      found: expect.stringMatching(/^linux\/(?:amd|arm)64$/),
    });
    await rm(bundle);
  });

  const disks = [
    ["too little space", { size: "100m" }, "SPACE_SHORT"],
    ["too few inodes", { size: "1g", inodes: 9000 }, "INODES_SHORT"],
    ["no right to run programs", { size: "1g", options: ["noexec"] }, "NOEXEC_MOUNT"],
    ["no right to write", { size: "1g", options: ["ro"] }, "READ_ONLY"],
  ] as const;
  it.skipIf(!mounts).each(disks)("is refused when its disk has %s", async (_, options, code) => {
    await using disk = await smallDisk(options);
    const result = await expectRefused(disk.path, { root: join(disk.path, "opt", "goferry"), code, exit: 4 });
    expect(result.json.error).toMatchObject({ expected: expect.any(String), found: expect.any(String) });
    // Nor is anything left where the root is the disk itself.
    await expectRefused(disk.path, { root: disk.path, code, exit: 4 });
  });

  it.skipIf(!isRoot)(
    "is refused when this user may not write there, or may not read the bundle",
    async () => {
      const folder = await folderOf("not-writable");
      const within = asUser(NOBODY);
      const program = [medium.goferry];
      await expectRefused(folder, {
        root: join(folder, "root"),
        code: "ROOT_NOT_WRITABLE",
        exit: 4,
        within,
        program,
      });
      const secret = join(folder, "secret.tar");
      await writeFile(secret, "x");
      await chmod(secret, 0o600);
      const result = await expectRefused(folder, {
        root: "/tmp/none",
        bundle: secret,
        code: "IO_FAILED",
        exit: 6,
        within,
        program,
      });
      expect(result.json.error).toMatchObject({ subject: secret, found: "EACCES" });
    },
  );

  const places: [string, (folder: string) => Promise<unknown>, string, string][] = [
    [
      "a file is in the place of the root",
      (folder) => writeFile(join(folder, "root"), "x"),
      "root",
      "ROOT_NOT_DIRECTORY",
    ],
    [
      "a file is above the root",
      (folder) => writeFile(join(folder, "file"), "x"),
      "file/below/root",
      "ROOT_NOT_DIRECTORY",
    ],
    [
      "a link that leads nowhere is in its place",
      (folder) => symlink("nowhere", join(folder, "root")),
      "root",
      "ROOT_NOT_DIRECTORY",
    ],
    [
      "somebody's folder is in its place",
      (folder) => mkdir(join(folder, "root", "photos"), { recursive: true }),
      "root",
      "ROOT_NOT_OURS",
    ],
    [
      "somebody's folder is in its place, and has a folder state",
      async (folder) => {
        await mkdir(join(folder, "root", "state"), { recursive: true });
        await writeFile(join(folder, "root", "state", "x"), "x");
      },
      "root",
      "ROOT_NOT_OURS",
    ],
    ["its name cannot stand in PATH", async () => {}, "a:b", "ROOT_NAME_REFUSED"],
    ["its name has a line break", async () => {}, "a\nb", "ROOT_NAME_REFUSED"],
  ];
  it.each(places)("is refused when %s", async (what, prepare, name, code) => {
    const folder = await folderOf(what.replaceAll(" ", "-"));
    await prepare(folder);
    await expectRefused(folder, { root: join(folder, name), code, exit: 4 });
  });

  it.each<[string, Partial<Attempt>, string, number]>([
    ["no such bundle", { bundle: "/none/demo.tar" }, "NOT_FOUND", 7],
    ["a folder for a bundle", { bundle: "." }, "IO_FAILED", 6],
    ["another file for a bundle", { bundle: "medium/goferry" }, "BUNDLE_MALFORMED", 3],
    ["no such key", { more: ["--json", "--key", "none.asc"] }, "NOT_FOUND", 7],
    ["a bundle for a key", { more: ["--json", "--key", "medium/demo.tar"] }, "KEY_INVALID", 2],
    ["a second bundle", { more: ["--json", "medium/demo.tar"] }, "ARGUMENT_INVALID", 2],
  ])("is not touched for %s", async (what, attempt, code, exit) => {
    const folder = await folderOf(what.replaceAll(" ", "-"));
    await expectRefused(folder, { root: join(folder, "root"), code, exit, ...attempt });
  });
});

/** What goferry says on standard error as each stage begins. */
const STAGES = {
  preflight: "Looking at this machine",
  stage: "Verifying and unpacking",
  commit: "Writing to disk",
  "self-test": "Trying the installed Go",
};

/** An installation that gets a signal as a stage begins, or so many milliseconds later. */
function interrupted(
  root: string,
  stage: keyof typeof STAGES,
  signal: NodeJS.Signals,
  after = 0,
): Promise<GoferryResult> {
  return install(root, {
    more: [],
    onStderr: (text, kill) => {
      if (text.includes(STAGES[stage])) setTimeout(() => kill(signal), after);
    },
  });
}

/** An installation that is killed when half of a toolchain lies in staging. */
async function killed(root: string): Promise<GoferryResult> {
  let timer: NodeJS.Timeout | undefined;
  const result = await install(root, {
    more: [],
    onStderr: (text, kill) => {
      if (!text.includes(STAGES.stage)) return;
      timer = setInterval(() => {
        const half = globSync("staging/*/new/sdk/*/src/internal/trace/testdata", { cwd: root });
        if (half.length > 0) kill("SIGKILL");
      }, 10);
    },
  });
  clearInterval(timer);
  expect(await readdir(root)).toContain("staging");
  return result;
}

describe("an installation that is interrupted", () => {
  it.each([
    ["preflight", "SIGINT", 0],
    ["stage", "SIGINT", 0],
    ["stage", "SIGTERM", 700],
    ["commit", "SIGINT", 0],
    ["self-test", "SIGINT", 0],
  ] as const)("leaves nothing when there was nothing: %s, %s", async (stage, signal, after) => {
    const folder = await folderOf(`fresh-${stage}-${signal}`);
    const result = await interrupted(join(folder, "opt", "goferry"), stage, signal, after);
    expect(result).toMatchObject({ code: 130, stdout: "" });
    expect(result.stderr).toContain("INTERRUPTED");
    expect(await readdir(folder)).toEqual([]);
  });

  describe("in a root that has something", () => {
    let root: string;
    beforeAll(async () => {
      root = join(await folderOf("used"), "root");
    });

    it("is installed first, without zips", async () => {
      const result = await install(root, { more: ["--json", "--no-zips"], memory: true });
      expect(result).toMatchObject({ code: 0, json: { changed: true } });
      expect(result.peakBytes).toBeLessThan(MOST_MEMORY);
    });

    it.each(["preflight", "stage", "commit", "self-test"] as const)(
      "leaves it as it was: %s",
      async (stage) => {
        const before = withoutTraces(await treeStamps(root, "folders"));
        expect(await interrupted(root, stage, "SIGINT")).toMatchObject({ code: 130 });
        expect(treeDifference(before, withoutTraces(await treeStamps(root, "folders")))).toEqual([]);
      },
    );

    /** Installed while a second goferry tried to. */
    let busy: string;

    it("is refused while another one is at work, which goes on undisturbed", async () => {
      // A whole toolchain takes longer to unpack than a second goferry to get there.
      busy = join(await folderOf("busy"), "goferry");
      let second: Promise<GoferryResult> | undefined;
      const first = await install(busy, {
        more: [],
        onStderr: (text) => {
          if (text.includes(STAGES.stage))
            second = install(busy, { more: ["--json", "--lock-timeout", "0"] });
        },
      });
      expect(await second).toMatchObject({ code: 5, json: { error: { code: "LOCKED", subject: busy } } });
      expect(first).toMatchObject({ code: 0 });
      expect(await install(busy)).toMatchObject({ code: 0, json: { changed: false, generation: 1 } });
    });

    it("is mended by the next one when it was killed while it unpacked", async () => {
      const other = join(await folderOf("killed"), "opt", "goferry");
      expect(await killed(other)).toMatchObject({ code: -1 });
      const result = await install(other, { memory: true });
      expect(result).toMatchObject({ code: 0, json: { changed: true, generation: 1 } });
      expect(result.peakBytes).toBeLessThan(MOST_MEMORY);
      // The same files as in the other root, in which nothing was ever killed.
      const names = async (path: string): Promise<string[]> =>
        Object.keys(withoutTraces(await treeStamps(path))).toSorted();
      expect(await names(other)).toEqual(await names(busy));
    });

    it.skipIf(!mounts)(
      "is mended where the disk has no room for it beside what the killed one left",
      async () => {
        await using disk = await smallDisk({ size: "470m" });
        const other = join(disk.path, "goferry");
        expect(await killed(other)).toMatchObject({ code: -1 });
        expect(await install(other)).toMatchObject({ code: 0, json: { changed: true } });
      },
    );
  });

  it.skipIf(!mounts)("leaves nothing on a disk that somebody fills meanwhile", async () => {
    await using disk = await smallDisk({ size: "600m" });
    const filler = join(disk.path, "filler");
    let filled: Promise<void> | undefined;
    const result = await install(join(disk.path, "opt", "goferry"), {
      more: [],
      onStderr: (text) => {
        if (text.includes(STAGES.stage)) filled = fill(filler);
      },
    });
    await filled;
    expect(result).toMatchObject({ code: 6, stdout: "" });
    expect(result.stderr).toContain("DISK_FULL");
    expect(await readdir(disk.path)).toEqual(["filler"]);
  });

  async function fill(file: string): Promise<void> {
    await promisify(execFile)("sh", ["-c", 'cat /dev/zero >"$1"', "sh", file]).catch(() => undefined);
  }
});

describe("memory", () => {
  it("of verify stays below the limit, from source and in the executable", async () => {
    for (const program of [undefined, [medium.goferry]]) {
      const result = await runGoferry(["verify", medium.bundle, "--key", medium.publicKey, "--json"], {
        memory: true,
        ...(program === undefined ? {} : { program }),
      });
      expect(result).toMatchObject({ code: 0, json: { verified: true } });
      expect(result.peakBytes).toBeGreaterThan(30 * MB);
      expect(result.peakBytes).toBeLessThan(MOST_MEMORY);
    }
  });
});
