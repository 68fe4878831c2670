// The stand-alone goferry of this machine, or of another one, as `pnpm executables` makes it. Made here when it is missing or older than a
// source, so that no test praises an executable that is not of these sources.

import { execFile } from "node:child_process";
import { glob, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const top = fileURLToPath(new URL("../..", import.meta.url));

const SOURCES = [
  "packages/*/src/**/*.ts",
  "packages/installer/launcher/*",
  "packages/installer/winhelper/*",
  "scripts/executables.ts",
  "scripts/executables/*.ts",
  "scripts/install.sh",
  "pnpm-lock.yaml",
];

/** Absolute path of the executable. Throws, with what the build said, when it cannot be made. */
export async function goferryExecutable(
  name = `linux-${process.arch === "arm64" ? "arm64" : "amd64"}`,
): Promise<string> {
  const file = join(top, "dist", `goferry-${name}`);
  const made = await modified(file);
  if (made !== undefined && made >= (await newestSource())) return file;
  try {
    await promisify(execFile)(process.execPath, ["scripts/executables.ts", name.replace(/\.exe$/u, "")], {
      cwd: top,
    });
  } catch (error) {
    throw new Error(`there is no dist/goferry-${name}, and it cannot be made: pnpm executables`, {
      cause: error,
    });
  }
  return file;
}

async function newestSource(): Promise<number> {
  let newest = 0;
  for await (const path of glob(SOURCES, { cwd: top })) {
    if (!path.endsWith(".test.ts")) newest = Math.max(newest, (await modified(join(top, path))) ?? 0);
  }
  return newest;
}

/** Milliseconds since 1970; undefined where there is no such file. */
async function modified(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
