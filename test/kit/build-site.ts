// A place to build a bundle from: a spec, a project, a key, a cache and an empty folder for the result, and what is left
// of all that after a build that was refused.

import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { generateKey } from "../../packages/bundler/src/index.ts";
import { writeFiles } from "./bundler-go.ts";
import { runGoferry, type GoferryOptions, type GoferryResult } from "./run-goferry.ts";
import { testPlatform } from "./real-go.ts";

export interface BuildSite extends AsyncDisposable {
  folder: string;
  spec: string;
  /** The folder of the project. */
  app: string;
  lock: string;
  /** The bundle, in a folder of its own where nothing else is. */
  out: string;
  /** Without a passphrase. */
  key: string;
  /** The file that hosts get. */
  publicKey: string;
  cache: string;
  /** The environment of the builds: HOME, a PATH without go, and what the test gave. */
  env: Record<string, string>;
}

export interface SiteOptions {
  /** The cache; by default a fresh one in the folder. */
  cache?: string;
  env?: Readonly<Record<string, string>>;
  /** Of the project, by their names. */
  files?: Record<string, string>;
}

/** A project that imports nothing, so that it builds without the standard library. */
const PROJECT = {
  "go.mod": "module example.com/app\n\ngo 1.21\n",
  "app.go": "// Package app has one thing.\npackage app\n\nconst Thing = 1\n",
};

export async function buildSite({ cache, env = {}, files = {} }: SiteOptions = {}): Promise<BuildSite> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "goferry-build-")));
  const yaml = `name: site\ngo: ["1.27.1"]\nplatforms: [${testPlatform()}]\nprojects: [./app]\n`;
  await writeFiles(folder, { "goferry.yaml": yaml });
  await writeFiles(join(folder, "app"), { ...PROJECT, ...files });
  for (const name of ["out", "home", "no-programs"]) await mkdir(join(folder, name));
  const pair = await generateKey({
    name: "Site",
    email: "site@example.com",
    now: new Date(Date.now() - 60_000),
  });
  await writeFile(join(folder, "private.asc"), pair.privateKey, { mode: 0o600 });
  await writeFile(join(folder, "public.asc"), pair.publicKey);
  return {
    folder,
    spec: join(folder, "goferry.yaml"),
    app: join(folder, "app"),
    lock: join(folder, "goferry.lock"),
    out: join(folder, "out", "site.tar"),
    key: join(folder, "private.asc"),
    publicKey: join(folder, "public.asc"),
    cache: cache ?? join(folder, "cache"),
    env: { HOME: join(folder, "home"), PATH: join(folder, "no-programs"), ...env },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Runs `goferry build` there, with further arguments. */
export async function build(
  { spec, key, out, cache, env }: BuildSite,
  args: readonly string[] = ["--json"],
  options: GoferryOptions = {},
): Promise<GoferryResult> {
  const words = ["build", spec, "--sign-key", key, "--out", out, "--cache", cache, ...args];
  return await runGoferry(words, { ...options, env: { ...env, ...options.env } });
}

/** Nothing at the output, no lock, no work folder, and no process of the build. */
export async function expectNothing(site: BuildSite): Promise<void> {
  expect(await readdir(join(site.out, ".."))).toEqual([]);
  expect((await readdir(site.folder)).filter((name) => name.includes("lock"))).toEqual([]);
  await expectTidy(site);
}

/** No work folder, no half of a download, and no process of the build. */
export async function expectTidy({ cache }: BuildSite): Promise<void> {
  expect(await readdir(join(cache, "work")).catch(() => [])).toEqual([]);
  expect(await readdir(join(cache, "downloads", "tmp")).catch(() => [])).toEqual([]);
  expect(await processesIn(cache)).toEqual([]);
}

/** Command lines of processes that run a program from below `folder` or work in it. */
export async function processesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/u.test(name))) {
    const links = ["exe", "cwd"].map((name) => readlink(`/proc/${pid}/${name}`).catch(() => ""));
    if (!(await Promise.all(links)).some((path) => path.startsWith(`${folder}/`))) continue;
    found.push(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "ended"));
  }
  return found;
}
