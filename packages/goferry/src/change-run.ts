// A command that changes a root, run with what all of these have in common: it waits for another writer as long as it was
// told; it writes a log, in the root and where else it was told; how it ended is noted for `goferry status`; and when it
// fails, the audit log of the root tells of that too. None of this makes a command fail, but a --log that cannot be
// opened: who asks for a log wants it.

import { basename } from "node:path";
import { EXIT, redactUrls } from "@goferry/core";
import {
  defaultRoot,
  openLogFile,
  openRootLog,
  recordFailure,
  recordRun,
  tellSyslog,
  type Host,
  type RootEvent,
} from "@goferry/installer";
import { DEFAULT_LOCK_WAIT_MS, type LogLevel } from "./change-options.ts";
import type { Command, Outcome } from "./command.ts";
import type { Context } from "./context.ts";
import { monotonicMs } from "./monotonic.ts";
import type { OptionValue } from "./option.ts";
import { asGoferryError, debugText, errorText } from "./output/errors.ts";
import { createRunLog, type RunLog } from "./run-log.ts";
import { VERSION } from "./version.ts";

type Values = Readonly<Record<string, OptionValue>>;

/** @throws what the command throws; IO_FAILED and the like for --log */
export async function runChange(command: Command, values: Values, context: Context): Promise<Outcome> {
  // It is about what the user trusts (TRUST_PLACE): no root hears of that.
  if (values["user"] === true) return await command.run(values, context);
  const log = createRunLog({
    level: (values["log-level"] as LogLevel | undefined) ?? "info",
    now: () => context.host.now(),
    env: context.terminal.env,
  });
  const run = new ChangeRun(command, values, { context, log });
  if (typeof values["log"] === "string") log.addFile(await openLogFile(values["log"]));
  await run.openRootLog();
  let outcome: Outcome;
  try {
    outcome = await command.run(values, run.context);
  } catch (thrown) {
    await run.failed(thrown);
    throw thrown;
  }
  const problem = await run.succeeded(outcome);
  if (problem === undefined) return outcome;
  return { ...outcome, warnings: [...(outcome.warnings ?? []), `the log is not complete: ${problem}`] };
}

/** Where it happens, and who hears of it. */
interface Surroundings {
  context: Context;
  log: RunLog;
}

class ChangeRun {
  /** For the command. */
  readonly context: Context;
  readonly #command: Command;
  readonly #values: Values;
  readonly #log: RunLog;
  readonly #root: string;
  readonly #startedAt: Date;
  readonly #began = monotonicMs();
  /** Lines on their way to syslog: begun at once, so that who stops this process now does not keep them from there. */
  readonly #told: Promise<unknown>[] = [];
  /** False for a dry run, which changes nothing. */
  readonly #isNoted: boolean;
  #lockWaitMs = 0;
  #isLogged = false;

