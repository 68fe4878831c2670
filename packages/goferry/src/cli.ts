// The words of a command line to a command and the values of its flags, by yargs in its strict mode. What the words
// mean (settings, paths, what is required) is decided later, in settings.ts; nothing is run or printed here.

import { GoferryError, nearest } from "@goferry/core";
import yargs, { type Argv, type Options } from "yargs";
import type { Command } from "./command.ts";

import { COMMON_OPTIONS, isList, type Option, type OptionTable } from "./option.ts";

/** Flags as they were given; absent ones are absent. Lists are arrays, flags booleans, everything else text. */
export type GivenFlags = Readonly<Record<string, boolean | string | string[]>>;

export type ParsedLine =
  | { ask: "version" }
  /** `topic`: the words of a command, or of the beginning of several, or none. */
  | { ask: "help"; topic: string }
  | { ask: "run"; command: Command; flags: GivenFlags; positionals: readonly string[] };

/** @throws ARGUMENT_INVALID: an unknown command or flag, a flag without its value, a word too many */
export function parseLine(argv: readonly string[], commands: readonly Command[]): ParsedLine {
  const words = argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
  let chosen: Command | undefined;
  // Only what can be meant: of every command that it knows, yargs makes an object first.
  const named = commands.filter(({ name }) => words.includes(name.split(" ", 1)[0] ?? ""));
  const level = { commands: named, depth: 0, choose: (command: Command) => (chosen = command) };
  const parser = addCommands(base(words), level);
  const { _: rest, $0: _name, help, h: _h, version, ...flags } = parser.parseSync();
  const found = rest.map(String);
  if (version === true) return { ask: "version" };
  const topic = chosen?.name ?? knownBeginning(found, commands);
  if (chosen === undefined && (help !== true || found.join(" ") !== topic)) {
    throw unknownCommand(found, topic, commands);
  }
  if (help === true || chosen === undefined) return { ask: "help", topic };
  checkFlagValues(words, { ...COMMON_OPTIONS, ...chosen.options });
  const positionals = found.slice(chosen.name.split(" ").length);
  checkCount(positionals, chosen);
  return { ask: "run", command: chosen, flags: checkRepeats(flags, chosen), positionals };
}

function base(words: readonly string[]): Argv {
  return yargs([...words])
    .scriptName("goferry")
    .locale("en")
    .help(false)
    .version(false)
    .exitProcess(false)
    .parserConfiguration({
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "duplicate-arguments-array": true,
      "greedy-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "short-option-groups": false,
    })
    .options({ ...yargsOptions(COMMON_OPTIONS), help: { type: "boolean", alias: "h" } })
    .option("version", { type: "boolean" })
    .strictOptions();
}

interface Level {
  commands: readonly Command[];
  /** How many words of the names are behind us. */
  depth: number;
  choose(command: Command): void;
}

function addCommands(parser: Argv, { commands, depth, choose }: Level): Argv {
  let added = parser;
  for (const word of new Set(commands.map(({ name }) => name.split(" ")[depth] ?? ""))) {
    const below = commands.filter(({ name }) => name.split(" ")[depth] === word);
    const leaf = below.find(({ name }) => name.split(" ").length === depth + 1);
    const longer = below.filter((command) => command !== leaf);
    const build = (inner: Argv): Argv => {
      const own = leaf === undefined ? inner : refuseUnknown(inner.options(yargsOptions(leaf.options)), leaf);
      return addCommands(own, { commands: longer, depth: depth + 1, choose });
    };
    added = added.command(word, false, build, () => (leaf === undefined ? undefined : choose(leaf)));
  }
  return depth === 0 ? refuseUnknown(added, undefined) : added;
}

function refuseUnknown(parser: Argv, command: Command | undefined): Argv {
  const known = Object.keys({ ...COMMON_OPTIONS, ...command?.options, help: "", version: "" });
  return parser.strictOptions().fail((message: string | null, error: unknown) => {
    if (error instanceof GoferryError) throw error;
    throw flagProblem(message ?? String(error), known, command);
  });
}

