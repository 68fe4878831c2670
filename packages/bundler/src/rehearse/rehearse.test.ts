// With the go on PATH in a root as the installer makes it, and module proxies on this disk.
import { createServer } from "node:http";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  codeOf,
  findBundlerGo,
  goIn,
  projectAt,
  runner,
  temporaryFolder,
  writeFiles,
} from "../../../../test/kit/bundler-go.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { linkRoot, plantGo, testPlatform } from "../../../../test/kit/real-go.ts";
import { copyProject } from "../go/project-copy.ts";
import { rehearse } from "./rehearse.ts";
import { findSandbox } from "./sandbox.ts";
import type { AddressInfo } from "node:net";
import type { ResolvedEntry } from "../go/entry-closure.ts";
import type { ProjectBuild } from "../go/modules.ts";
import type { ProcessRunner } from "../go/spawn.ts";
import type { RehearseOptions } from "./rehearse.ts";

const found = await findBundlerGo();

const HOST = testPlatform();
const FOREIGN = HOST.endsWith("/arm64") ? "linux/amd64" : "linux/arm64";
const GO_MOD = "module example.com/app\n\ngo 1.21\n";

/** A runner on a system without namespaces. */
const withoutNamespaces: ProcessRunner = async (file, args, options) => {
  if (file === "unshare") throw new Error("there is no unshare");
  return runner(file, args, options);
};

