// Roots that were installed from small bundles, changed by hand in every way that a file can be changed.

import {
  chmod,
  chown,
  cp,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { compareNames } from "@goferry/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { installBench, MODULE_A, scriptedGo, type InstallBench } from "../../../../test/kit/install-bench.ts";
import { layout } from "../layout.ts";
import { nodeFs } from "../node-fs.ts";
import { readState } from "../transaction/state.ts";
import { checkRoot, checkUnits, type Checked } from "./check.ts";
import type { Depth } from "./tree-check.ts";

const ONLY_MOD = { path: "example.com/lone", version: "v0.1.0" };
const EMPTY = { path: "example.com/empty", version: "v1.0.0", files: {} };
const TOOLCHAIN = { "pkg/tool/linux_amd64/vet": "vet", "lib/script.sh": "echo\n" };

/** A root with a Go version, modules of all kinds, and what go asks of the checksum database. */
async function installed(): Promise<InstallBench> {
  const bench = await installBench();
  const go = scriptedGo("1.27.1");
  const toolchains = [{ ...go, files: { ...go.files, ...TOOLCHAIN } }];
  const modules = [[MODULE_A, ONLY_MOD, EMPTY]];
  await bench.install(await bench.bundle({ toolchains, modules, tiles: {} }));
  return bench;
}

async function check(bench: InstallBench, depth: Depth = "full"): Promise<Checked> {
  return await checkRoot(bench.host(), { root: bench.root, depth });
}

/** What was found, in short: the code, the path in the root, and what of it. */
async function found(bench: InstallBench, depth: Depth = "full"): Promise<string[]> {
  const { differences } = await check(bench, depth);
  const refusals = differences.filter(({ level }) => level === "refuse");
  expect(differences.slice(0, refusals.length)).toEqual(refusals);
  return differences
    .map(({ code, subject, aspect, level }) => {
      const path = subject.slice(bench.root.length + 1);
      return `${level === "warn" ? "remark: " : ""}${code} ${path} ${aspect}`;
    })
    .toSorted(compareNames);
}

const A_GO = "mod/example.com/!a@v1.0.0/a.go";
const AT_V = "mod/cache/download/example.com/!a/@v";
const SUMDB = "mod/cache/download/sumdb/sum.example.com";

describe("checkRoot", () => {
  it("finds nothing in a root as it was installed, in either depth", async () => {
    await using bench = await installed();
    const full = await check(bench);
    expect(full).toMatchObject({ root: bench.root, generation: 1, differences: [] });
    expect(full.files).toBeGreaterThan(10);
    expect(full.bytes).toBeGreaterThan(500);
    expect(await check(bench, "quick")).toMatchObject({ differences: [], files: full.files, bytes: 0 });
  });

  it("finds nothing in a root to which more came, by several threads", async () => {
    await using bench = await installed();
    const b = { path: "example.com/b", version: "v1.1.0", files: { "go.mod": "module example.com/b\n" } };
    const more = { toolchains: [scriptedGo("1.26.8")], modules: [[b]], serial: 1_700_000_001 };
    const bundle = await bench.bundle(more);
    await bench.install(bundle, { zips: false, direct: ["git.corp.example.com"] });
    await bench.install(bundle, { zips: true });
    const checked = await checkRoot(bench.host({ cores: 2 }), { root: bench.root, depth: "full" });
    expect(checked).toMatchObject({ generation: 3, differences: [] });
  });

  it("looks at the goferry in bin too", async () => {
    await using bench = await installBench();
    const executablePath = join(bench.path, "goferry");
    await writeFile(executablePath, "first");
    const bundle = await bench.bundle();
    await bench.install(bundle, {}, { executablePath });
    expect(await found(bench)).toEqual([]);
    await writeFile(executablePath, "second");
    await bench.install(bundle, {}, { executablePath });
    expect(await found(bench)).toEqual([]);
    await writeFile(join(bench.root, "bin/goferry"), "third!");
    expect(await found(bench)).toEqual(["FILE_CHANGED bin/goferry content"]);
  });

  it("refuses where nothing is installed", async () => {
    await using bench = await installBench();
    await expect(check(bench)).rejects.toMatchObject({ code: "NOT_FOUND", subject: bench.root });
  });

  it("stops when it is interrupted", async () => {
    await using bench = await installed();
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    await expect(checkRoot(bench.host(), { root: bench.root, depth: "full", signal })).rejects.toThrow(
      "Ctrl-C",
    );
  });
});

interface Drift {
  what: string;
  /** Done in the root. */
  act(at: (name: string) => string): Promise<unknown>;
  full: string[];
  /** Where it is not the same. */
  quick?: string[];
}

const write = (name: string, text: string) => (at: (name: string) => string) => writeFile(at(name), text);
const sameSize = async (path: string): Promise<void> => {
  const text = await readFile(path, "latin1");
  await writeFile(
    path,
    text.replace(/^./u, (letter) => (letter === "#" ? "!" : "#")),
    "latin1",
  );
};

const COPY = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };

