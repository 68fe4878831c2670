import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findRealGo, linkRoot, plantGo, testPlatform } from "../../../test/kit/real-go.ts";
import { currentTarget, launchers } from "./configure/launchers.ts";
import { createHost } from "./host.ts";
import { selfTest, startTest } from "./selftest.ts";
import { PROCESS_FACTS } from "../../../test/kit/process-facts.ts";

const go = await findRealGo();

describe.skipIf(go === undefined)("selfTest, with a real Go", () => {
  let root = "";
  let goroot = "";
  const version = go?.version ?? "";

  beforeEach(async () => {
    if (go === undefined) return;
    root = await realpath(await mkdtemp(join(tmpdir(), "goferry selftest-")));
    goroot = await plantGo(root, go);
    const entries = launchers({ versions: [version], goferry: undefined });
    const links = entries.flatMap((entry) => (entry.kind === "link" ? [entry] : []));
    await linkRoot(root, currentTarget(version), links);
  });
  afterEach(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));

  // An environment that would break every command, if it reached one.
  const env = { PATH: "/nowhere", GOROOT: "/nowhere", GOFLAGS: "-nonsense", GOTOOLCHAIN: "go1.99.0" };
  const facts = {
    platform: testPlatform(),
    env,
    home: "/nowhere",
    uid: 1,
    userName: "u",
    ...PROCESS_FACTS,
  };
  const test = (over: { version?: string; platform?: string; signal?: AbortSignal } = {}) =>
    selfTest(createHost({ ...facts, platform: over.platform ?? facts.platform }), {
      root,
      version: over.version ?? version,
      depth: "tools",
      signal: over.signal,
    });
  const failure = (subject: string, found: string | RegExp) =>
    expect.objectContaining({
      code: "SELF_TEST_FAILED",
      subject: expect.stringContaining(subject),
      found: expect.stringMatching(found),
    });
  const program = async (path: string, script: string) => {
    await rm(path);
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  };

  it("passes in a clean environment and leaves nothing behind", async () => {
    const { commands } = await test();
    expect(commands).toContain(`${join(root, "bin", "go")} version`);
    expect(commands).toContain(`${join(root, "bin", "gofmt")} main.go`);
    expect(await readdir(join(root, "staging"))).toEqual([]);
  });

  it("fails when the version or the platform is another one", async () => {
    await expect(test({ platform: "linux/riscv64" })).rejects.toEqual(failure("go version", version));
    const { length } = await readdir(join(root, "staging"));
    expect(length).toBe(0);
  });

  it("asks go alone for its version where that is enough, and writes nothing", async () => {
    const before = await readdir(root, { recursive: true });
    const host = createHost(facts);
    await startTest(host, { root, version });
    await expect(startTest(host, { root, version: "1.2.3" })).rejects.toEqual(failure("go version", version));
    expect(await readdir(root, { recursive: true })).toEqual(before);
  });

  it("fails when a program lacks its execute bit", async () => {
    await chmod(join(goroot, "bin", "gofmt"), 0o644);
    await expect(test()).rejects.toEqual(failure("gofmt", "EACCES"));
  });

  it("fails when a launcher is missing, with what could not be started", async () => {
    await rm(join(root, "bin", `go${version}`));
    await expect(test()).rejects.toEqual(failure(`go${version} version`, "ENOENT"));
  });

  it("fails when a program does something else, and quotes what it printed", async () => {
    await program(join(goroot, "bin", "gofmt"), "echo some text; echo Illegal instruction >&2; exit 132");
    await expect(test()).rejects.toEqual(
      failure("gofmt main.go", /^exit code 132: some text\nIllegal instruction$/u),
    );
    await program(join(goroot, "bin", "gofmt"), "/bin/cat $1");
    await expect(test()).rejects.toEqual(failure("gofmt main.go", "import"));
  });

  it("fails when a tool of the GOROOT does not run", async () => {
    await rm(join(goroot, "pkg"));
    await expect(test()).rejects.toEqual(failure("go", /./u));
  });

  it("fails for a GOROOT that is not the one of the version", async () => {
    await rm(join(root, "bin", "go"));
    await writeFile(
      join(root, "bin", "go"),
      `#!/bin/sh\nGOROOT='${go?.goroot}' exec '${go?.goroot}/bin/go' "$@"\n`,
    );
    await chmod(join(root, "bin", "go"), 0o755);
    await expect(test()).rejects.toEqual(failure("env GOROOT", go?.goroot ?? ""));
  });

  it("stops when it is aborted", async () => {
    const error = expect.objectContaining({ code: "INTERRUPTED" });
    await expect(test({ signal: AbortSignal.abort() })).rejects.toEqual(error);
    expect(await readdir(join(root, "staging"))).toEqual([]);
  });

  it("builds, vets and runs a program when it is asked to", { timeout: 300_000 }, async () => {
    // The build cache of whoever runs the tests, in the place of an empty one: the standard library is compiled in
    // the first run, and not again in each.
    const { stdout: cache } = await promisify(execFile)("go", ["env", "GOCACHE"]);
    const path = join(goroot, "bin", "go");
    await program(join(root, "bin", "go"), `GOCACHE='${cache.trim()}' exec '${path}' "$@"`);
    const { commands } = await selfTest(createHost(facts), { root, version, depth: "build" });
    expect(commands.at(-1)).toMatch(/programs\/selftest$/u);
    expect(commands.some((command) => command.endsWith("go vet ./..."))).toBe(true);
    expect(await readdir(join(root, "staging"))).toEqual([]);
  });
});
