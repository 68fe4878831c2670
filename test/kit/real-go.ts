// A root with a real Go in it, for tests that ask Go itself: the go on PATH, in the layout of DESIGN 4. Its own
// programs are copied, because Go finds its GOROOT by the file that runs; the rest of the GOROOT is linked, so that
// a root is made in milliseconds. Where there is no go on PATH these tests are skipped, and say so.

import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, realpath, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

export interface RealGo {
  goroot: string;
  /** Without "go". */
  version: string;
}

/** The go on PATH, Go 1.21 or later; undefined, with a word on stderr, when there is none. */
export async function findRealGo(): Promise<RealGo | undefined> {
  try {
    const env = { ...process.env, GOTOOLCHAIN: "local" };
    const { stdout } = await promisify(execFile)("go", ["env", "GOROOT"], { env });
    const goroot = await realpath(stdout.trim());
    const [line = ""] = (await readFile(join(goroot, "VERSION"), "utf8")).split("\n");
    await readFile(join(goroot, "go.env"));
    return { goroot, version: line.replace(/^go/u, "") };
  } catch (error) {
    process.stderr.write(`tests with a real Go are skipped: there is no go on PATH (${String(error)})\n`);
    return undefined;
  }
}

/** Puts the Go into `root` as version `as` (its own version when not given). Gives the GOROOT. */
export async function plantGo(root: string, go: RealGo, as: string = go.version): Promise<string> {
  const goroot = join(root, "sdk", `go${as}`);
  await mkdir(join(goroot, "bin"), { recursive: true });
  for (const file of ["bin/go", "bin/gofmt", "VERSION", "go.env"]) {
    await copyFile(join(go.goroot, file), join(goroot, file));
  }
  for (const folder of ["pkg", "src", "lib"]) await symlink(join(go.goroot, folder), join(goroot, folder));
  return goroot;
}

/** Makes the links of a root that has one Go version: `current`, and bin/ as `entries` say. */
export async function linkRoot(
  root: string,
  current: string,
  entries: readonly { name: string; target: string }[],
): Promise<void> {
  await symlink(current, join(root, "current"));
  await mkdir(join(root, "bin"), { recursive: true });
  for (const { name, target } of entries) await symlink(target, join(root, "bin", name));
}

/** Go's name of the platform that the tests run on. */
export function testPlatform(): string {
  const names: Record<string, string> = { x64: "amd64", win32: "windows" };
  return `${names[process.platform] ?? process.platform}/${names[process.arch] ?? process.arch}`;
}

/** An environment with nothing of the developer's Go settings in it. */
export function cleanEnv(home: string): Record<string, string> {
  const path = (process.env["PATH"] ?? "")
    .split(":")
    .filter((folder) => folder !== dirname(process.execPath));
  return { HOME: home, PATH: path.join(":") };
}
