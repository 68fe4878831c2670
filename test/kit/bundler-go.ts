// The go on PATH as the bundler runs it, with the module proxy of this machine, for tests.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { createGo } from "../../packages/bundler/src/go/command.ts";
import type { GoCommand } from "../../packages/bundler/src/go/command.ts";
import { proxiesWithShelf } from "../../packages/bundler/src/go/closures.ts";
import { goEnvironment } from "../../packages/bundler/src/go/environment.ts";
import type { Environment } from "../../packages/bundler/src/go/environment.ts";
import { createRunner } from "../../packages/bundler/src/go/spawn.ts";
import type { ProjectFolder } from "../../packages/bundler/src/go/project-copy.ts";
import { readProjectFiles } from "../../packages/bundler/src/plan/project-files.ts";
import { findRealGo } from "./real-go.ts";

export interface BundlerGo {
  goroot: string;
  /** Without "go". */
  version: string;
  /** GOPROXY of this machine. */
  goproxy: string;
}

/** The go on PATH; undefined, with a word on stderr, when there is none. */
export async function findBundlerGo(): Promise<BundlerGo | undefined> {
  const found = await findRealGo();
  if (found === undefined) return undefined;
  const { stdout } = await promisify(execFile)("go", ["env", "GOPROXY"]);
  return { ...found, goproxy: stdout.trim() };
}

export interface GoSettings {
  goproxy?: string;
  gosumdb?: string;
  user?: Environment;
}

/** `go` with the environment of a build whose work folder is `workDir`. */
export function goIn(workDir: string, go: BundlerGo, settings: GoSettings = {}): GoCommand {
  const { goproxy = go.goproxy, gosumdb = "off", user = process.env } = settings;
  const proxies = proxiesWithShelf(workDir, goproxy);
  const env = goEnvironment({ user, userFile: {}, workDir, goproxy: proxies, gosumdb });
  return createGo({ goroot: go.goroot, env, secrets: user, runner });
}

/** Runs commands as the command line does. */
export const runner = createRunner((pid, signal) => process.kill(pid, signal));

/** A temporary folder that is removed when the scope that holds it ends. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "goferry-go-")));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** The project in a folder as copyProject takes it. */
export async function projectAt(dir: string): Promise<ProjectFolder> {
  const files = await readProjectFiles({ dir, label: "app", readFile });
  if (files === undefined) throw new Error(`no go.mod in ${dir}`);
  return { name: "app", dir, layout: files.layout };
}

/** Writes files by their paths below `folder`. */
export async function writeFiles(folder: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** The code of the GoferryError that a promise rejects with, or what else it did. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "no error";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
