// With the go on PATH and a module proxy that is a folder. Builds of different days share a cache and nothing else.
import { hash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dirhash, goModHash } from "@goferry/core";
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
import { storeFolder } from "../cache/folders.ts";
import { collectKnown } from "./collect-known.ts";
import { moduleFile } from "./module-store.ts";
import type { Collected } from "./modules.ts";
import { copyProject } from "./project-copy.ts";
import type { GoCommand } from "./command.ts";

const found = await findBundlerGo();

const DEP = { path: "example.com/dep", version: "v1.0.0" };

describe.skipIf(found === undefined)("collectKnown", () => {
  let real: NonNullable<typeof found>;
  beforeAll(() => {
    if (found !== undefined) real = found;
  });

  interface Day {
    collected: Collected;
    /** How often go was asked. */
    asked: number;
  }

  interface Site {
    folder: string;
    proxy: string;
    store: string;
    cacheDir: string;
    /** Collects as a build of that day does, in a work folder of its own. */
    day(options?: Partial<{ modules: string[]; now: Date; settings: Record<string, string> }>): Promise<Day>;
  }

  async function site(folder: string): Promise<Site> {
    const proxy = join(folder, "proxy");
    const cacheDir = join(folder, "cache");
    const store = storeFolder(cacheDir);
    await writeFiles(join(folder, "app"), {
      "go.mod": "module example.com/app\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n",
      "app.go": 'package app\n\nimport _ "example.com/dep"\n',
    });
    await writeFile(join(folder, "app/go.sum"), await publish(proxy, "example.com/dep", "v1.0.0"));
    await publish(proxy, "example.com/other", "v1.0.0");
    let days = 0;
    return {
      folder,
      proxy,
      store,
      cacheDir,
      async day({ modules = [], now = new Date(), settings = {} } = {}) {
        const workDir = join(folder, `work-${days++}`);
        const goproxy = [store, proxy].map((each) => pathToFileURL(each).href).join(",");
        const go = goIn(workDir, real, { goproxy, user: { PATH: process.env["PATH"], HOME: folder } });
        let asked = 0;
        const counted: GoCommand = {
          run: (args, options) => ((asked += 1), go.run(args, options)),
          attempt: (args, options) => ((asked += 1), go.attempt(args, options)),
        };
        const copy = await copyProject(await projectAt(join(folder, "app")), { to: join(workDir, "copy") });
        const collected = await collectKnown(
          {
            go: counted,
            workDir,
            projects: [{ copy, platforms: ["linux/amd64"], tags: [], packages: [], cgo: undefined }],
            modules,
            tools: [],
            platforms: ["linux/amd64"],
            privatePatterns: [],
          },
          {
            toolchain: "h1:x",
            goEnv: { GOPROXY: pathToFileURL(proxy).href, ...settings },
            machine: { cacheDir, userAgent: "test", now: () => now },
          },
        );
        return { collected, asked };
      },
    };
  }

  /** Hands back its lines of a go.sum. */
  async function publish(proxy: string, path: string, version: string): Promise<string> {
    const mod = `module ${path}\n`;
    const folder = join(proxy, path, "@v");
    const list = await readFile(join(folder, "list"), "utf8").catch(() => "");
    const files = { "go.mod": mod, "x.go": `package ${path.slice(12)}\n` };
    await writeFiles(folder, {
      list: `${list}${version}\n`,
      [`${version}.info`]: JSON.stringify({ Version: version }),
      [`${version}.mod`]: mod,
      [`${version}.zip`]: makeZip(
        Object.entries(files).map(([name, content]) => ({ name: `${path}@${version}/${name}`, content })),
      ),
    });
    const h1 = dirhash(
      Object.entries(files).map(([name, content]) => ({
        name: `${path}@${version}/${name}`,
        sha256: hash("sha256", content, "hex"),
      })),
    );
    return `${path} ${version} ${h1}\n${path} ${version}/go.mod ${goModHash(Buffer.from(mod))}\n`;
  }

  /** What is said of the modules, without the place where they lie. */
  const said = ({ collected }: Day): object => ({
    ...collected,
    modules: collected.modules.map((module) => ({ ...module, mod: "", zip: "", unpacked: 0 })),
  });

  it("asks go once, and then not again, with the same answer and the same files", async () => {
    await using folder = await temporaryFolder();
    const { day } = await site(folder.path);
    const options = { modules: ["example.com/other@v1.0.0"] };
    const first = await day(options);
    expect(first.asked).toBeGreaterThan(3);
    expect(first.collected.modules.map(({ path, neededBy }) => [path, neededBy])).toEqual([
      ["example.com/dep", [0]],
      ["example.com/other", [1]],
    ]);
    const second = await day(options);
    expect(second.asked).toBe(0);
    expect(said(second)).toEqual(said(first));
    for (const [i, { mod }] of second.collected.modules.entries()) {
      expect(await readFile(mod)).toEqual(await readFile(first.collected.modules[i]?.mod ?? ""));
    }
  });

  it("asks again for a project that changed, and for nothing else, and downloads nothing twice", async () => {
    await using folder = await temporaryFolder();
    const { day, proxy } = await site(folder.path);
    const options = { modules: ["example.com/other@v1.0.0"] };
    const first = await day(options);
    await writeFile(join(folder.path, "app/more.go"), "package app\n");
    await rm(join(proxy, "example.com/dep/@v/v1.0.0.zip"));
    await rm(join(proxy, "example.com/other"), { recursive: true });
    const second = await day(options);
    expect(second.asked).toBeGreaterThan(0);
    expect(second.asked).toBeLessThan(first.asked);
    expect(said(second)).toEqual(said(first));
  });

  it("asks every time for what is newest", async () => {
    await using folder = await temporaryFolder();
    const { day, proxy } = await site(folder.path);
    const options = { modules: ["example.com/other@latest"] };
    expect((await day(options)).collected.entries[0]?.version).toBe("v1.0.0");
    await publish(proxy, "example.com/other", "v1.1.0");
    expect((await day(options)).collected.entries[0]?.version).toBe("v1.1.0");
  });

  it("keeps no answer for which go had to choose a version", async () => {
    await using folder = await temporaryFolder();
    const { day, proxy } = await site(folder.path);
    // The test of the project imports what its go.mod does not name; go mod tidy looks for it.
    await writeFiles(join(folder.path, "app"), {
      "only.go": '//go:build only\n\npackage app\n\nimport _ "example.com/other"\n',
    });
    const has = (version: string, { collected }: Day): boolean =>
      collected.modules.some((each) => each.path === "example.com/other" && each.version === version);
    expect(has("v1.0.0", await day())).toBe(true);
    await publish(proxy, "example.com/other", "v1.1.0");
    expect(has("v1.1.0", await day())).toBe(true);
  });

  it("asks again where go asks elsewhere, but for a login that is another", async () => {
    await using folder = await temporaryFolder();
    const { day } = await site(folder.path);
    const goproxy = (login: string): Record<string, string> => ({
      GOPROXY: `https://${login}@p.example.com`,
    });
    await day({ settings: goproxy("me:one") });
    expect((await day({ settings: goproxy("me:two") })).asked).toBe(0);
    expect((await day({ settings: { GOPRIVATE: "example.com/*" } })).asked).toBeGreaterThan(0);
  });

  it("asks once a day what was retracted", async () => {
    await using folder = await temporaryFolder();
    const { day, proxy } = await site(folder.path);
    await day();
    await publish(proxy, "example.com/dep", "v1.1.0");
    const mod = "module example.com/dep\n\nretract v1.0.0 // Loses data.\n";
    await writeFile(join(proxy, "example.com/dep/@v/v1.1.0.mod"), mod);
    expect((await day()).collected.notes).toEqual([]);
    const tomorrow = new Date(Date.now() + 25 * 60 * 60 * 1000);
    const { collected, asked } = await day({ now: tomorrow });
    expect(collected.notes.join()).toContain("example.com/dep@v1.0.0 was retracted");
    expect(asked).toBe(1);
  });

  it.each([
    [".zip", "no zip"],
    [".zip", ""],
    [".mod", ""],
    [".info", "{"],
  ])("does without a %s of the store that says %j", async (extension, text) => {
    await using folder = await temporaryFolder();
    const { day, store } = await site(folder.path);
    const first = await day();
    const file = moduleFile(store, DEP, extension);
    await rm(file);
    await writeFile(file, text);
    // Something else changed too, so that go meets the file.
    await writeFile(join(folder.path, "app/more.go"), "package app\n");
    expect(said(await day())).toEqual(said(first));
    await writeFile(join(folder.path, "app/more.go"), "package app\n\nvar X int\n");
    expect(said(await day())).toEqual(said(first));
  });

  it("still refuses what the proxy has other than go.sum says", async () => {
    await using folder = await temporaryFolder();
    const { day, cacheDir } = await site(folder.path);
    const wrong = `h1:${"A".repeat(43)}=`;
    await writeFile(
      join(folder.path, "app/go.sum"),
      `example.com/dep v1.0.0 ${wrong}\nexample.com/dep v1.0.0/go.mod ${wrong}\n`,
    );
    expect(await codeOf(day())).toBe("GO_SUM_MISMATCH");
    expect(await readdir(cacheDir).catch(() => [])).toEqual([]);
  });
});
