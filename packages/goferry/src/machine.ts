// The machine that is installed on, made from the facts of the terminal. The one that builds: build-machine.ts.

import { join } from "node:path";
import { createHost, type Host, type HostFacts } from "@goferry/installer";
import type { Environment, Terminal } from "./terminal.ts";

/** The variable that may hold the passphrase of a key; commands that are started do not get it. */
export const PASSPHRASE_VARIABLE = "GOFERRY_KEY_PASSPHRASE";

/** Go's names where Node has others. */
const GOOS: Readonly<Record<string, string>> = { win32: "windows", sunos: "solaris" };
const GOARCH: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  ppc64: "ppc64le",
  mipsel: "mipsle",
  loong64: "loong64",
};

/** GOOS/GOARCH of a system that Node names. */
export function goPlatform({ os, arch }: { os: string; arch: string }): string {
  return `${GOOS[os] ?? os}/${GOARCH[arch] ?? arch}`;
}

/** What is known only when a command is about to run. */
export type HostMore = Pick<HostFacts, "windows" | "executableSize" | "onEvent">;

/** The machine that is installed on. */
export function installHost({ env, system, now }: Terminal, more: HostMore = {}): Host {
  const {
    home,
    uid,
    userName,
    executablePath,
    pid,
    processExists,
    cores,
    workerSource,
    launcher,
    signsOfLife,
  } = system;
  return createHost({
    platform: goPlatform(system),
    env: withoutPassphrase(env),
    home,
    uid,
    userName,
    machineFolders: { etc: "/etc", bin: "/usr/local/bin" },
    executablePath,
    pid,
    processExists,
    cores,
    workerSource,
    launcher,
    signsOfLife,
    ...more,
    now,
  });
}

/** The bin folder of a root: the one entry that PATH needs. */
export function binFolder(root: string): string {
  return join(root, "bin");
}

/** Programs that are started get the user's environment, and have no business with the key. */
export function withoutPassphrase(env: Environment): Environment {
  const { [PASSPHRASE_VARIABLE]: _secret, ...rest } = env;
  return rest;
}
