// Whole installations of small bundles whose Go is a shell script: every stage is real, and all of them take no longer
// than a few hundred small files. Real toolchains are installed by the tests in test/.

import {
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { EXIT, type GoferryError } from "@goferry/core";
import { describe, expect, it } from "vitest";
import {
  installBench,
  MODULE_A as a,
  scriptedGo as go,
  type InstallBench,
} from "../../../test/kit/install-bench.ts";
import type { LayeredBundle, LayeredModule } from "../../../test/kit/layered-bundle.ts";
import { checksumLog } from "../../../test/kit/checksum-log.ts";
import { PROCESS_FACTS } from "../../../test/kit/process-facts.ts";
import { testPlatform } from "../../../test/kit/real-go.ts";
import { NOBODY } from "../../../test/kit/unprivileged.ts";
import { treeContents, treeStamps } from "../../../test/kit/tree.ts";
import { readGoEnv } from "./configure/go-env.ts";
import { startedThreads, startThreads, WorkThread } from "./extract/thread.ts";
import { createHost } from "./host.ts";
import { listRoot } from "./install.ts";

const platform = testPlatform();
const b: LayeredModule = {
  path: "example.com/b",
  version: "v1.1.0",
  files: { "go.mod": "module example.com/b\n" },
};

/** Where staging and the lock come and go. */
const TOUCHED = ["", "state"];

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function refusal(promise: Promise<unknown>): Promise<GoferryError> {
  return await promise.then(
    () => {
      throw new Error("it was not refused");
    },
    (error: unknown) => error as GoferryError,
  );
}

describe("install", () => {
  it("makes a root that has everything where Go looks for it", async () => {
    await using each = await installBench();
    const bundle = await each.bundle();
    const installed = await each.install(bundle);
    expect(installed).toMatchObject({
      changed: true,
      root: each.root,
      generation: 1,
      current: "1.27.1",
      added: { sdks: ["1.27.1"], modules: 1, gomods: 0 },
      evidence: { logged: 2, private: 0 },
      overrides: [],
    });
    expect((await readdir(each.root)).toSorted()).toEqual(["bin", "current", "mod", "sdk", "state"]);
    expect((await readdir(join(each.root, "state"))).toSorted()).toEqual([
      "audit.jsonl",
      "generations",
      "state.json",
      "units",
    ]);
    expect(await readlink(join(each.root, "bin/go"))).toBe("../current/bin/go");
    expect(await readlink(join(each.root, "current"))).toBe("sdk/go1.27.1");
    const settings = readGoEnv(await readFile(join(each.root, "sdk/go1.27.1/go.env"), "utf8"));
    expect(settings.get("GOPROXY")).toBe(`file://${each.root}/mod/cache/download`);
    expect(settings.get("GOSUMDB")).toBe(bundle.log.vkey);
    expect(await readFile(join(each.root, "mod/cache/download/example.com/!a/@v/list"), "utf8")).toBe(
      "v1.0.0\n",
    );
    expect(await exists(join(each.root, "mod/cache/download/example.com/!a/@v/v1.0.0.zip"))).toBe(true);
    const [line] = (await readFile(join(each.root, "state/audit.jsonl"), "utf8")).trim().split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({ action: "install", bundle: bundle.indexDigest });
  });

  it("changes nothing the second time, not even a time stamp", async () => {
    await using each = await installBench();
    const bundle = await each.bundle();
    await each.install(bundle);
    const before = await treeStamps(each.root, TOUCHED);
    expect(await each.install(bundle)).toMatchObject({
      changed: false,
      generation: 1,
      changes: [],
      added: { sdks: [], modules: 0 },
    });
    expect(await treeStamps(each.root, TOUCHED)).toEqual(before);
  });

  it("adds zips when they are wanted later, and nothing else", async () => {
    await using each = await installBench();
    const bundle = await each.bundle({ modules: [[a, b]] });
    await each.install(bundle, { zips: false });
    const before = await each.look();
    expect(await each.install(bundle)).toMatchObject({
      changed: true,
      generation: 2,
      added: { sdks: [], modules: 2 },
    });
    const after = await each.look();
    const added = Object.keys(after).filter((name) => before[name] === undefined);
    expect(added).toEqual([
      "mod/cache/download/example.com/!a/@v/v1.0.0.zip",
      "mod/cache/download/example.com/b/@v/v1.1.0.zip",
      "state/generations/2.json",
      "state/units/example.com/!a@v1.0.0.zip.sums",
      "state/units/example.com/b@v1.1.0.zip.sums",
    ]);
    expect(await each.install(bundle, { zips: false })).toMatchObject({ changed: false });
  });

  it("adds a newer Go and the versions of a module beside those that are there, and switches to it", async () => {
    await using each = await installBench();
    await each.install(await each.bundle({ toolchains: [go("1.26.8")], serial: 1_700_000_001 }));
    const a2 = { ...a, version: "v1.2.0" };
    const newer = await each.bundle({
      toolchains: [go("1.27.1"), go("1.26.8")],
      modules: [[a, b], [a2]],
      serial: 1_700_000_002,
    });
    expect(await each.install(newer)).toMatchObject({
      changed: true,
      current: "1.27.1",
      added: { sdks: ["1.27.1"], modules: 2 },
    });
    expect(await readlink(join(each.root, "current"))).toBe("sdk/go1.27.1");
    expect((await readdir(join(each.root, "bin"))).toSorted()).toEqual([
      "go",
      "go1.26.8",
      "go1.27.1",
      "gofmt",
    ]);
    expect(await readFile(join(each.root, "mod/cache/download/example.com/!a/@v/list"), "utf8")).toBe(
      "v1.0.0\nv1.2.0\n",
    );
  });

  it("gives the Go versions that are there the patterns of all installations", async () => {
    await using each = await installBench();
    const bundle = await each.bundle();
    await each.install(bundle);
    const direct = ["git.example.com/*"];
    expect(await each.install(bundle, { direct })).toMatchObject({ changed: true });
    expect(await each.install(bundle, { direct })).toMatchObject({ changed: false });
    const newer = await each.bundle({ toolchains: [go("1.28.0")], name: "newer" });
    await each.install(newer, { allowPrivate: ["corp.example.com"] });
    for (const version of ["1.27.1", "1.28.0"]) {
      const settings = readGoEnv(await readFile(join(each.root, `sdk/go${version}/go.env`), "utf8"));
      expect(settings.get("GONOPROXY")).toBe("git.example.com/*");
      expect(settings.get("GONOSUMDB")).toBe("corp.example.com,git.example.com/*");
    }
  });

  it("says what it would do and does nothing with dryRun", async () => {
    await using each = await installBench();
    const bundle = await each.bundle();
    const would = await each.install(bundle, { dryRun: true });
    expect(would).toMatchObject({ changed: true, generation: 0, current: null });
    expect(would.changes.join("\n")).toContain("sdk/go1.27.1");
    expect(await exists(join(each.path, "opt"))).toBe(false);
    await each.install(bundle);
    expect(await each.install(bundle, { dryRun: true })).toMatchObject({ changed: false, changes: [] });
  });

  it("is done, and says so, also when Go cannot be asked for its settings", async () => {
    await using each = await installBench();
    const files = { ...go("1.27.1").files };
    const silent = String(files["bin/go"]).replace('echo \'{"GOENV": ""}\'', "exit 1");
    const noEnv = await each.bundle({
      toolchains: [{ ...go("1.27.1"), files: { ...files, "bin/go": silent } }],
    });
    expect(await each.install(noEnv)).toMatchObject({
      changed: true,
      overrides: [{ code: "SETTINGS_UNREADABLE", level: "warn" }],
    });
    const control = new AbortController();
    const onProgress = ({ stage }: { stage: string }): void =>
      stage === "configure" ? control.abort() : undefined;
    const more = await each.bundle({ name: "more", modules: [[b]], toolchains: [go("1.28.0")] });
    expect(await each.install(more, { signal: control.signal, onProgress })).toMatchObject({
      changed: true,
      overrides: [{ code: "SETTINGS_UNREADABLE", level: "warn" }],
    });
  });

  it("brings the program itself, for everybody, and a newer one in its place", async () => {
    await using each = await installBench();
    const bundle = await each.bundle();
    const executablePath = join(each.path, "goferry-linux-amd64");
    await writeFile(executablePath, "the first", { mode: 0o700 });
    await each.install(bundle, {}, { executablePath });
    const installed = join(each.root, "bin/goferry");
    expect((await stat(installed)).mode & 0o777).toBe(0o755);
    expect(await each.install(bundle, {}, { executablePath })).toMatchObject({ changed: false });
    await writeFile(executablePath, "the second");
    expect(await each.install(bundle, {}, { executablePath })).toMatchObject({ changed: true });
    expect(await readFile(installed, "utf8")).toBe("the second");
  });

  it("follows links on the way to the root, so that it has one name", async () => {
    await using each = await installBench();
    await mkdir(dirname(each.root), { recursive: true });
    await symlink("opt", join(each.path, "link"));
    const bundle = await each.bundle();
    expect(await each.install(bundle, { root: join(each.path, "link", "goferry") })).toMatchObject({
      root: each.root,
    });
    expect(await each.install(bundle)).toMatchObject({ changed: false });
  });
});

/** What must come to nothing, and how. */
const REFUSED: [
  string,
  (each: InstallBench, bundle: LayeredBundle) => Promise<unknown>,
  Partial<GoferryError>,
  number,
][] = [
  [
    "another platform",
    (each, bundle) => each.install(bundle, {}, { platform: "linux/riscv64" }),
    { code: "PLATFORM_ABSENT" },
    EXIT.preflight,
  ],
  [
    "a log key that did not sign the tree head",
    async (each, bundle) => each.install(bundle, { logKey: checksumLog().vkey }),
    { code: "LOG_MISMATCH" },
    EXIT.refused,
  ],
  ...["a,b", "a\nb", ""].map((pattern): (typeof REFUSED)[number] => [
    `the pattern ${JSON.stringify(pattern)}`,
    (each, bundle) => each.install(bundle, { allowPrivate: [pattern] }),
    { code: "ARGUMENT_INVALID", subject: pattern },
    EXIT.usage,
  ]),
  [
    "a unit that is private, and not allowed",
    (each, bundle) => {
      const contents = {
        ...bundle.contents,
        units: bundle.contents.units.map((unit) =>
          unit.path === a.path ? { ...unit, evidence: "private" as const } : unit,
        ),
      };
      return each.install({ ...bundle, contents });
    },
    { code: "PRIVATE_REFUSED", subject: "example.com/A@v1.0.0" },
    EXIT.refused,
  ],
  [
    "an interruption before it begins",
    (each, bundle) => each.install(bundle, { signal: AbortSignal.abort(new Error("Ctrl-C")) }),
    { code: "INTERRUPTED" },
    EXIT.interrupted,
  ],
  [
    "a damaged layer",
    async (each, bundle) => {
      const bytes = await readFile(bundle.file);
      bytes.writeUInt8((bytes.at(-20) ?? 0) ^ 1, bytes.length - 20);
      await writeFile(bundle.file, bytes);
      return each.install(bundle);
    },
    { code: "CHUNK_MISMATCH" },
    EXIT.refused,
  ],
  [
    "a Go that is not what the self-test expects",
    async (each) =>
      each.install(
        await each.bundle({
          name: "odd",
          toolchains: [{ ...go("1.27.1"), files: { ...go("1.26.8").files } }],
        }),
      ),
    { code: "ROLLED_BACK", subject: expect.stringMatching(/bin\/go version$/) },
    EXIT.rolledBack,
  ],
  ...(["preflight", "stage", "commit", "self-test"] as const).map((stage): (typeof REFUSED)[number] => [
    `an interruption in the stage ${stage}`,
    (each, bundle) => {
      const control = new AbortController();
      const onProgress = (event: { stage: string }): void => {
        if (event.stage === stage) control.abort(new Error("Ctrl-C"));
      };
      return each.install(bundle, { signal: control.signal, onProgress });
    },
    { code: "INTERRUPTED" },
    EXIT.interrupted,
  ]),
];

describe("install, when it fails", () => {
  it.each(REFUSED)("leaves nothing behind after %s", async (_, attempt, expected, exitCode) => {
    await using each = await installBench();
    const error = await refusal(attempt(each, await each.bundle()));
    expect(error).toMatchObject(expected);
    expect(error.exitCode).toBe(exitCode);
    expect(await exists(join(each.path, "opt"))).toBe(false);
    expect(await readdir(join(each.path, "home"))).toEqual([]);
  });

  // Those that stop it once it has begun to write.
  it.each(REFUSED.slice(-6))("leaves the old state whole after %s", async (_, attempt, expected) => {
    await using each = await installBench();
    await each.install(await each.bundle({ name: "before", toolchains: [go("1.25.3")], modules: [[b]] }));
    const before = await each.look();
    expect(await refusal(attempt(each, await each.bundle()))).toMatchObject(expected);
    expect(await each.look()).toEqual(before);
  });

  it("refuses to take over what somebody else has put where a module belongs", async () => {
    await using each = await installBench();
    await each.install(await each.bundle({ modules: [[b]] }));
    const place = join(each.root, "mod/example.com/!a@v1.0.0");
    await mkdir(place);
    await writeFile(join(place, "evil.go"), "package evil\n");
    const before = await each.look();
    expect(await refusal(each.install(await each.bundle({ name: "more" })))).toMatchObject({
      code: "PATH_OCCUPIED",
      subject: place,
    });
    expect(await each.look()).toEqual(before);
  });

  it("leaves a folder of somebody else alone, even one that is called staging", async () => {
    await using each = await installBench();
    await mkdir(join(each.root, "staging"), { recursive: true });
    await writeFile(join(each.root, "staging", "theirs"), "precious");
    const before = await each.look();
    const error = await refusal(each.install(await each.bundle()));
    expect(error.code).toBe("ROOT_NOT_OURS");
    expect(await each.look()).toEqual(before);
  });

  it.skipIf(process.getuid?.() !== 0)(
    "takes back what it changed outside of the root, too, and does it all when it works",
    async () => {
      await using each = await installBench();
      const machine = join(each.path, "machine");
      const machineFolders = { etc: join(machine, "etc"), bin: join(machine, "bin") };
      await mkdir(machineFolders.bin, { recursive: true });
      await writeFile(join(machineFolders.bin, "gofmt"), "theirs");
      const before = await treeContents(machine);
      const broken = { ...go("1.27.1"), files: { ...go("1.26.8").files } };
      const odd = await each.bundle({ name: "odd", toolchains: [broken] });
      const attempt = each.install(odd, { path: "profile" }, { machineFolders });
      expect(await refusal(attempt)).toMatchObject({ code: "ROLLED_BACK" });
      expect(await treeContents(machine)).toEqual(before);

      const bundle = await each.bundle({ modules: [[a]], tiles: {} });
      const dry = await each.install(bundle, { path: "profile", dryRun: true }, { machineFolders });
      const done = await each.install(bundle, { path: "profile" }, { machineFolders });
      expect(dry.changes).toEqual(done.changes);
      expect(done).toMatchObject({ changed: true, findings: [{ code: "PATH_OCCUPIED" }] });
      expect(await readlink(join(machineFolders.bin, "go"))).toBe(join(each.root, "bin", "go"));
      expect(await readFile(join(machineFolders.bin, "gofmt"), "utf8")).toBe("theirs");
      expect(await readFile(join(machineFolders.etc, "profile.d/goferry.sh"), "utf8")).toContain(each.root);
      await unlink(join(machineFolders.bin, "go"));
      expect(await each.install(bundle, { path: "usual" }, { machineFolders })).toMatchObject({
        changed: true,
        changes: [expect.stringContaining(join(machineFolders.bin, "go"))],
      });
    },
  );

  it.each([0, 2])(
    "refuses a root that is not as it was installed, with %i threads that were started, and lets them go",
    async (threads) => {
      await using each = await installBench();
      await each.install(await each.bundle());
      const changed = join(each.root, "mod/example.com/!a@v1.0.0/a.go");
      await writeFile(changed, "package evil\n");
      const before = await each.look();
      const more = await each.bundle({ name: "more", modules: [[b]] });
      startThreads(threads, undefined);
      try {
        expect(await refusal(each.install(more))).toMatchObject({
          code: "GENERATION_BROKEN",
          subject: changed,
        });
        expect(startedThreads()).toBe(threads);
        // What is refused first is told first, and nobody looks at the root any more.
        const other = each.install(more, { logKey: checksumLog("sum.example.org").vkey });
        expect(await refusal(other)).toMatchObject({ code: "LOG_MISMATCH" });
        expect(await each.look()).toEqual(before);
      } finally {
        while (startedThreads() > 0) await new WorkThread(undefined).stop();
      }
    },
  );

  it("refuses another content of a version that is there", async () => {
    await using each = await installBench();
    await each.install(await each.bundle());
    const changed = { ...a, files: { ...a.files, "a.go": "package a // changed\n" } };
    const newer = await each.bundle({ modules: [[changed]], serial: 1_700_000_001 });
    const before = await each.look();
    expect(await refusal(each.install(newer))).toMatchObject({
      code: "HASH_MISMATCH",
      subject: "example.com/A@v1.0.0",
    });
    expect(await each.look()).toEqual(before);
  });

  it.skipIf(process.getuid?.() !== 0)("does nothing that another user's journal says", async () => {
    await using each = await installBench();
    await each.install(await each.bundle());
    await writeFile(join(each.root, "state/journal.json"), '{"journalVersion":1}');
    await chown(join(each.root, "state/journal.json"), NOBODY, NOBODY);
    const before = await each.look();
    expect(await refusal(each.install(await each.bundle({ name: "more" })))).toMatchObject({
      code: "ROOT_OWNER_OTHER",
      subject: join(each.root, "state/journal.json"),
    });
    expect(await each.look()).toEqual(before);
  });

  it("leaves in staging what it did not put there", async () => {
    await using each = await installBench();
    const bundle = await each.bundle();
    await each.install(bundle);
    const dead = join(each.root, "staging", "20260304T050607000Z-0123abcd");
    await mkdir(dead, { recursive: true });
    await mkdir(join(each.root, "staging", "selftest-Ab12Cd"));
    await writeFile(join(each.root, "staging", "theirs"), "precious");
    expect(await each.install(bundle)).toMatchObject({ changed: false });
    expect(await readdir(join(each.root, "staging"))).toEqual(["theirs"]);
  });

  it("can be repeated at once after any of them", async () => {
    await using each = await installBench();
    const bundle = await each.bundle();
    for (const stage of ["stage", "self-test"]) {
      const control = new AbortController();
      const onProgress = (event: { stage: string }): void =>
        event.stage === stage ? control.abort() : undefined;
      expect(await refusal(each.install(bundle, { signal: control.signal, onProgress }))).toMatchObject({
        code: "INTERRUPTED",
      });
    }
    expect(await each.install(bundle)).toMatchObject({ changed: true, generation: 1 });
  });
});

describe("listRoot", () => {
  it("says what is installed, and nothing of a root that is not there", async () => {
    await using each = await installBench();
    const host = createHost({ platform, env: {}, home: undefined, uid: 0, userName: "t", ...PROCESS_FACTS });
    expect(await listRoot(host, each.root)).toMatchObject({ generation: 0, current: null });
    expect(await exists(each.root)).toBe(false);
    await each.install(await each.bundle());
    expect(await listRoot(host, each.root)).toMatchObject({
      generation: 1,
      current: "1.27.1",
      sdks: [{ version: "1.27.1", platform }],
    });
  });
});
