// One run of goferry: from the words of the command line to what is printed and the exit code. main.ts calls it with
// the process, tests with what they like.

import { EXIT, type GoferryError } from "@goferry/core";
import type { Host } from "@goferry/installer";
import { parseLine, type ParsedLine } from "./cli.ts";
import type { Outcome } from "./command.ts";
import { COMMANDS } from "./commands/all.ts";
import { COMPLETE, complete, completionText } from "./completion/complete.ts";
import { helpText } from "./help.ts";
import { asGoferryError, debugText, errorJson, errorText, type Style } from "./output/errors.ts";
import { installHost } from "./machine.ts";
import { monotonicMs } from "./monotonic.ts";
import type { OwnBundle } from "./own-bundle.ts";
import { printable } from "./output/printable.ts";
import { wrap } from "./output/wrap.ts";
import { createProgress, type ProgressStyle } from "./progress.ts";
import { rootNews } from "./root-news.ts";
import { isOn, readAnswers, readConfigs, resolveValues, settingsOf } from "./settings.ts";
import type { Output, Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** Runs the command that `argv` names and hands back the exit code. Never throws. */
export async function run(terminal: Terminal): Promise<number> {
  const { argv, env } = terminal;
  const manner: Manner = { json: argv.includes("--json"), quiet: false };
  try {
    // A shell asks; what is wrong with settings is told to the person who runs the command.
    if (argv[0] === COMPLETE) {
      await write(terminal.stdout, completionText(complete(argv.slice(1), COMMANDS)));
      return EXIT.done;
    }
    manner.json ||= isOn(env, "GOFERRY_JSON");
    return await perform(terminal, manner);
  } catch (thrown) {
    const error = asGoferryError(thrown, terminal.signal);
    report(error, manner, terminal);
    if (isDebug(terminal)) terminal.stderr.write(debugText(thrown));
    return error.exitCode;
  }
}

/** How results and errors are printed; known step by step, from argv, the environment and config files. */
interface Manner {
  json: boolean;
  quiet: boolean;
}

async function perform(terminal: Terminal, manner: Manner): Promise<number> {
  const { argv, stdout, stderr } = terminal;
  const isBare = argv.length === 0;
  const carried = isBare ? await ownBundle(terminal) : undefined;
  const line = parseLine(carried === undefined ? argv : ["inspect"], COMMANDS);
  if (line.ask !== "run") {
    await print(answerText(line, stdout), answerJson(line), { manner, stdout });
    return EXIT.done;
  }
  const { command, flags } = line;
  const takesOwn = command.positionals["bundle"] !== undefined || command.changesRoot === true;
  const own = carried ?? (takesOwn ? await ownBundle(terminal) : undefined);
  const positionals = own === undefined ? line.positionals : own.positionals(command, line.positionals);
  const configs = await readConfigs(terminal, settingsOf(COMMANDS));
  const answers = await readAnswers(command, { flags, terminal });
  const values = resolveValues(command, { flags, positionals, answers, configs, terminal });
  manner.json = values["json"] === true;
  manner.quiet = values["quiet"] === true;
  const progress = await createProgress(stderr, progressStyle(terminal, manner), monotonicMs);
  let host: Host | undefined;
  const news = rootNews({
    host: () => host ?? installHost(terminal),
    warn(text) {
      progress.end();
      if (!manner.json && !manner.quiet) warn(text, stderr);
    },
  });
  let outcome: Outcome;
  try {
    const { signal } = terminal;
    // What has to do with no root has nothing to ask of Windows.
    const asksWindows = "root" in command.options || command.changesRoot === true;
    await using windows = asksWindows ? await terminal.system.openWindows?.() : undefined;
    host = installHost(terminal, { windows, executableSize: own?.size, onEvent: news.hear });
    const context = { terminal, host, yes: values["yes"] === true, progress, signal };
    try {
      outcome =
        command.changesRoot === true
          ? await (await import("./change-run.ts")).runChange(command, values, context)
          : await command.run(values, context);
    } finally {
      await news.settled();
    }
  } finally {
    progress.end();
  }
  outcome = { ...outcome, json: { ...outcome.json, ...news.json() } };
  if (manner.json || !manner.quiet || command.answers === true) {
    const offer = carried?.offer ?? "";
    await print(`${outcome.text}\n${offer}`, outcome.json, { manner, stdout });
  }
  if (!manner.json && !manner.quiet) for (const text of outcome.warnings ?? []) warn(text, stderr);
  const { refusal, exitCode = EXIT.done } = outcome;
  if (refusal !== undefined && !manner.json) report(refusal, manner, terminal);
  return refusal?.exitCode ?? exitCode;
}

/** The bundle that comes with this goferry. Loaded where it is asked for: every other start has nothing to do with it. */
async function ownBundle({ system }: Terminal): Promise<OwnBundle | undefined> {
  const { executablePath, os } = system;
  if (executablePath === undefined) return undefined;
  return await (await import("./own-bundle.ts")).findOwnBundle(executablePath, os);
}

function answerText(line: Exclude<ParsedLine, { ask: "run" }>, stdout: Output): string {
  if (line.ask === "version") return `goferry ${VERSION}\n`;
  return helpText({ topic: line.topic, commands: COMMANDS, columns: columnsOf(stdout) });
}

function answerJson(line: Exclude<ParsedLine, { ask: "run" }>): object {
  if (line.ask === "version") return { version: VERSION };
  return { help: helpText({ topic: line.topic, commands: COMMANDS, columns: undefined }) };
}

async function print(
  text: string,
  json: object,
  { manner, stdout }: { manner: Manner; stdout: Output },
): Promise<void> {
  await write(stdout, manner.json ? `${JSON.stringify(json)}\n` : text);
}

/**
 * Waits until the system has taken the text: a pipe may be slow, and the process ends after this. That nobody reads it
 * any more (`goferry list | head -1`) is no failure.
 */
function write(output: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => {
      if (error === null || error === undefined || ("code" in error && error.code === "EPIPE")) resolve();
      else reject(Object.assign(error, { path: "standard output" }));
    });
  });
}

function report(error: GoferryError, manner: Manner, { stdout, stderr, env }: Terminal): void {
  if (manner.json) stdout.write(`${JSON.stringify(errorJson(error))}\n`);
  else stderr.write(errorText(error, style(stderr, env)));
}

function warn(text: string, stderr: Output): void {
  stderr.write(
    `${wrap(`goferry: warning: ${printable(text)}`, { columns: columnsOf(stderr), indent: 2 })}\n`,
  );
}

function style(output: Output, env: Terminal["env"]): Style {
  const isTerminal = output.isTTY === true;
  const color = isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  return { columns: columnsOf(output), color };
}

function columnsOf({ isTTY, columns }: Output): number | undefined {
  // A terminal that does not know its width says 0.
  return isTTY === true && columns !== 0 ? columns : undefined;
}

function progressStyle({ stderr, env }: Terminal, { json, quiet }: Manner): ProgressStyle {
  if (json || quiet) return "none";
  return stderr.isTTY === true && env["TERM"] !== "dumb" ? "line" : "stages";
}

function isDebug({ env }: Terminal): boolean {
  return (env["GOFERRY_DEBUG"] ?? "") !== "" && env["GOFERRY_DEBUG"] !== "0";
}
