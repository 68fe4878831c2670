// Does an executable do what it is for? One that ends with 0 and prints nothing has been seen: built with the wrong
// version of node. So it is started, where this machine can start it, before it gets its name.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Platform } from "./base.ts";
import { run } from "./run.ts";

/** Says what was checked; throws when the executable fails. */
export async function checkExecutable(file: string, platform: Platform): Promise<string> {
  if (platform !== platformHere()) return "not started: it is for another platform";
  const scratch = await mkdtemp(join(tmpdir(), "goferry-executable-"));
  try {
    const version = await expectedVersion();
    // No PATH, no HOME, nothing: what a service gets.
    await expectVersion(file, version, {});
    await refuseOptions(file, version, scratch);
    await expectList(file, scratch);
    return "started";
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** As executables are named for it. */
export function platformHere(): string {
  const names: Record<string, string> = { win32: "windows", x64: "amd64" };
  return `${names[process.platform] ?? process.platform}-${names[process.arch] ?? process.arch}`;
}

/** NODE_OPTIONS must be without effect: neither may it run code in our process, nor stop us with a bad option. */
async function refuseOptions(file: string, version: string, scratch: string): Promise<void> {
  const hostile = join(scratch, "hostile.cjs");
  await writeFile(hostile, `console.log("NODE_OPTIONS is in effect"); process.exit(0);`);
  await expectVersion(file, version, { NODE_OPTIONS: `--require=${hostile}` });
  await expectVersion(file, version, { NODE_OPTIONS: "--no-such-option" });
}

async function expectVersion(file: string, version: string, env: Record<string, string>): Promise<void> {
  const printed = (await run(file, ["--version"], { env })).trim();
  if (printed.split(/\s+/u).includes(version)) return;
  const found = printed === "" ? "nothing" : JSON.stringify(printed);
  throw new Error(`${file} --version, with ${JSON.stringify(env)}, printed ${found}; expected ${version}`);
}

/** A command, with the parts of the program that it loads. */
async function expectList(file: string, scratch: string): Promise<void> {
  const printed = await run(file, ["list", "--json", "--root", join(scratch, "root")], { env: {} });
  const { generation } = JSON.parse(printed) as { generation?: number };
  if (generation === 0) return;
  throw new Error(`${file} list, of a root that is not there, printed ${JSON.stringify(printed)}`);
}

async function expectedVersion(): Promise<string> {
  const { version } = JSON.parse(
    await readFile(new URL("../../packages/goferry/package.json", import.meta.url), "utf8"),
  ) as { version: string };
  return version;
}
