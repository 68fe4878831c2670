// What a run of the command line gets from the process, and nothing else: main.ts fills it in, tests give other
// values. Everything below main.ts works with this alone.

import type { Writable } from "node:stream";
import type { BuildMachine } from "@goferry/bundler";
import type { HostFacts } from "@goferry/installer";
import type { OpenedWindows } from "./windows-host.ts";

/** A stream to write to; the last two are set when it is a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Standard input, as far as a prompt needs it. */
export interface Input {
  readonly isTTY?: boolean;
  /** Only on a terminal: keys arrive one by one, nothing is echoed, Ctrl-C is a character. */
  setRawMode?(on: boolean): unknown;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  off(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  off(event: "end", listener: () => void): unknown;
  /** Puts back what was read too much. */
  unshift(chunk: Uint8Array): unknown;
  resume(): unknown;
  pause(): unknown;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the system says about the machine, the process and the user. */
export interface SystemFacts extends Pick<
  HostFacts,
  | "home"
  | "uid"
  | "userName"
  | "executablePath"
  | "pid"
  | "processExists"
  | "cores"
  | "workerSource"
  | "launcher"
  | "signsOfLife"
> {
  /** Node's names, such as "linux" and "x64". */
  os: string;
  arch: string;
  /** What runs goferry, such as "Node v24.21.0". */
  node: string;
  /** The user's folders for goferry; undefined where there is no home. */
  folders: { config: string; cache: string } | undefined;
  /** Holds /etc/goferry/config.yaml; undefined on systems without /etc. */
  machineConfig: string | undefined;
  kill: BuildMachine["kill"];
  /** What of Windows Node cannot reach; undefined elsewhere. */
  openWindows?: (() => Promise<OpenedWindows>) | undefined;
}

export interface Terminal {
  /** Without the program. */
  argv: readonly string[];
  env: Environment;
  /** Absolute. */
  cwd: string;
  stdin: Input;
  stdout: Output;
  stderr: Output;
  /** Aborted by Ctrl-C, with a GoferryError INTERRUPTED as its reason. */
  signal: AbortSignal;
  now(): Date;
  system: SystemFacts;
}
