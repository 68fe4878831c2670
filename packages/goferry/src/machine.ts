// The machines that the libraries work with, made from the facts of the terminal.

import { join } from "node:path";
import { GoferryError, openBundle, readTrustedKey } from "@goferry/core";
import type { BuildMachine, RehearsalInstall } from "@goferry/bundler";
import { createHost, install, type Host } from "@goferry/installer";
import { PASSPHRASE_VARIABLE } from "./key-files.ts";
import type { Environment, Terminal } from "./terminal.ts";
import { USER_AGENT } from "./version.ts";

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

/** What flags and settings say about the machine that builds. */
export interface BuildMachineSettings {
  /** Absolute; undefined: the user's folder for caches. */
  cache: string | undefined;
  "ca-file": readonly string[];
}

/** The machine that builds. @throws HOME_MISSING where no folder for caches is known */
export function buildMachine(terminal: Terminal, settings: BuildMachineSettings): BuildMachine {
  const { env, system, now } = terminal;
  const { cache, "ca-file": caFiles } = settings;
  const cacheDir = cache ?? system.folders?.cache;
  if (cacheDir === undefined) {
    throw new GoferryError("HOME_MISSING", {
      subject: "cache",
      message: "this user has no home folder to keep downloads in",
      next: "Name a folder: --cache DIR, or GOFERRY_CACHE",
    });
  }
  const { kill, uid } = system;
  return {
    platform: goPlatform(system),
    env: withoutPassphrase(env),
    caFiles,
    cacheDir,
    uid,
    now,
    kill,
    userAgent: USER_AGENT,
  };
}

/** The machine that is installed on. */
export function installHost({ env, system, now }: Terminal): Host {
  const { home, uid, userName, executablePath, pid, processExists, cores, workerSource } = system;
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
    now,
  });
}

/**
 * How a bundle is installed for its rehearsal: as on any host, in a root that is thrown away. By one thread: beside what
 * a build has in memory already, a second one would pass 512 MB.
 */
export function rehearsalInstall(machine: Host): RehearsalInstall {
  const host: Host = { ...machine, cores: 1 };
  return async (source, { publicKey, root, logKey, allowPrivate, signal }) => {
    const key = await readTrustedKey(Buffer.from(publicKey), "key of the rehearsal");
    const bundle = await openBundle(source, { keys: [key], now: host.now() });
    await install(host, {
      root,
      bundle,
      bundleFile: source.name,
      logKey,
      zips: true,
      path: "none",
      direct: [],
      allowPrivate,
      selfTest: "tools",
      signal,
    });
  };
}

/** The bin folder of a root: the one entry that PATH needs. */
export function binFolder(root: string): string {
  return join(root, "bin");
}

/** Programs that are started get the user's environment, and have no business with the key. */
function withoutPassphrase(env: Environment): Environment {
  const { [PASSPHRASE_VARIABLE]: _secret, ...rest } = env;
  return rest;
}
