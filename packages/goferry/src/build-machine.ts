// The machine that builds, and how it rehearses an install, made from the facts of the terminal.

import { GoferryError, openBundle, readTrustedKey } from "@goferry/core";
import type { BuildMachine, RehearsalInstall } from "@goferry/bundler";
import { install, type Host } from "@goferry/installer";
import { goPlatform, withoutPassphrase } from "./machine.ts";
import type { Terminal } from "./terminal.ts";
import { USER_AGENT } from "./version.ts";

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
    runtime: system.node,
  };
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
