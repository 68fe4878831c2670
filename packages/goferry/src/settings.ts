// Where the value of an option comes from: flag, else answer file, else GOFERRY_* in the environment, else config file. Whatever the
// place, the same rules then make a value of it, and a refusal names the place.

import { delimiter, isAbsolute, join, resolve } from "node:path";
import { GoferryError } from "@goferry/core";
import type { GivenFlags } from "./cli.ts";
import type { Command } from "./command.ts";
import { readConfig } from "./config-file.ts";
import type { Config } from "./config-yaml.ts";
import {
  COMMON_OPTIONS,
  isList,
  positionalOption,
  variableOf,
  type Option,
  type OptionTable,
  type OptionValue,
  type Positional,
} from "./option.ts";
import type { Environment, Terminal } from "./terminal.ts";

export interface Sources {
  flags: GivenFlags;
  positionals: readonly string[];
  /** The file that --answers names; stronger than the environment, because it was named. */
  answers?: Config | undefined;
  /** The strongest first. */
  configs: readonly Config[];
  terminal: Pick<Terminal, "env" | "cwd" | "system">;
}

/** Every option that can be set outside the command line, of all commands. */
export function settingsOf(commands: readonly Command[]): OptionTable {
  const tables = [COMMON_OPTIONS, ...commands.map(({ options }) => options)];
  return Object.fromEntries(
    tables.flatMap((table) => Object.entries<Option>(table).filter(([, o]) => o.setting)),
  );
}

/**
 * The config files in effect, the strongest first: the one that GOFERRY_CONFIG names alone, else the user's and then
 * the machine's.
 * @throws ARGUMENT_INVALID, NOT_FOUND, IO_FAILED; PERMISSION_DENIED for one that nobody named and others can change
 */
export async function readConfigs(
  { env, cwd, system }: Sources["terminal"],
  settings: OptionTable,
): Promise<Config[]> {
  const named = env["GOFERRY_CONFIG"] ?? "";
  const files =
    named === ""
      ? [system.folders?.config, system.machineConfig].flatMap((folder) =>
          folder === undefined ? [] : [join(folder, "config.yaml")],
        )
      : [resolve(cwd, named)];
  const configs: Config[] = [];
  for (const file of files) {
    const place = named === "" ? { required: false, uid: system.uid } : { required: true };
    const config = await readConfig(file, { settings, ...place });
    if (config !== undefined) configs.push(config);
  }
  return configs;
}

/**
 * The file that --answers names: every flag of the command and every argument may stand in it, by the name in the help;
 * undefined when there is none.
 * @throws ARGUMENT_INVALID with line and column; NOT_FOUND, IO_FAILED
 */
export async function readAnswers(
  command: Command,
  { flags, terminal }: Pick<Sources, "flags" | "terminal">,
): Promise<Config | undefined> {
  const { answers } = flags;
  if (typeof answers !== "string") return undefined;
  const file = absolute(answers, terminal.cwd, terminal);
  const options = Object.entries<Option>({ ...COMMON_OPTIONS, ...command.options });
  const words = Object.entries(command.positionals).map(([key, each]) => [key, positionalOption(each)]);
  const settings: OptionTable = {
    ...Object.fromEntries(options.filter(([, { onlyAsFlag }]) => onlyAsFlag !== true)),
    ...Object.fromEntries(words),
  };
  return await readConfig(file, { settings, required: true });
}

/**
 * The values of all options and positionals of a command.
 * @throws ARGUMENT_INVALID for a value of the wrong form, and for one that is required and comes from nowhere
 */
export function resolveValues(command: Command, sources: Sources): Record<string, OptionValue> {
  const values: Record<string, OptionValue> = {};
  for (const [name, option] of Object.entries<Option>({ ...COMMON_OPTIONS, ...command.options })) {
    const given = findGiven(name, option, sources);
    values[name] = given === undefined ? absent(name, option, command) : convert(given, option, sources);
  }
  for (const [i, [key, positional]] of Object.entries(command.positionals).entries()) {
    const words = sources.positionals.slice(i);
    const given = words.length === 0 ? sources.answers?.get(key) : undefined;
    values[key] =
      given === undefined
        ? positionalValue(positional, words, { command, sources })
        : convert(given, positionalOption(positional), sources);
  }
  return values;
}