  constructor(command: Command, values: Values, { context, log }: Surroundings) {
    const { host, progress, terminal } = context;
    this.#command = command;
    this.#values = values;
    this.#log = log;
    this.#root = (values["root"] as string | undefined) ?? defaultRoot(host);
    this.#startedAt = host.now();
    this.#isNoted = values["dry-run"] !== true;
    const lockWaitMs = (values["lock-timeout"] as number | undefined) ?? DEFAULT_LOCK_WAIT_MS;
    let stage = "";
    this.context = {
      ...context,
      host: { ...host, lockWaitMs, onEvent: (event) => this.#hear(event, host), run: loggedRun(host, log) },
      progress: {
        ...progress,
        update(event) {
          if (event.stage !== stage) log.write("info", event.stage);
          ({ stage } = event);
          progress.update(event);
        },
      },
    };
    const { os, arch, node, uid, userName } = terminal.system;
    const sudo = terminal.env["SUDO_USER"];
    log.write("info", `goferry ${VERSION}, ${node}, ${os} ${arch}, pid ${host.pid}`);
    log.write(
      "info",
      `command: ${["goferry", ...terminal.argv].map((word) => JSON.stringify(word)).join(" ")}`,
    );
    log.write(
      "info",
      `user ${userName}, uid ${uid}${sudo ? `, by sudo from ${sudo}` : ""}; in ${terminal.cwd}`,
    );
    log.write("info", `root ${this.#root}`);
  }

  /** A root that is not there yet gets its log at the end. */
  async openRootLog(): Promise<void> {
    if (this.#isLogged || !this.#isNoted) return;
    const options = { root: this.#root, command: this.#command.name, startedAt: this.#startedAt };
    try {
      const file = await openRootLog(this.context.host, options);
      if (file === undefined) return;
      this.#isLogged = true;
      this.#log.addFile(file);
    } catch (error) {
      this.#log.write(
        "warn",
        `no log in the root: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Resolves with what went wrong with the log. */
  async succeeded({ text, warnings = [], exitCode = EXIT.done }: Outcome): Promise<string | undefined> {
    for (const warning of warnings) this.#log.write("warn", warning);
    this.#log.write("info", text);
    return await this.#end(exitCode, null);
  }

  async failed(thrown: unknown): Promise<void> {
    const error = asGoferryError(thrown, this.context.signal);
    this.#log.write("error", errorText(error, { columns: undefined, color: false }));
    this.#log.write("error", debugText(thrown));
    const { code, exitCode } = error;
    if (this.#isNoted && code !== "ARGUMENT_INVALID") {
      const subject = subjectOf(this.#command, this.#values);
      const failure = { root: this.#root, action: this.#command.name, subject, code };
      const isThere = await recordFailure(this.context.host, failure);
      if (!isThere)
        this.#log.write("info", "no line in the audit log: no root of ours, or somebody else is at work");
    }
    await this.#end(exitCode, code);
  }

  async #end(exitCode: number, code: string | null): Promise<string | undefined> {
    const durationMs = Math.round(monotonicMs() - this.#began);
    this.#log.write("info", `ended with exit code ${exitCode} after ${durationMs} ms`);
    await this.openRootLog();
    if (this.#isNoted) {
      const figures = { durationMs, lockWaitMs: Math.round(this.#lockWaitMs), exitCode, code };
      const run = { startedAt: this.#startedAt.toISOString(), ...figures };
      await recordRun(this.context.host, this.#root, this.#command.name, run).catch(() => false);
    }
    await Promise.all(this.#told);
    return await this.#log.close();
  }

  #hear(event: RootEvent, { onEvent }: Host): void {
    // The system's log is told here.
    if (event.kind !== "audited") onEvent?.(event);
    if (event.kind === "waiting") this.context.progress.update({ stage: `Waiting for ${event.holder}` });
    if (event.kind === "locked") this.#lockWaitMs += event.waitedMs;
    if (event.kind === "audited") this.#told.push(tellSyslog(this.context.host, event.line));
    this.#log.write(event.kind === "locked" ? "debug" : "info", eventText(event));
  }
}

function eventText(event: RootEvent): string {
  switch (event.kind) {
    case "waiting":
      return `waiting for the lock: ${event.holder}`;
    case "locked":
      return `has the lock, after ${Math.round(event.waitedMs)} ms`;
    case "step":
      return `step ${event.step}`;
    case "recovered":
      return `what ${event.whose === "own" ? "this" : "an earlier"} command had begun was ${event.outcome === "undone" ? "taken back" : "finished"}: ${event.command}`;
    case "unfinished":
      return `what an earlier command had begun cannot be finished or taken back now: ${event.command}`;
    case "audited":
      return `audit log: ${event.line}`;
  }
}

function loggedRun(host: Host, log: RunLog): Host["run"] {
  return async (program, args, options) => {
    const began = monotonicMs();
    const tell = (how: string): void => {
      const ms = Math.round(monotonicMs() - began);
      log.write("debug", `ran ${[program, ...args].join(" ")}: ${how}, ${ms} ms`);
    };
    try {
      const result = await host.run(program, args, options);
      tell(`exit code ${result.code}`);
      return result;
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
}

/** What the command was given to work on: the names of files without their folders. */
function subjectOf({ positionals }: Command, values: Values): string {
  const words = Object.entries(positionals)
    .flatMap(([key, { kind }]) => {
      const texts = [values[key]].flat().filter((value) => typeof value === "string");
      return kind === "text" ? texts : texts.map((text) => basename(text));
    })
    .join(" ");
  return redactUrls(words);
}