const DRIFTS: Drift[] = [
  {
    what: "a source file of Go with another content",
    act: write("sdk/go1.27.1/src/fmt/print.go", "package fm\n"),
    full: ["FILE_CHANGED sdk/go1.27.1/src/fmt/print.go size"],
  },
  {
    what: "a command of the same size",
    act: (at) => sameSize(at("sdk/go1.27.1/bin/go")),
    full: ["FILE_CHANGED sdk/go1.27.1/bin/go content"],
    quick: ["FILE_CHANGED sdk/go1.27.1/bin/go time"],
  },
  {
    what: "the same size and an older time",
    async act(at) {
      await sameSize(at(A_GO));
      await utimes(at(A_GO), 1, 1);
    },
    full: [`FILE_CHANGED ${A_GO} content`],
    quick: [`FILE_CHANGED ${A_GO} time`],
  },
  {
    what: "a time alone",
    act: (at) => utimes(at(A_GO), 1, 1),
    full: [],
    quick: [`FILE_CHANGED ${A_GO} time`],
  },
  {
    what: "files and a folder that are gone",
    async act(at) {
      await unlink(at(A_GO));
      await rm(at("sdk/go1.27.1/src/fmt"), { recursive: true });
    },
    full: [`FILE_MISSING ${A_GO} missing`, "FILE_MISSING sdk/go1.27.1/src/fmt/print.go missing"],
  },
  {
    what: "trees that are gone",
    async act(at) {
      await rm(dirname(at(A_GO)), { recursive: true });
      await rm(at("mod/example.com/empty@v1.0.0"), { recursive: true });
    },
    full: [
      "FILE_MISSING mod/example.com/!a@v1.0.0 missing",
      "FILE_MISSING mod/example.com/empty@v1.0.0 missing",
    ],
  },
  {
    what: "files beside the trees",
    async act(at) {
      await writeFile(at(`${AT_V}/v1.0.0.info`), '{"Version":"v1.0.1"}');
      await writeFile(at(`${AT_V}/v1.0.0.mod`), "module example.com/evil\n");
      await unlink(at(`${AT_V}/v1.0.0.ziphash`));
      await writeFile(at(`${AT_V}/list`), "v1.0.0\nv9.0.0\n");
    },
    full: [
      `FILE_CHANGED ${AT_V}/list content`,
      `FILE_CHANGED ${AT_V}/v1.0.0.info content`,
      `FILE_CHANGED ${AT_V}/v1.0.0.mod content`,
      `FILE_MISSING ${AT_V}/v1.0.0.ziphash missing`,
    ],
  },
  {
    what: "a zip of the same size",
    act: (at) => sameSize(at(`${AT_V}/v1.0.0.zip`)),
    full: [`FILE_CHANGED ${AT_V}/v1.0.0.zip content`],
    quick: [`FILE_CHANGED ${AT_V}/v1.0.0.zip time`],
  },
  {
    what: "what go asks of the checksum database",
    async act(at) {
      await sameSize(at(`${SUMDB}/lookup/example.com/!a@v1.0.0`));
      await unlink(at(`${SUMDB}/supported`));
      const partial = at(`${SUMDB}/tile/8/0/000.p`);
      for (const name of await readdir(partial)) await unlink(join(partial, name));
    },
    full: [
      `FILE_CHANGED ${SUMDB}/lookup/example.com/!a@v1.0.0 content`,
      `FILE_MISSING ${SUMDB}/supported missing`,
      expect.stringMatching(`^FILE_MISSING ${SUMDB}/tile/8/0/000.p/[0-9]+ missing$`),
    ],
  },
  {
    what: "a setting in go.env",
    async act(at) {
      const file = at("sdk/go1.27.1/go.env");
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace("GOTOOLCHAIN=path", "GOTOOLCHAIN=auto"));
    },
    full: ["FILE_CHANGED sdk/go1.27.1/go.env content"],
  },
  {
    what: "links of bin and current",
    async act(at) {
      await unlink(at("bin/go1.27.1"));
      await unlink(at("bin/gofmt"));
      await writeFile(at("bin/gofmt"), "#!/bin/sh\n");
      await unlink(at("current"));
      await symlink("/usr", at("current"));
    },
    full: ["FILE_CHANGED bin/gofmt kind", "FILE_CHANGED current target", "FILE_MISSING bin/go1.27.1 missing"],
  },
  {
    what: "modes",
    async act(at) {
      await chmod(at("sdk/go1.27.1/bin/go"), 0o4755);
      await chmod(at("sdk/go1.27.1/bin/gofmt"), 0o644);
      await chmod(at("sdk/go1.27.1/lib/script.sh"), 0o775);
      await chmod(at(A_GO), 0o755);
      await chmod(at("sdk/go1.27.1/src"), 0o777);
      await chmod(at("mod/cache/download/example.com"), 0o775);
      await chmod(at(`${AT_V}/list`), 0o666);
    },
    full: [
      "FILE_CHANGED mod/cache/download/example.com mode",
      `FILE_CHANGED ${AT_V}/list mode`,
      `FILE_CHANGED ${A_GO} mode`,
      "FILE_CHANGED sdk/go1.27.1/bin/go mode",
      "FILE_CHANGED sdk/go1.27.1/bin/gofmt mode",
      "FILE_CHANGED sdk/go1.27.1/lib/script.sh mode",
      "FILE_CHANGED sdk/go1.27.1/src mode",
    ],
  },
  {
    what: "no mode that only keeps people out",
    async act(at) {
      await chmod(at(A_GO), 0o444);
      await chmod(dirname(at(A_GO)), 0o555);
      await chmod(at("sdk/go1.27.1/VERSION"), 0o600);
    },
    full: [],
  },
  {
    what: "links and folders where files were",
    async act(at) {
      await rename(at(A_GO), at("other"));
      await symlink("../../../other", at(A_GO));
      await unlink(at("sdk/go1.27.1/VERSION"));
      await mkdir(at("sdk/go1.27.1/VERSION"));
      await rm(at("sdk/go1.27.1/src/fmt"), { recursive: true });
      await symlink("/usr", at("sdk/go1.27.1/src/fmt"));
    },
    full: [
      `FILE_CHANGED ${A_GO} kind`,
      "FILE_CHANGED sdk/go1.27.1/VERSION kind",
      "FILE_EXTRA sdk/go1.27.1/src/fmt extra",
      "FILE_MISSING sdk/go1.27.1/src/fmt/print.go missing",
      "remark: FILE_EXTRA other extra",
    ],
  },
  {
    what: "what was added where it would be built or run",
    async act(at) {
      await writeFile(at("mod/example.com/!a@v1.0.0/evil.go"), "package a\n");
      await mkdir(at("sdk/go1.27.1/src/evil/deep"), { recursive: true });
      await link(at("sdk/go1.27.1/bin/go"), at("bin/evil"));
      await mkdir(at("sdk/go9.9.9"));
    },
    full: [
      "FILE_EXTRA bin/evil extra",
      "FILE_EXTRA mod/example.com/!a@v1.0.0/evil.go extra",
      "FILE_EXTRA sdk/go1.27.1/src/evil extra",
      "FILE_EXTRA sdk/go9.9.9 extra",
    ],
  },
  {
    what: "nothing where go has written a .info again",
    act: write(`${AT_V}/v1.0.0.info`, '{"Version":"v1.0.0","Time":"0001-01-01T00:00:00Z"}'),
    full: [],
  },
  {
    what: "as a remark what go adds to a module cache",
    async act(at) {
      await mkdir(at("mod/example.com/own@v1.0.0"));
      // Of this one the bundle brought the go.mod alone.
      await mkdir(at("mod/example.com/lone@v0.1.0"));
      await writeFile(at("mod/example.com/own@v1.0.0/own.go"), "package own\n");
      await mkdir(at("mod/cache/download/example.com/own/@v"), { recursive: true });
      await writeFile(at(`${AT_V}/v1.0.0.lock`), "");
      await writeFile(at("mod/cache/lock"), "");
    },
    full: [
      `remark: FILE_EXTRA ${AT_V}/v1.0.0.lock extra`,
      "remark: FILE_EXTRA mod/cache/download/example.com/own extra",
      "remark: FILE_EXTRA mod/example.com/lone@v0.1.0 extra",
      "remark: FILE_EXTRA mod/example.com/own@v1.0.0 extra",
    ],
  },
  {
    what: "the hashes themselves",
    async act(at) {
      await unlink(at("state/units/example.com/!a@v1.0.0.sums"));
      const file = at("state/units/golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64.sums");
      await writeFile(file, (await readFile(file, "utf8")).replace(/^[0-9a-f]/u, "x"));
    },
    full: [
      "FILE_CHANGED state/units/golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64.sums content",
      "FILE_MISSING state/units/example.com/!a@v1.0.0.sums missing",
    ],
  },
];