/** @param words those from its place on */
function positionalValue(
  positional: Positional,
  words: readonly string[],
  { command, sources }: { command: Command; sources: Sources },
): OptionValue {
  const { arg, required, many } = positional;
  const given = many === true ? [...words] : words[0];
  if (required === true && words.length === 0)
    throw missing(arg, `goferry ${command.name} needs ${arg}`, command);
  if (given === undefined) return undefined;
  const base = sources.terminal.cwd;
  return convert({ value: given, place: arg, base }, positionalOption(positional), sources);
}

/** Whether a variable of the environment switches a flag on. Throws ARGUMENT_INVALID for what is neither yes nor no. */
export function isOn(env: Environment, variable: string): boolean {
  const value = env[variable]?.trim().toLowerCase() ?? "";
  if (["", "0", "false", "no", "off"].includes(value)) return false;
  if (["1", "true", "yes", "on"].includes(value)) return true;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: variable,
    message: "the variable is neither on nor off",
    expected: "1 or 0",
    found: JSON.stringify(env[variable]),
  });
}

interface Given {
  value: boolean | string | string[];
  /** For messages. */
  place: string;
  /** What relative paths start from. */
  base: string;
}

function findGiven(
  name: string,
  option: Option,
  { flags, answers, configs, terminal }: Sources,
): Given | undefined {
  const base = terminal.cwd;
  const flag = flags[name];
  if (flag !== undefined) return { value: flag, place: `--${name}`, base };
  const answer = answers?.get(name);
  if (answer !== undefined) return answer;
  if (option.setting === undefined) return undefined;
  const variable = variableOf(name);
  const text = terminal.env[variable];
  // As for most programs, an empty variable is one that is not set.
  if (text !== undefined && text !== "")
    return { value: fromText(text, option, terminal.env, variable), place: variable, base };
  return configs.find((config) => config.has(name))?.get(name);
}

function fromText(text: string, option: Option, env: Environment, variable: string): Given["value"] {
  if (option.kind === "flag") return isOn(env, variable);
  if (!isList(option)) return text;
  return text
    .split(option.kind === "paths" ? delimiter : ",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

function absent(name: string, option: Option, command: Command): OptionValue {
  if (option.required === true) {
    const places = option.setting === undefined ? "" : `, ${variableOf(name)}, or ${name}: in a config file`;
    throw missing(
      `--${name}`,
      `goferry ${command.name} needs it`,
      command,
      `--${name} ${option.arg}${places}`,
    );
  }
  if (option.kind === "flag") return false;
  return isList(option) ? [] : undefined;
}

function missing(subject: string, message: string, command: Command, expected?: string): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject,
    message,
    expected,
    found: "nothing",
    next: `See: goferry ${command.name} --help`,
  });
}

function convert(given: Given, option: Option, { terminal }: Sources): OptionValue {
  const { value, place, base } = given;
  if (typeof value === "boolean") return value;
  const texts = typeof value === "string" ? [value] : value;
  for (const text of texts) checkText(text, place, option);
  const isPath = option.kind === "path" || option.kind === "paths";
  const converted = isPath ? texts.map((text) => absolute(text, base, terminal)) : texts;
  if (isList(option)) return converted;
  if (option.kind === "duration") return milliseconds(texts[0] ?? "");
  return option.kind === "count" ? Number(converted[0]) : converted[0];
}

const DURATION = /^(?:0|([0-9]{1,6})(ms|s|m|h))$/u;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function milliseconds(text: string): number {
  const [, count = "0", unit = "ms"] = DURATION.exec(text) ?? [];
  return Number(count) * (UNIT_MS[unit] ?? 1);
}

/** A config file has no shell that would know `~`. */
function absolute(path: string, base: string, { system }: Sources["terminal"]): string {
  if (isAbsolute(path)) return resolve(path);
  const [, below] = /^~[/\\](.*)$/su.exec(path) ?? [];
  return below !== undefined && system.home !== undefined ? join(system.home, below) : resolve(base, path);
}

function checkText(text: string, place: string, { kind, choices }: Option): void {
  const wrong = (expected: string): GoferryError =>
    new GoferryError("ARGUMENT_INVALID", {
      subject: place,
      message: "the value cannot be used",
      expected,
      found: JSON.stringify(text),
    });
  if (text === "") throw wrong("a value that is not empty");
  if (text.includes("\0")) throw wrong("text without null bytes");
  if (kind === "count" && !/^[1-9][0-9]{0,5}$/u.test(text)) throw wrong("a whole number from 1");
  if (kind === "duration" && !DURATION.test(text)) throw wrong("a time such as 500ms, 30s, 10m or 2h, or 0");
  if (choices !== undefined && !choices.includes(text)) throw wrong(`one of: ${choices.join(", ")}`);
}