/** yargs has no codes; its texts are read here and nowhere else (yargs 18, lib/validation.ts and yargs-parser). */
function flagProblem(message: string, known: readonly string[], command: Command | undefined): GoferryError {
  const help = `See: goferry ${command === undefined ? "" : `${command.name} `}--help`;
  const [, unknown] = /^Unknown arguments?: ([^,]*)/u.exec(message) ?? [];
  if (unknown !== undefined) {
    const shown = unknown.length === 1 ? `-${unknown}` : `--${unknown}`;
    const meant = nearest(unknown, known);
    return new GoferryError("ARGUMENT_INVALID", {
      subject: shown,
      message: command === undefined ? "there is no such flag" : `goferry ${command.name} has no such flag`,
      next: meant === undefined ? help : `Did you mean --${meant}?`,
    });
  }
  const [, lacking] = /^Not enough arguments following: (.*)$/u.exec(message) ?? [];
  return new GoferryError("ARGUMENT_INVALID", {
    subject: lacking === undefined ? "command line" : `--${lacking}`,
    message: lacking === undefined ? message : "the flag needs a value",
    expected: lacking === undefined ? undefined : `--${lacking} ${command?.options[lacking]?.arg ?? "VALUE"}`,
    next: help,
  });
}

function yargsOptions(table: OptionTable): Record<string, Options> {
  return Object.fromEntries(Object.entries(table).map(([name, option]) => [name, yargsOption(option)]));
}

function yargsOption(option: Option): Options {
  if (option.kind === "flag") return { type: "boolean" };
  return isList(option) ? { type: "array", string: true, nargs: 1 } : { type: "string", nargs: 1 };
}

/** The longest beginning of `words` with which commands begin. */
function knownBeginning(words: readonly string[], commands: readonly Command[]): string {
  const beginnings = words.map((_, i) => words.slice(0, i + 1).join(" "));
  return beginnings.findLast((each) => commands.some(({ name }) => `${name} `.startsWith(`${each} `))) ?? "";
}

function unknownCommand(words: readonly string[], topic: string, commands: readonly Command[]): GoferryError {
  const given = words.join(" ");
  const prefix = topic === "" ? "" : `${topic} `;
  const next = commands.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => name);
  if (given === topic) {
    return new GoferryError("ARGUMENT_INVALID", {
      subject: `goferry ${prefix}`.trim(),
      message: "no command is given",
      expected: `one of: ${next.join(", ")}`,
      next: `See: goferry ${prefix}--help`,
    });
  }
  const count = topic === "" ? 1 : topic.split(" ").length + 1;
  const wrong = words.slice(0, count).join(" ");
  const names = new Set(next.map((name) => name.split(" ").slice(0, count).join(" ")));
  const meant = nearest(wrong, names);
  return new GoferryError("ARGUMENT_INVALID", {
    subject: wrong,
    message: "there is no such command",
    expected: `one of: ${next.join(", ")}`,
    next: meant === undefined ? `See: goferry ${prefix}--help` : `Did you mean: goferry ${meant}`,
  });
}

/** yargs takes `--json=maybe` for false. */
function checkFlagValues(words: readonly string[], options: OptionTable): void {
  const end = words.indexOf("--");
  for (const word of end === -1 ? words : words.slice(0, end)) {
    const [, name = "", value] = /^--([^=]+)=(.*)$/su.exec(word) ?? [];
    if (options[name]?.kind !== "flag" || value === "true" || value === "false") continue;
    throw new GoferryError("ARGUMENT_INVALID", {
      subject: `--${name}`,
      message: "the flag takes no value",
      expected: `--${name}, or --${name}=false`,
      found: word,
    });
  }
}

function checkCount(given: readonly string[], { name, positionals }: Command): void {
  const known = Object.values(positionals);
  const [extra] = given.slice(known.length);
  if (extra === undefined || known.at(-1)?.many === true) return;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: extra,
    message: `this is one argument too many for goferry ${name}`,
    expected: ["goferry", name, ...known.map(({ arg }) => arg)].join(" "),
    next: `See: goferry ${name} --help`,
  });
}

/** A flag that takes one value and is given twice: which of the two was meant, nobody knows. */
function checkRepeats(flags: Readonly<Record<string, unknown>>, { options }: Command): GivenFlags {
  const checked: Record<string, boolean | string | string[]> = {};
  for (const [name, value] of Object.entries(flags)) {
    if (Array.isArray(value) && options[name] !== undefined && isList(options[name])) {
      checked[name] = value.map(String);
    } else if (typeof value === "boolean" || typeof value === "string") checked[name] = value;
    else if (Array.isArray(value) && value.every((each) => typeof each === "boolean")) {
      checked[name] = value.at(-1) === true;
    } else if (value !== undefined) {
      throw new GoferryError("ARGUMENT_INVALID", {
        subject: `--${name}`,
        message: "the flag is given more than once",
        expected: "one value",
        found: Array.isArray(value) ? value.join(", ") : undefined,
      });
    }
  }
  return checked;
}
