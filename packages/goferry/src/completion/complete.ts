// What can come next on a command line, from the same tables that parse it. The scripts of the four shells ask for it
// with `goferry __complete WORD...`, the last word being the one that is typed, and know nothing of commands themselves:
// a newer goferry completes its newer flags without a new script.

import type { Command } from "../command.ts";
import { COMMON_OPTIONS, isList, type Option, type OptionTable } from "../option.ts";

/** The word with which a shell asks; no command may have this name. */
export const COMPLETE = "__complete";

export interface Candidate {
  /** What the word that is typed becomes. */
  value: string;
  /** One line; "" if there is nothing to say. */
  help: string;
}

export interface Completion {
  candidates: Candidate[];
  /** What the shell adds of its own: names of files, or of folders only. */
  paths: "files" | "folders" | "none";
}

const NOTHING: Completion = { candidates: [], paths: "none" };

/** @param words those after `goferry`; the last is the one that is typed, and may be "" */
export function complete(words: readonly string[], commands: readonly Command[]): Completion {
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? "";
  const { names, command, rest } = splitNames(before, commands);
  if (command === undefined) {
    if (rest.length > 0) return NOTHING;
    if (typed.startsWith("-")) return only(typed, flags({ ...COMMON_OPTIONS, ...TOP_FLAGS }));
    return only(typed, nextNames(names, commands));
  }
  const options: OptionTable = { ...COMMON_OPTIONS, ...command.options };
  if (rest.includes("--")) return positional(command, rest);
  const valueOf = awaited(rest, options);
  if (valueOf !== undefined) return optionValue(typed, valueOf, "");
  const [, name = "", value] = /^--([^=]+)=(.*)$/su.exec(typed) ?? [];
  const option = options[name];
  if (value !== undefined) {
    return option === undefined || option.kind === "flag"
      ? NOTHING
      : optionValue(value, option, `--${name}=`);
  }
  if (typed.startsWith("-")) return only(typed, flags(unused(options, rest)));
  const longer = rest.length === 0 ? nextNames(names, commands) : [];
  return longer.length > 0 ? only(typed, longer) : positional(command, rest);
}

/** The answer as the scripts read it: a line for each candidate, help after a tab; the last line says which paths. */
export function completionText({ candidates, paths }: Completion): string {
  const lines = candidates.map(({ value, help }) => `${value}\t${help}`);
  return [...lines, `:${paths}`, ""].join("\n");
}

const TOP_FLAGS: OptionTable = {
  help: { kind: "flag", help: "Show this help." },
  version: { kind: "flag", help: "Show the version of goferry." },
};

interface Split {
  /** Words that begin a command, or are one. */
  names: string[];
  command: Command | undefined;
  /** What follows them. */
  rest: string[];
}

/** Flags may stand between the words of a command; none of those that may takes a value. */
function splitNames(before: readonly string[], commands: readonly Command[]): Split {
  const names: string[] = [];
  let found: Split | undefined;
  for (const [i, word] of before.entries()) {
    if (word.startsWith("-")) continue;
    const longer = [...names, word].join(" ");
    if (!commands.some(({ name }) => `${name} `.startsWith(`${longer} `))) {
      return found ?? { names, command: undefined, rest: before.slice(i) };
    }
    names.push(word);
    const command = commands.find(({ name }) => name === longer);
    // A longer command may begin with it: `audit` and `audit verify`.
    if (command !== undefined) found = { names: [...names], command, rest: before.slice(i + 1) };
    else found = undefined;
  }
  return found ?? { names, command: undefined, rest: [] };
}

function nextNames(names: readonly string[], commands: readonly Command[]): Candidate[] {
  const prefix = names.map((name) => `${name} `).join("");
  const below = commands.filter(({ name }) => name.startsWith(prefix));
  const groups = Map.groupBy(below, ({ name }) => name.slice(prefix.length).split(" ")[0] ?? "");
  return [...groups].map(([value, list]) => {
    const own = list.find(({ name }) => name === prefix + value);
    return { value, help: own?.summary ?? list.map(({ name }) => name).join(", ") };
  });
}

/** The option whose value is typed now. */
function awaited(rest: readonly string[], options: OptionTable): Option | undefined {
  const [, name = ""] = /^--([^=]+)$/su.exec(rest.at(-1) ?? "") ?? [];
  const option = options[name];
  return option === undefined || option.kind === "flag" ? undefined : option;
}

function unused(options: OptionTable, rest: readonly string[]): OptionTable {
  const isGiven = (name: string): boolean =>
    rest.some((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  return {
    ...Object.fromEntries(
      Object.entries(options).filter(([name, option]) => isList(option) || !isGiven(name)),
    ),
    help: { kind: "flag", help: "Show this help." },
  };
}

function flags(options: OptionTable): Candidate[] {
  return Object.entries(options).map(([name, { help }]) => ({ value: `--${name}`, help }));
}

/** @param prefix what stands in front of the value in the same word */
function optionValue(typed: string, option: Option, prefix: string): Completion {
  if (option.choices !== undefined) {
    const candidates = option.choices.map((value) => ({ value: prefix + value, help: "" }));
    return only(prefix + typed, candidates);
  }
  // Shells complete names of files only in words of their own.
  if (prefix !== "" || (option.kind !== "path" && option.kind !== "paths")) return NOTHING;
  return { candidates: [], paths: pathsOf(option.arg) };
}

function positional(command: Command, rest: readonly string[]): Completion {
  const options: OptionTable = { ...COMMON_OPTIONS, ...command.options };
  const end = rest.indexOf("--");
  const given = rest.filter((word, i) => {
    if (end !== -1 && i >= end) return i > end;
    return !word.startsWith("-") && awaited(rest.slice(0, i), options) === undefined;
  });
  const known = Object.values(command.positionals);
  const last = known.at(-1);
  const next = known[given.length] ?? (last?.many === true ? last : undefined);
  return next === undefined || next.kind === "text" ? NOTHING : { candidates: [], paths: pathsOf(next.arg) };
}

function pathsOf(arg: string | undefined): Completion["paths"] {
  return arg === "DIR" ? "folders" : "files";
}

function only(typed: string, candidates: readonly Candidate[]): Completion {
  return { candidates: candidates.filter(({ value }) => value.startsWith(typed)), paths: "none" };
}