describe.skipIf(found === undefined)("rehearse", () => {
  let real: NonNullable<typeof found>;
  /** Of all tests here: the standard library is compiled once. */
  let shared: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    if (found !== undefined) real = found;
    shared = await temporaryFolder();
  });
  afterAll(() => shared[Symbol.asyncDispose]());

  /** Options for a project with these files, and a root whose go.env names `goproxy`. */
  async function prepare(
    folder: string,
    files: Record<string, string>,
    goproxy = "off",
    build: Partial<ProjectBuild> = {},
  ): Promise<RehearseOptions> {
    const root = join(folder, "root");
    const goroot = await plantGo(root, real);
    await linkRoot(root, join("sdk", `go${real.version}`), [
      { name: "go", target: join("..", "sdk", `go${real.version}`, "bin", "go") },
    ]);
    const goEnv = { GOPROXY: goproxy, GOSUMDB: "off", GOTOOLCHAIN: "path", GOMODCACHE: join(root, "mod") };
    const lines = Object.entries(goEnv).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(goroot, "go.env"), `${lines.join("")}GOFLAGS=-modcacherw\n`);
    const app = join(folder, "app");
    await writeFiles(app, files);
    const copy = await copyProject(await projectAt(app), { to: join(folder, "copy") });
    const project = { copy, platforms: [HOST], tags: [], packages: [], cgo: false, ...build };
    return {
      root,
      projects: [project],
      entries: [],
      platforms: [HOST],
      workDir: join(folder, "rehearsal"),
      buildCache: shared.path,
      hostPlatform: HOST,
      userPath: process.env["PATH"] ?? "",
      runner,
    };
  }

  /** A module proxy with example.com/dep@v1.0.0 and the lines for go.sum. */
  async function makeProxy(folder: string): Promise<{ goproxy: string; goSum: string }> {
    const mod = "module example.com/dep\n";
    const name = "example.com/dep@v1.0.0";
    await writeFiles(join(folder, "proxy/example.com/dep/@v"), {
      "v1.0.0.info": '{"Version":"v1.0.0"}',
      "v1.0.0.mod": mod,
      "v1.0.0.zip": makeZip([
        { name: `${name}/go.mod`, content: mod },
        { name: `${name}/dep.go`, content: "package dep\n\nconst Answer = 42\n" },
      ]),
    });
    const goproxy = pathToFileURL(join(folder, "proxy")).href;
    const go = goIn(join(folder, "sum"), real, { goproxy });
    const { stdout } = await go.run(["mod", "download", "-json", name], { cwd: folder });
    const { Sum, GoModSum } = JSON.parse(stdout) as { Sum: string; GoModSum: string };
    const goSum = `example.com/dep v1.0.0 ${Sum}\nexample.com/dep v1.0.0/go.mod ${GoModSum}\n`;
    await writeFile(join(folder, "dep.sum"), goSum);
    return { goproxy, goSum };
  }

  /** Version 1.0.0 of a module with these files. */
  async function addToProxy(proxy: string, path: string, files: Record<string, string>): Promise<void> {
    await writeFiles(join(proxy, path, "@v"), {
      list: "v1.0.0\n",
      "v1.0.0.info": '{"Version":"v1.0.0"}',
      "v1.0.0.mod": files["go.mod"] ?? "",
      "v1.0.0.zip": makeZip(
        Object.entries(files).map(([name, content]) => ({ name: `${path}@v1.0.0/${name}`, content })),
      ),
    });
  }

  const APP = {
    "go.mod": `${GO_MOD}\nrequire example.com/dep v1.0.0\n`,
    "app.go": 'package app\n\nimport "example.com/dep"\n\nvar Answer = dep.Answer\n',
  };

  it("builds, vets and compiles tests with the modules of the root, for every platform", async () => {
    await using folder = await temporaryFolder();
    const { goproxy, goSum } = await makeProxy(folder.path);
    const files = { ...APP, "go.sum": goSum };
    const options = await prepare(folder.path, files, goproxy, { platforms: [HOST, FOREIGN] });
    const steps: string[] = [];
    const records = await rehearse({ ...options, onStep: (...step) => steps.push(step.join(" ")) });
    const { network } = await findSandbox(runner, { cwd: folder.path, env: { PATH: options.userPath } });
    const fine = {
      kind: "project",
      project: "app",
      build: "ok",
      vet: "ok",
      tests: "compiled",
      network,
      findings: [],
      reused: false,
    };
    expect(records).toEqual([
      { ...fine, platform: HOST, crossBuilt: false },
      { ...fine, platform: FOREIGN, crossBuilt: true },
    ]);
    expect(steps).toEqual([`app ${HOST}`, `app ${FOREIGN}`]);
  });

  it("records what vet finds and tests that do not compile", async () => {
    await using folder = await temporaryFolder();
    const files = {
      "go.mod": GO_MOD,
      "app.go": "package app\n\nfunc Loop(n int) { n = n }\n",
      "app_test.go": "package app\n\nfunc helper() { missing() }\n",
    };
    const [record] = await rehearse(await prepare(folder.path, files));
    expect(record).toMatchObject({ build: "ok", vet: "findings", tests: "failed" });
    expect(record?.findings.join("\n")).toMatch(/self-assignment|undefined: missing/u);
    expect(record?.findings).toHaveLength(2);
  });

  it("refuses a project that does not build, and says what the compiler says", async () => {
    await using folder = await temporaryFolder();
    const files = { "go.mod": GO_MOD, "app.go": "package app\n\nvar X = nonsense\n" };
    const error = await rehearse(await prepare(folder.path, files)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "REHEARSAL_FAILED", exitCode: 10, subject: `app for ${HOST}` });
    expect((error as { found: string }).found).toContain("undefined: nonsense");
  });

  it("builds only the packages and with the tags that the project names", async () => {
    await using folder = await temporaryFolder();
    const files = {
      "go.mod": GO_MOD,
      "good/good.go": "package good\n\nvar X = tagged\n",
      "good/tag.go": "//go:build special\n\npackage good\n\nconst tagged = 1\n",
      "bad/bad.go": "package bad\n\nvar X = nonsense\n",
    };
    const options = await prepare(folder.path, files, "off", { packages: ["./good/..."], tags: ["special"] });
    expect(await rehearse(options)).toMatchObject([{ build: "ok", vet: "ok" }]);
  });

  /** Entries of a proxy with a command that imports example.com/dep, and with a module that does. */
  async function prepareEntries(folder: string): Promise<RehearseOptions & { proxy: string }> {
    const { goproxy } = await makeProxy(folder);
    const proxy = join(folder, "proxy");
    const mod = (name: string): string => `module ${name}\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n`;
    const use = 'import "example.com/dep"\n\n';
    await addToProxy(proxy, "example.com/tool", {
      "go.mod": mod("example.com/tool"),
      "go.sum": await readFile(join(folder, "dep.sum"), "utf8"),
      "main.go": `package main\n\n${use}func main() { println(dep.Answer) }\n`,
      "linux/main_linux.go": "package main\n\nfunc main() {}\n",
    });
    await addToProxy(proxy, "example.com/lib", {
      "go.mod": mod("example.com/lib"),
      "lib.go": `package lib\n\n${use}var Answer = dep.Answer\n`,
    });
    const options = await prepare(folder, { "go.mod": GO_MOD, "app.go": "package app\n" }, goproxy);
    return { ...options, projects: [], proxy };
  }

  const entry = (kind: "module" | "tool", path: string): ResolvedEntry => ({
    entry: `${path}@latest`,
    kind,
    path: path.split("/").slice(0, 2).join("/"),
    version: "v1.0.0",
    imports: [path],
    hasLookedForVersions: false,
    isIncomplete: false,
    notes: [],
  });

  it("installs tools and gets modules, at the versions that their queries stand for", async () => {
    await using folder = await temporaryFolder();
    const options = await prepareEntries(folder.path);
    const entries = [entry("module", "example.com/lib"), entry("tool", "example.com/tool")];
    const records = await rehearse({ ...options, entries, platforms: [HOST, FOREIGN] });
    const fine = { findings: [], reused: false };
    expect(records).toMatchObject([
      {
        kind: "module",
        module: "example.com/lib@v1.0.0",
        platform: HOST,
        get: "ok",
        crossBuilt: false,
        ...fine,
      },
      {
        kind: "module",
        module: "example.com/lib@v1.0.0",
        platform: FOREIGN,
        get: "ok",
        crossBuilt: true,
        ...fine,
      },
      {
        kind: "tool",
        tool: "example.com/tool@v1.0.0",
        platform: HOST,
        install: "ok",
        crossBuilt: false,
        ...fine,
      },
      {
        kind: "tool",
        tool: "example.com/tool@v1.0.0",
        platform: FOREIGN,
        install: "ok",
        crossBuilt: true,
        ...fine,
      },
    ]);
  });

  it("takes a tool that is not for another platform for no failure", async () => {
    await using folder = await temporaryFolder();
    const options = await prepareEntries(folder.path);
    const entries = [entry("tool", "example.com/tool/linux")];
    const records = await rehearse({ ...options, entries, platforms: [HOST, "windows/amd64"] });
    expect(records).toMatchObject([{ install: "ok" }, { install: "not for this platform" }]);
    expect(records[1]?.findings).toHaveLength(1);
  });

  it.each(["module", "tool"] as const)("refuses a %s that lacks a module", async (kind) => {
    await using folder = await temporaryFolder();
    const { proxy, ...options } = await prepareEntries(folder.path);
    await rm(join(proxy, "example.com/dep"), { recursive: true });
    const path = kind === "tool" ? "example.com/tool" : "example.com/lib";
    const rehearsing = rehearse({ ...options, entries: [entry(kind, path)] });
    await expect(rehearsing).rejects.toMatchObject({
      code: "REHEARSAL_FAILED",
      subject: `${path}@v1.0.0 for ${HOST}`,
      found: expect.stringContaining("example.com/dep"),
    });
  });

  it("does not take for a failure what was found missing when it was fetched", async () => {
    await using folder = await temporaryFolder();
    const options = await prepareEntries(folder.path);
    await addToProxy(options.proxy, "example.com/half", {
      "go.mod": "module example.com/half\n\ngo 1.21\n",
      "half.go": "package half\n",
      "more/more.go": 'package more\n\nimport _ "example.com/nowhere"\n',
    });
    const half = {
      ...entry("module", "example.com/half"),
      imports: ["example.com/half", "example.com/half/more"],
    };
    const records = await rehearse({ ...options, entries: [{ ...half, isIncomplete: true }] });
    expect(records).toMatchObject([{ get: "incomplete", findings: [expect.stringContaining("nowhere")] }]);
    await rm(options.workDir, { recursive: true });
    expect(await codeOf(rehearse({ ...options, entries: [half] }))).toBe("REHEARSAL_FAILED");
  });

  it("lets nothing reach the network from a namespace", async () => {
    await using folder = await temporaryFolder();
    let requests = 0;
    const server = createServer((_, response) => {
      requests += 1;
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const goproxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { goSum } = await makeProxy(folder.path);
    const options = await prepare(folder.path, { ...APP, "go.sum": goSum }, goproxy);
    const { network } = await findSandbox(runner, { cwd: folder.path, env: { PATH: options.userPath } });

    expect(await codeOf(rehearse(options))).toBe("REHEARSAL_FAILED");
    const inside = requests;
    await rm(options.workDir, { recursive: true, maxRetries: 5 });
    expect(await codeOf(rehearse({ ...options, runner: withoutNamespaces }))).toBe("REHEARSAL_FAILED");
    server.close();
    expect(requests).toBeGreaterThan(inside);
    expect(inside === 0).toBe(network === "none (namespace)");
  });

  it("finds what is missing though an earlier rehearsal has left its results in the build cache", async () => {
    await using folder = await temporaryFolder();
    const { goproxy, goSum } = await makeProxy(folder.path);
    const options = await prepare(folder.path, { ...APP, "go.sum": goSum }, goproxy);
    expect(await rehearse(options)).toMatchObject([{ build: "ok" }]);
    await rm(options.workDir, { recursive: true, maxRetries: 5 });
    await rm(join(options.root, "mod/example.com/dep@v1.0.0/dep.go"));
    expect(await codeOf(rehearse(options))).toBe("REHEARSAL_FAILED");
  });

  it("says so when the system has no namespaces", async () => {
    await using folder = await temporaryFolder();
    const options = await prepare(folder.path, { "go.mod": GO_MOD, "app.go": "package app\n" });
    const records = await rehearse({ ...options, runner: withoutNamespaces });
    expect(records).toMatchObject([{ network: "none (GOPROXY only)", build: "ok" }]);
  });

  it("does not blame a project for a disk that is full", async () => {
    await using folder = await temporaryFolder();
    const options = await prepare(folder.path, { "go.mod": GO_MOD, "app.go": "package app\n" });
    for (const command of ["build", "vet", "list"]) {
      const onFullDisk: ProcessRunner = async (file, args, given) => {
        if (!args.includes(command)) return runner(file, args, given);
        const stderr = "go: creating work dir: mkdir /w/tmp/go-build1: no space left on device\n";
        return { code: 1, signal: null, stdout: "", stderr };
      };
      expect(await codeOf(rehearse({ ...options, runner: onFullDisk }))).toBe("DISK_FULL");
      await rm(options.workDir, { recursive: true, maxRetries: 5 });
    }
  });

  it("does not rehearse cgo where there is no C compiler", async () => {
    await using folder = await temporaryFolder();
    const files = { "go.mod": GO_MOD, "app.go": 'package app\n\nimport "C"\n' };
    const options = await prepare(folder.path, files, "off", { cgo: true });
    const records = await rehearse({ ...options, userPath: "" });
    expect(records).toMatchObject([{ build: "not rehearsed", vet: "not rehearsed", tests: "not rehearsed" }]);
    expect(records[0]?.findings).toHaveLength(1);
  });
});
