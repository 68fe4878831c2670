// With the go on PATH and modules from the module proxy of this machine. What was collected is then tried as a host
// has it: as the only module proxy, with a module cache that is empty.
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { escapePath, unitName } from "@goferry/core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  codeOf,
  findBundlerGo,
  goIn,
  projectAt,
  temporaryFolder,
  writeFiles,
} from "../../../../test/kit/bundler-go.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { serve, type TestServer } from "../net/test-server.ts";
import { shelfFolder } from "./closures.ts";
import { collectModules } from "./modules.ts";
import { copyProject } from "./project-copy.ts";
import type { GoCommand } from "./command.ts";
import type { CollectOptions, Collected } from "./modules.ts";

const found = await findBundlerGo();

const NOTHING = { projects: [], modules: [], tools: [], platforms: ["linux/amd64"], privatePatterns: [] };

describe.skipIf(found === undefined)("collectModules", () => {
  let real: NonNullable<typeof found>;
  beforeAll(() => {
    if (found !== undefined) real = found;
  });

  /** Collects in `folder`/work, with the module proxy of this machine unless another is given. */
  async function collect(
    folder: string,
    options: Partial<CollectOptions>,
    goproxy: string = real.goproxy,
  ): Promise<Collected> {
    const workDir = join(folder, "work");
    const go = goIn(workDir, real, { goproxy });
    const collected = await collectModules({ ...NOTHING, go, workDir, ...options });
    await writeLists(shelfFolder(workDir), collected);
    return collected;
  }

  /** As the installer writes them. */
  async function writeLists(shelf: string, { modules }: Collected): Promise<void> {
    for (const { path, kind } of modules) {
      const versions = modules.filter((each) => each.path === path && each.kind === "module");
      const list = versions.map(({ version }) => `${version}\n`).join("");
      if (kind === "module") await writeFiles(shelf, { [`${escapePath(path)}/@v/list`]: list });
    }
  }

  /** Collects for the project in `folder`/app. */
  async function collectApp(folder: string, goproxy: string = real.goproxy): Promise<Collected> {
    const copy = await copyProject(await projectAt(join(folder, "app")), { to: join(folder, "copy") });
    const platforms = ["linux/amd64", "windows/arm64"];
    const projects = [{ copy, platforms, tags: [], packages: [], cgo: undefined }];
    return collect(folder, { projects }, goproxy);
  }

  /** A go that has nothing but what was collected in `folder`/work. */
  function hostGo(folder: string): GoCommand {
    const goproxy = pathToFileURL(shelfFolder(join(folder, "work"))).href;
    return goIn(join(folder, "host"), real, { goproxy });
  }

  const names = ({ modules }: Collected, kind: "module" | "gomod"): string[] =>
    modules.filter((module) => module.kind === kind).map(({ path, version }) => `${path}@${version}`);

  it("brings all that build, test, list, tidy and vendor need, for every platform, and leaves the project alone", async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const app = join(path, "app");
    await writeFiles(app, {
      "go.mod": "module example.com/app\n\ngo 1.21\n",
      "app.go": 'package app\n\nimport _ "golang.org/x/text/language"\n',
      "app_windows.go": 'package app\n\nimport _ "golang.org/x/sys/windows"\n',
      "app_test.go": 'package app\n\nimport _ "github.com/google/go-cmp/cmp"\n',
    });
    const setUp = goIn(join(path, "setup"), real);
    await setUp.run(["get", "golang.org/x/text@v0.14.0", "golang.org/x/sys@v0.20.0"], { cwd: app });
    await setUp.run(["get", "github.com/google/go-cmp@v0.6.0"], { cwd: app });
    await setUp.run(["mod", "tidy"], { cwd: app });
    const before = await readFile(join(app, "go.sum"), "utf8");

    const collected = await collectApp(path);
    expect(collected.notes).toEqual([]);
    expect(names(collected, "module")).toEqual([
      "github.com/google/go-cmp@v0.6.0",
      "golang.org/x/sys@v0.20.0",
      "golang.org/x/text@v0.14.0",
    ]);
    // x/text's own requirements are listed, and never built.
    expect(names(collected, "gomod")).toContain("golang.org/x/tools@v0.6.0");
    const sums = collected.modules.flatMap((module) =>
      module.kind === "module" ? [`${module.path} ${module.version} ${module.h1}`] : [],
    );
    expect(before.split("\n")).toEqual(expect.arrayContaining(sums));
    expect(await readFile(join(app, "go.sum"), "utf8")).toBe(before);

    const host = hostGo(path);
    for (const command of [
      ["mod", "download"],
      ["list", "-deps", "-test", "./..."],
      ["list", "-m", "-json", "all"],
      ["mod", "tidy"],
      ["mod", "vendor"],
      ["mod", "verify"],
      ["mod", "why", "-m", "all"],
    ]) {
      expect(await codeOf(host.run(command, { cwd: app })), command.join(" ")).toBe("no error");
    }
    const windows = { GOOS: "windows", GOARCH: "arm64" };
    const list = host.run(["list", "-mod=mod", "-deps", "-test", "./..."], { cwd: app, env: windows });
    expect(await codeOf(list)).toBe("no error");
  });

  it("brings the closure of modules and tools, with what their queries stand for", async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const modules = ["golang.org/x/sync@v0.15.0", "golang.org/x/text@v0.14.0"];
    const tools = ["golang.org/x/tools/cmd/stringer@v0.34.0"];
    const { entries, notes, modules: collected } = await collect(path, { modules, tools });
    expect(notes).toEqual([]);
    const needs = new Map(collected.map((each) => [unitName(each), each.neededBy]));
    // The tool's module requires x/sync in this version too; it was brought by the first and counts for both.
    expect(needs.get("golang.org/x/sync@v0.15.0")).toEqual([0, 2]);
    expect(needs.get("golang.org/x/text@v0.14.0")).toEqual([1]);
    expect(needs.get("golang.org/x/tools@v0.34.0")).toEqual([2]);
    expect(collected.filter(({ neededBy }) => neededBy.length === 0)).toEqual([]);
    expect(entries.map(({ kind, path: module, version }) => `${kind} ${module}@${version}`)).toEqual([
      "module golang.org/x/sync@v0.15.0",
      "module golang.org/x/text@v0.14.0",
      "tool golang.org/x/tools@v0.34.0",
    ]);

    const host = hostGo(path);
    const app = join(path, "app");
    await writeFiles(app, {
      "go.mod": "module example.com/app\n\ngo 1.23\n\nrequire golang.org/x/sync v0.15.0\n",
      "app.go": 'package app\n\nimport _ "golang.org/x/sync/errgroup"\n',
    });
    await host.run(["mod", "tidy"], { cwd: app });
    await host.run(["list", "-deps", "-test", "all"], { cwd: app });
    // -n: everything is loaded and nothing is compiled.
    const install = ["install", "-n", "golang.org/x/tools/cmd/stringer@v0.34.0"];
    for (const GOOS of ["linux", "windows"]) {
      expect(await codeOf(host.run(install, { cwd: path, env: { GOOS } }))).toBe("no error");
    }
  });

  it("refuses a tool that is no command, and a module that nobody has", async () => {
    await using folder = await temporaryFolder();
    const tools = ["golang.org/x/sync/errgroup@v0.15.0"];
    expect(await codeOf(collect(folder.path, { tools }))).toBe("TOOL_INVALID");
    const modules = ["golang.org/x/sync@v0.999.0"];
    expect(await codeOf(collect(join(folder.path, "b"), { modules }))).toBe("NOT_FOUND");
  });

  /** A module proxy in `folder` with example.com/dep@v1.0.0, which requires example.com/far: its zip may be missing. */
  async function makeProxy(
    folder: string,
    imports: string,
    far: "far" | "no far" = "no far",
  ): Promise<string> {
    const name = "example.com/dep@v1.0.0";
    const mod = "module example.com/dep\n\ngo 1.21\n\nrequire example.com/far v1.0.0\n";
    const farMod = "module example.com/far\n\ngo 1.21\n";
    await writeFiles(join(folder, "example.com"), {
      "dep/@v/v1.0.0.info": '{"Version":"v1.0.0"}',
      "dep/@v/v1.0.0.mod": mod,
      "dep/@v/v1.0.0.zip": makeZip([
        { name: `${name}/go.mod`, content: mod },
        { name: `${name}/dep.go`, content: "package dep\n" },
        { name: `${name}/dep_test.go`, content: `package dep\n\n${imports}\n` },
      ]),
      "far/@v/v1.0.0.info": '{"Version":"v1.0.0"}',
      "far/@v/v1.0.0.mod": farMod,
      ...(far === "far" && {
        "far/@v/v1.0.0.zip": makeZip([
          { name: "example.com/far@v1.0.0/go.mod", content: farMod },
          { name: "example.com/far@v1.0.0/far.go", content: "package far\n" },
        ]),
      }),
    });
    return pathToFileURL(folder).href;
  }

  /** A project in `folder`/app that imports example.com/dep, with a go.sum. */
  async function makeApp(folder: string, goproxy: string, mod = ""): Promise<string> {
    const app = join(folder, "app");
    await writeFiles(app, {
      "go.mod": `module example.com/app\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n${mod}`,
      "app.go": 'package app\n\nimport _ "example.com/dep"\n',
    });
    const setUp = goIn(join(folder, "setup"), real, { goproxy });
    await setUp.run(["list", "-mod=mod", "./..."], { cwd: app });
    return app;
  }

  it("marks private modules, and takes a tidy that fails for a note", async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const goproxy = await makeProxy(join(path, "proxy"), 'import _ "example.com/far"');
    await makeApp(path, goproxy);
    const copy = await copyProject(await projectAt(join(path, "app")), { to: join(path, "copy") });
    const projects = [{ copy, platforms: ["linux/amd64"], tags: [], packages: [], cgo: undefined }];
    const { modules, notes } = await collect(
      path,
      { projects, privatePatterns: ["*.org", "example.com/d*"] },
      goproxy,
    );
    expect(modules.map((module) => [module.path, module.kind, module.private])).toEqual([
      ["example.com/dep", "module", true],
      ["example.com/far", "gomod", false],
    ]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^app: go mod tidy will not work on the host: .*example\.com\/far/u);
  });

  /** The proxy in `folder`, over http, which answers with `status` for the zip of example.com/far. */
  async function serveProxy(folder: string, status: number): Promise<TestServer> {
    return await serve((request, response) => {
      const path = request.url ?? "";
      if (path === "/example.com/far/@v/v1.0.0.zip") {
        response.writeHead(status).end();
        return;
      }
      readFile(join(folder, path)).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
  }

  // tidy -e exits with 0 whatever happened, and without -e a module that nobody has is only a note.
  it.each([503, 401])("takes no %i of a proxy for a module that is not there", async (status) => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    // Two imports: what is nowhere, and comes first, must not hide what is out of reach.
    const imports = 'import (\n\t_ "example.com/absent"\n\t_ "example.com/far"\n)';
    const goproxy = await makeProxy(join(path, "proxy"), imports);
    await makeApp(path, goproxy);
    await using proxy = await serveProxy(join(path, "proxy"), status);
    const code = status === 503 ? "NETWORK_UNREACHABLE" : "NOT_FOUND";
    const modules = ["example.com/dep@v1.0.0"];
    const error = { code, found: expect.stringContaining(`: ${status} `) };
    await expect(collect(join(path, "entry"), { modules }, proxy.url)).rejects.toMatchObject(error);
    await expect(collectApp(path, proxy.url)).rejects.toMatchObject(error);
  });

  it.each([404, 410, 403])("takes a %i for a module that is not there, and notes it", async (status) => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const goproxy = await makeProxy(join(path, "proxy"), 'import _ "example.com/far"');
    await makeApp(path, goproxy);
    await using proxy = await serveProxy(join(path, "proxy"), status);
    const modules = ["example.com/dep@v1.0.0"];
    const off = `${proxy.url},off`;
    const { notes } = await collect(join(path, "entry"), { modules }, off);
    expect(notes).toEqual([expect.stringMatching(/^example\.com\/dep@v1\.0\.0: .*example\.com\/far/u)]);
    const app = await collectApp(path, off);
    expect(app.notes).toEqual([expect.stringMatching(/^app: go mod tidy will not work/u)]);
  });

  it("refuses a go.sum that does not fit, and one without the entry", async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const goproxy = await makeProxy(join(path, "proxy"), "");
    const app = await makeApp(path, goproxy);
    const sum = await readFile(join(app, "go.sum"), "utf8");
    const wrong = sum.replace(/(example\.com\/dep v1\.0\.0 h1:)..../u, "$1AAAA");
    const cases = [
      [wrong, "GO_SUM_MISMATCH"],
      ["", "GO_SUM_MISSING"],
    ] as const;
    for (const [text, code] of cases) {
      const other = join(path, code);
      await cp(app, join(other, "app"), { recursive: true });
      await writeFile(join(other, "app", "go.sum"), text);
      expect(await codeOf(collectApp(other, goproxy))).toBe(code);
    }
  });

  it("collects for a workspace whose modules need each other", async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    // In a workspace `go mod download` asks for every module of the graph.
    const goproxy = await makeProxy(join(path, "proxy"), "", "far");
    await makeApp(join(path, "app"), goproxy);
    await writeFiles(join(path, "app"), {
      "go.work": "go 1.21\n\nuse (\n\t./app\n\t./lib\n)\n",
      "lib/go.mod": "module example.com/lib\n\ngo 1.21\n",
      "lib/lib.go": 'package lib\n\nimport _ "example.com/app"\n',
    });
    const { modules, notes } = await collectApp(path, goproxy);
    expect(modules.map((module) => `${module.kind} ${module.path}`)).toEqual([
      "module example.com/dep",
      "module example.com/far",
    ]);
    // Alone, lib finds no example.com/app anywhere.
    expect(notes.map((note) => note.replace(/:[^:]*$/u, ""))).toEqual([
      expect.stringMatching(/^app: go mod tidy will not work on the host/u),
    ]);
  });
});