describe.skipIf(process.platform !== "linux" || process.arch !== "x64")("checkRoot names", () => {
  let bench: InstallBench;
  beforeAll(async () => {
    bench = await installed();
    await cp(bench.root, join(bench.path, "kept"), COPY);
  }, 60_000);
  beforeEach(async () => {
    await rm(bench.root, { recursive: true });
    await cp(join(bench.path, "kept"), bench.root, COPY);
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it.each(DRIFTS)("$what", async ({ act, full, quick = full }) => {
    await act((name) => join(bench.root, name));
    expect(await found(bench)).toEqual(full.toSorted(compareNames));
    expect(await found(bench, "quick")).toEqual(quick.toSorted(compareNames));
  });

  it("gives what was expected and found, and the unit", async () => {
    await sameSize(join(bench.root, A_GO));
    const [difference] = (await check(bench)).differences;
    expect(difference).toMatchObject({
      unit: "example.com/A@v1.0.0",
      expected: expect.stringMatching(/^[0-9a-f]{64}$/u),
      found: expect.stringMatching(/^[0-9a-f]{64}$/u),
    });
  });

  it.skipIf(process.getuid?.() !== 0)("a file that belongs to another user", async () => {
    await chown(join(bench.root, A_GO), 65_534, 65_534);
    expect(await found(bench)).toEqual([`FILE_CHANGED ${A_GO} owner`]);
  });
});

describe("checkUnits", () => {
  it("says whether the units of a state are whole, and nothing of what else a root holds", async () => {
    await using bench = await installed();
    const at = layout(bench.root);
    const state = await readState(nodeFs(bench.host()), at);
    await unlink(join(at.bin, "go"));
    await writeFile(join(at.bin, "evil"), "");
    expect(await checkUnits(bench.host(), at, { state })).toEqual([]);
    await rm(join(at.sdk, "go1.27.1"), { recursive: true });
    expect(await checkUnits(bench.host(), at, { state })).toMatchObject([
      { code: "FILE_MISSING", subject: join(at.sdk, "go1.27.1") },
    ]);
    expect(await lstat(at.stateFile)).toBeTruthy();
  });
});
