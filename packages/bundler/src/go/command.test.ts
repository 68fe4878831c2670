// With the go on PATH, from proxies on this disk and from the module proxy of this machine.
import { copyFile, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import {
  codeOf,
  findBundlerGo,
  goIn,
  runner,
  temporaryFolder,
  writeFiles,
} from "../../../../test/kit/bundler-go.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { createGo } from "./command.ts";
import { goFolders } from "./environment.ts";

const found = await findBundlerGo();

describe("createGo", () => {
  it("runs bin/go of the GOROOT with exactly its environment, and hands back both streams", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "bin"));
    const script = '#!/bin/sh\necho "$@"; env | sort; echo warning >&2\n';
    await writeFile(join(folder.path, "bin", "go"), script, { mode: 0o755 });
    const go = createGo({ goroot: folder.path, env: { PATH: "/usr/bin:/bin", A: "1", B: "1" }, runner });
    const { stdout, stderr } = await go.run(["mod", "a b", "$HOME"], { cwd: folder.path, env: { B: "2" } });
    const lines = stdout.split("\n").filter((line) => !/^(?:_|OLDPWD|SHLVL)=/u.test(line));
    expect(lines).toEqual(["mod a b $HOME", "A=1", "B=2", "PATH=/usr/bin:/bin", `PWD=${folder.path}`, ""]);
    expect(stderr).toBe("warning\n");
  });

  it("keeps secrets of the user out of errors", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "bin"));
    const script = '#!/bin/sh\necho "https://me:hunter22@h.example.com and token-9876" >&2; exit 1\n';
    await writeFile(join(folder.path, "bin", "go"), script, { mode: 0o755 });
    const env = { PATH: "/usr/bin:/bin", GOPROXY: "https://me:hunter22@h.example.com" };
    const go = createGo({ goroot: folder.path, env, secrets: { MY_TOKEN: "token-9876" }, runner });
    const error = await go
      .run(["get", "token-9876"], { cwd: folder.path })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "GO_FAILED", found: "https://***@h.example.com and ***" });
    expect(JSON.stringify(error)).not.toMatch(/hunter22|token-9876/u);
  });

  it("ends the whole process group when it is interrupted", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "bin"));
    // The grandchild would write the file long after the child is gone.
    const script = "#!/bin/sh\n(sleep 1; echo late > late) & echo $! > started; wait\n";
    await writeFile(join(folder.path, "bin", "go"), script, { mode: 0o755 });
    const go = createGo({ goroot: folder.path, env: { PATH: "/usr/bin:/bin" }, runner });
    const abort = new AbortController();
    const run = codeOf(go.run(["build"], { cwd: folder.path, signal: abort.signal }));
    await until(async () => (await readdir(folder.path)).includes("started"));
    abort.abort();
    expect(await run).toBe("INTERRUPTED");
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(await readdir(folder.path)).not.toContain("late");
    expect(await codeOf(go.run(["build"], { cwd: folder.path, signal: abort.signal }))).toBe("INTERRUPTED");
  });

  it("says when there is no go", async () => {
    const go = createGo({ goroot: "/nonexistent", env: {}, runner });
    expect(await codeOf(go.run(["version"], { cwd: "/" }))).toBe("IO_FAILED");
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe.skipIf(found === undefined)("a real go", () => {
  let real: NonNullable<typeof found>;
  beforeAll(() => {
    if (found !== undefined) real = found;
  });

  const FILES = {
    "go.mod": "module example.com/app\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n",
    "app.go": 'package app\n\nimport _ "example.com/dep"\n',
  };

  /** A module proxy on this disk with example.com/dep@v1.0.0. */
  async function makeProxy(folder: string, content: string): Promise<string> {
    const name = "example.com/dep@v1.0.0";
    const mod = "module example.com/dep\n\ngo 1.21\n";
    await writeFiles(join(folder, "example.com", "dep", "@v"), {
      "v1.0.0.info": '{"Version":"v1.0.0"}',
      "v1.0.0.mod": mod,
      "v1.0.0.zip": makeZip([
        { name: `${name}/go.mod`, content: mod },
        { name: `${name}/dep.go`, content },
      ]),
    });
    return pathToFileURL(folder).href;
  }

  it("refuses a module that was tampered with after go.sum had recorded it", async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const app = join(path, "app");
    await writeFiles(app, FILES);
    const good = await makeProxy(join(path, "good"), "package dep\n");
    await goIn(join(path, "w1"), real, { goproxy: good }).run(["mod", "tidy"], { cwd: app });
    const sum = await readFile(join(app, "go.sum"), "utf8");

    const bad = await makeProxy(join(path, "bad"), "package dep // changed\n");
    const go = goIn(join(path, "w2"), real, { goproxy: bad });
    const error = await go.run(["mod", "download"], { cwd: app }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "GO_SUM_MISMATCH", exitCode: 3, subject: "example.com/dep@v1.0.0" });
    expect(sum).toContain((error as { expected: string }).expected);
  });

  it("has caches of its own, in the work folder, that can be removed", async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const app = join(path, "app");
    await writeFiles(app, FILES);
    const goproxy = await makeProxy(join(path, "proxy"), "package dep\n");
    const work = join(path, "w");
    const go = goIn(work, real, { goproxy });
    await go.run(["mod", "tidy"], { cwd: app });
    const { stdout } = await go.run(["env", "GOMODCACHE", "GOFLAGS", "GOROOT"], { cwd: app });
    expect(stdout).toBe(`${goFolders(work).modCache}\n-modcacherw\n${real.goroot}\n`);
    await copyFile(join(app, "go.mod"), join(goFolders(work).modCache, "example.com", "dep@v1.0.0", "new"));
  });

  it("names the version that a proxy does not have", async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, FILES);
    const goproxy = pathToFileURL(join(folder.path, "empty")).href;
    const go = goIn(join(folder.path, "w"), real, { goproxy });
    const error = await go.run(["mod", "download"], { cwd: folder.path }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "NOT_FOUND", exitCode: 7, subject: "example.com/dep@v1.0.0" });
  });

  it("names the module and the answer of the module proxy of this machine", async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, {
      "go.mod": "module example.com/app\n\ngo 1.21\n\nrequire github.com/google/uuid v1.99.0\n",
    });
    const go = goIn(join(folder.path, "w"), real);
    const error = await go.run(["mod", "download"], { cwd: folder.path }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "NOT_FOUND", subject: "github.com/google/uuid@v1.99.0" });
    expect((error as { found: string }).found).toMatch(/40[34]|410|unknown revision/u);
  });

  it.each([
    ["a proxy that cannot be reached", "http://127.0.0.1:9", FILES["go.mod"], "NETWORK_UNREACHABLE"],
    ["no proxy at all", "off", FILES["go.mod"], "NETWORK_UNREACHABLE"],
    ["a go.mod with a mistake", "off", "module example.com/app\n\nrequre x\n", "PROJECT_INVALID"],
    ["a go.mod that wants a newer Go", "off", "module example.com/app\n\ngo 1.999\n", "GO_TOO_OLD"],
  ])("tells %s", async (_, goproxy, mod, code) => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, { ...FILES, "go.mod": mod });
    const go = goIn(join(folder.path, "w"), real, { goproxy });
    expect(await codeOf(go.run(["mod", "download"], { cwd: folder.path }))).toBe(code);
  });
});
