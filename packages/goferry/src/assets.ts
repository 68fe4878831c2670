// Files that goferry needs beside its program: from the repository when it runs from source, from inside the file when
// it is a stand-alone executable (scripts/executables/bundle.ts puts them there).

import { readFile } from "node:fs/promises";
import { getAsset, getAssetKeys, getRawAsset, isSea } from "node:sea";

const SOURCES = { "install.sh": "../../../scripts/install.sh" } as const;

export type AssetName = keyof typeof SOURCES;

export async function readAsset(name: AssetName): Promise<string> {
  if (isSea()) return getAsset(name, "utf8");
  return await readFile(new URL(SOURCES[name], import.meta.url), "utf8");
}

/** The program that bin/go.exe is on Windows. Only the executable for Windows has it, and the next, in it. */
export function launcher(): Uint8Array | undefined {
  return programInside("launcher.exe");
}

/** The program by which goferry asks Windows. */
export function windowsHelper(): Uint8Array | undefined {
  return programInside("winhelper.exe");
}

function programInside(name: string): Uint8Array | undefined {
  return isSea() && getAssetKeys().includes(name) ? new Uint8Array(getRawAsset(name)) : undefined;
}

/** JavaScript of the installer's worker; undefined where that is a file of its own. */
export function workerSource(): string | undefined {
  return isSea() ? getAsset("extract-worker.js", "utf8") : undefined;
}
