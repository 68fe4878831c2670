// Large real input, the whole way: built by the command line, installed without a network, and then used by Go in a
// network namespace with nothing but HOME and PATH. Prints what each command took.

import { execFile, spawn } from "node:child_process";
import { cp, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { expect } from "vitest";
import { generateKey } from "../../packages/bundler/src/index.ts";
import { OFFLINE } from "./offline.ts";
import { runGoferry, type GoferryResult } from "./run-goferry.ts";
import { scratchFolder } from "./scratch.ts";

/** Bytes that every command of goferry must stay below. */
const MOST_MEMORY = 512_000_000;

export interface LargeSite extends AsyncDisposable {
  folder: string;
  /** HOME of the host's user. */
  home: string;
  root: string;
}

/** A folder with a spec, a key and a HOME. */
export async function largeSite(yaml: string): Promise<LargeSite> {
  const scratch = await scratchFolder("goferry-large");
  const folder = scratch.path;
  const pair = await generateKey({
    name: "Large",
    email: "large@example.com",
    now: new Date(Date.now() - 60_000),
  });
  await writeFile(join(folder, "goferry.yaml"), yaml);
  await writeFile(join(folder, "private.asc"), pair.privateKey, { mode: 0o600 });
  await writeFile(join(folder, "public.asc"), pair.publicKey);
  await mkdir(join(folder, "home"));
  return {
    folder,
    home: join(folder, "home"),
    root: join(folder, "root"),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

/** Builds the bundle with what the developer's machine has for fetching modules. A refusal is an answer. */
export async function buildLarge({ folder }: LargeSite): Promise<GoferryResult> {
  const words = ["build", "goferry.yaml", "--sign-key", "private.asc", "--out", "site.tar", "--json"];
  const cache = join(folder, "cache");
  const downloads = join(homedir(), ".cache", "goferry-test", "downloads");
  // Toolchains are 80 MB each; modules are fetched anew by every build.
  await cp(downloads, join(cache, "downloads"), { recursive: true }).catch(() => undefined);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  return await measured("build", { cwd: folder, env }, ...words, "--cache", cache);
}

/** Verifies the bundle and installs it, both without a network; what the installation said. */
export async function installLarge({ folder, root, home }: LargeSite): Promise<GoferryResult> {
  const env = { HOME: home, PATH: "/usr/bin:/bin" };
  const bundle = join(folder, "site.tar");
  process.stdout.write(`  the bundle has ${megabytes((await stat(bundle)).size)} MB\n`);
  await rm(join(folder, "cache"), { recursive: true, force: true });
  const key = ["--key", join(folder, "public.asc"), "--json"];
  const verified = await measured("verify", { env, within: OFFLINE }, "verify", bundle, ...key);
  expect(verified.code, verified.stdout).toBe(0);
  const installed = await measured(
    "install",
    { env, within: OFFLINE },
    "install",
    bundle,
    ...key,
    "--root",
    root,
  );
  expect(installed.code, installed.stdout).toBe(0);
  return installed;
}

/** Runs a program of the root, or of the HOME's go/bin, in `cwd`. Gives both outputs; throws with them when it fails. */
export async function useLarge(
  { root, home }: LargeSite,
  cwd: string,
  line: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const start = performance.now();
  const all = { HOME: home, PATH: `${join(root, "bin")}:${join(home, "go", "bin")}:/usr/bin:/bin`, ...env };
  const [program = "", ...words] = [...OFFLINE, "env", ...line.split(" ")];
  const { stdout, stderr } = await promisify(execFile)(program, words, { env: all, cwd, maxBuffer: 1 << 28 });
  process.stdout.write(`  ${line}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  return stdout + stderr;
}

/** The sources of a module, as its zip has them, in `to`, writable, by the go on PATH. */
export async function sourcesOf(module: string, to: string): Promise<void> {
  const cache = `${to}-cache`;
  const env = { ...process.env, GOMODCACHE: cache, GOFLAGS: "-modcacherw", GOTOOLCHAIN: "local" };
  const output = await new Promise<string>((resolve, reject) => {
    // It exits with 1 where the module wants a newer Go than the one on PATH, after it has fetched the zip.
    const child = spawn("go", ["mod", "download", "-json", module], { env, cwd: "/" });
    let text = "";
    child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
    child.once("error", reject);
    child.once("close", () => resolve(text));
  });
  const { Zip } = JSON.parse(output) as { Zip: string };
  await promisify(execFile)("unzip", ["-q", Zip, "-d", `${to}-zip`]);
  await cp(join(`${to}-zip`, module), to, { recursive: true });
  for (const folder of [cache, `${to}-zip`]) await rm(folder, { recursive: true, force: true });
}

async function measured(
  what: string,
  options: { cwd?: string; env: Record<string, string>; within?: readonly string[] },
  ...words: string[]
): Promise<GoferryResult> {
  const start = performance.now();
  // The namespace's program becomes goferry, so it is goferry's memory that is measured.
  const result = await runGoferry(words, { ...options, memory: true });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(
    `  goferry ${what}: ${seconds} s, at most ${megabytes(result.peakBytes)} MB of memory\n`,
  );
  expect(result.peakBytes, what).toBeLessThan(MOST_MEMORY);
  return result;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** The status with which the first module proxy of the developer answers for a path such as "example.com/x/@v/v1.0.0.zip". */
export async function askProxy(path: string): Promise<number> {
  const { stdout } = await promisify(execFile)("go", ["env", "GOPROXY"]);
  const [first = ""] = stdout.trim().split(/[,|]/u);
  const response = await fetch(`${first}/${path}`);
  await response.arrayBuffer();
  return response.status;
}
