// The machine that builds a bundle, as far as the bundler needs to know it. The command line fills it in; nothing in
// this package reads the process.

import type { Environment } from "./go/environment.ts";
import type { KillProcess } from "./go/spawn.ts";

export interface BuildMachine {
  /** GOOS/GOARCH: the bundler works with the toolchain for it. */
  platform: string;
  /** The user's: proxies, certificates, credentials, GOPROXY, GOPRIVATE and the like are taken from it. */
  env: Environment;
  /** PEM files of certificate authorities to trust besides those of the system and of `env`. */
  caFiles: readonly string[];
  /** Absolute folder for downloads that are kept and for work that is not. No other user may write in it. */
  cacheDir: string;
  /** Number of the user who builds; undefined where the system has no such numbers. */
  uid: number | undefined;
  /** Read once for each build. */
  now(): Date;
  kill: KillProcess;
  /** User-Agent of requests, such as `goferry/0.1.0`. */
  userAgent: string;
  /** What compresses, such as "Node v24.21.0": another version of it may make other bytes of the same files. */
  runtime: string;
}

/** What a build tells while it runs. */
export interface Progress {
  /** Which stage is at work, in the order of the build. */
  stage: "plan" | "log" | "toolchains" | "modules" | "pack" | "rehearse" | "seal";
  /** What it works on: a project, a module, a toolchain. */
  subject?: string;
  done?: number;
  total?: number | undefined;
  unit?: "bytes" | "items";
}

export interface BuildContext {
  machine: BuildMachine;
  /** A fresh folder that is removed after the build. */
  workDir: string;
  onProgress(progress: Progress): void;
  signal?: AbortSignal | undefined;
}
