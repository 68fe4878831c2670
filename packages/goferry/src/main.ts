// The program: the one file that touches the process. It hands its facts to run.ts, turns signals into an
// AbortSignal, and lets the process end by itself, because what was written to a pipe may still be on its way.

import { writeSync } from "node:fs";
import { availableParallelism, homedir, userInfo } from "node:os";
import { dirname, isAbsolute } from "node:path";
import process from "node:process";
import { isSea } from "node:sea";
import { EXIT, GoferryError } from "@goferry/core";
import { launcher, windowsHelper, workerSource } from "./assets.ts";
import { asGoferryError } from "./output/errors.ts";
import { run } from "./run.ts";
import { signsOfLife } from "./signs-of-life.ts";
import type { SystemFacts } from "./terminal.ts";
import type { OpenedWindows } from "./windows-host.ts";

/** Node's remarks about its own features are nothing that a user of goferry could act on. */
process.removeAllListeners("warning");

/** What root installs under a umask of 077 is still for every user of the machine. Secrets have modes of their own. */
process.umask(0o022);

/** Process groups (negative ids) that were asked to end: go, with the compilers that it started. */
const asked = new Set<number>();

/** Ctrl-C, a service manager, and a terminal that was closed or whose connection broke. */
const STOPPING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function main(): Promise<void> {
  const interrupt = new AbortController();
  // What happens until `run` is over, and is told by nobody, was no success.
  process.exitCode = EXIT.internal;
  for (const signal of STOPPING) process.on(signal, () => stop(interrupt, signal));
  process.on("uncaughtException", (error) => giveUp(interrupt, error));
  const untold = (): void => sayUntold(interrupt);
  process.on("exit", untold);
  // Whoever read our output has gone (`goferry list | head -1`), or its disk is full: run.ts hears of it by itself.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => undefined);
  const code = await run({
    argv: process.argv.slice(2),
    env: environment(),
    // The folder may have been removed since; then nothing relative can be meant.
    cwd: attempt(() => process.cwd()) ?? "/",
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: interrupt.signal,
    now: () => new Date(),
    system: await systemFacts(),
  });
  process.off("exit", untold);
  process.exitCode = code === EXIT.done && hasGivenUp(interrupt) ? EXIT.internal : code;
}

/** The first time everything is cleaned up; who asks again does not want to wait for that. */
function stop(interrupt: AbortController, name: (typeof STOPPING)[number]): void {
  if (interrupt.signal.aborted) {
    for (const group of asked) attempt(() => process.kill(group, "SIGKILL"));
    process.exit(EXIT.interrupted);
  }
  if (process.stderr.isTTY) process.stderr.write("\ngoferry: stopping; once more to stop at once\n");
  interrupt.abort(
    new GoferryError("INTERRUPTED", { subject: name, message: "stopped; nothing is left half done" }),
  );
}

/** An error that nobody waited for is a mistake of ours: the command is stopped, so that it can still clean up. */
function giveUp(interrupt: AbortController, error: unknown): void {
  interrupt.abort(asGoferryError(error, new AbortController().signal));
}

/** The process ends although the command has not: of that nobody else would say a word. */
function sayUntold({ signal }: AbortController): void {
  if (process.exitCode === EXIT.interrupted) return;
  const { reason } = signal;
  const why = reason instanceof Error ? reason.message : "it waited for something that never came";
  attempt(() => writeSync(2, `goferry: INTERNAL: the command ended in the middle: ${why}\n`));
}

function hasGivenUp({ signal }: AbortController): boolean {
  return signal.reason instanceof GoferryError && signal.reason.code !== "INTERRUPTED";
}

/** On Windows names of variables have no case: PATH is called Path there, and nobody shall have to know. */
function environment(): Readonly<Record<string, string | undefined>> {
  if (process.platform !== "win32") return process.env;
  return Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name.toUpperCase(), value]));
}

async function systemFacts(): Promise<SystemFacts> {
  const { platform: os, arch } = process;
  const home = attempt(homedir);
  return {
    os,
    arch,
    node: `Node ${process.version}`,
    home: home !== undefined && isAbsolute(home) ? home : undefined,
    uid: process.geteuid?.(),
    userName: attempt(() => userInfo().username) ?? String(process.geteuid?.() ?? "unknown"),
    folders: await userFolders(),
    machineConfig: os === "win32" ? undefined : "/etc/goferry",
    executablePath: isSea() ? process.execPath : undefined,
    pid: process.pid,
    processExists,
    cores: availableParallelism(),
    workerSource: workerSource(),
    launcher: launcher(),
    signsOfLife: os === "win32" ? signsOfLife() : undefined,
    kill,
    openWindows: os === "win32" ? windows : undefined,
  };
}

async function windows(): Promise<OpenedWindows> {
  const { openWindows } = await import("./windows-host.ts");
  return await openWindows(process.env, windowsHelper());
}

/** The package asks for the home folder as it is loaded, and throws where a user has none. */
async function userFolders(): Promise<SystemFacts["folders"]> {
  try {
    const { default: envPaths } = await import("env-paths");
    const { config, cache } = envPaths("goferry", { suffix: "" });
    return isAbsolute(dirname(config)) && isAbsolute(dirname(cache)) ? { config, cache } : undefined;
  } catch {
    return undefined;
  }
}

function kill(pid: number, signal: "SIGTERM" | "SIGKILL"): boolean {
  if (pid < 0) asked.add(pid);
  return process.kill(pid, signal);
}

function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** What Node cannot find out, it throws about. */
function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

void main();
