// Flags and positional arguments as tables. From one entry follow how it is parsed, its line in the help, its
// environment variable, its key in the config file, and the type that a command gets.

/**
 * flag: present or not. count: a whole number from 1. duration: a time such as 30s, as milliseconds. choice: one of `choices`. path, paths: made absolute.
 * The plural kinds may be given several times; in an environment variable paths are separated as in PATH, texts by
 * commas.
 */
export type OptionKind = "flag" | "text" | "texts" | "path" | "paths" | "count" | "duration" | "choice";

export interface Option {
  kind: OptionKind;
  /** What stands for the value in the help, such as FILE. */
  arg?: string;
  /** One line, as a sentence. */
  help: string;
  /** Also read from GOFERRY_<NAME> and from the key of the same name in the config file. */
  setting?: true;
  /** A decision about this one run: it stands on the command line or nowhere, so that no file repeats it. */
  onlyAsFlag?: true;
  /** The command cannot do without; it must come from one of the places. */
  required?: true;
  choices?: readonly string[];
}

/** By the long name of the flag, without dashes. */
export type OptionTable = Readonly<Record<string, Option>>;

export interface Positional {
  arg: string;
  help: string;
  required?: true;
  /** A word as it stands; a path, which is made absolute, if left out. */
  kind?: "text";
  /** One or more of them; only the last positional. */
  many?: true;
}

/** By the key under which the command gets it; in the order of the command line. */
export type PositionalTable = Readonly<Record<string, Positional>>;

export type OptionValue = boolean | number | string | string[] | undefined;

type Single<O extends Option, T> = O extends { required: true } ? T : T | undefined;

type ValueOf<O extends Option> = O["kind"] extends "flag"
  ? boolean
  : O["kind"] extends "texts" | "paths"
    ? string[]
    : O["kind"] extends "count" | "duration"
      ? Single<O, number>
      : Single<O, O extends { choices: readonly (infer C)[] } ? C : string>;

/** What a command gets for its tables. */
export type Values<O extends OptionTable, P extends PositionalTable> = {
  readonly [K in keyof O]: ValueOf<O[K]>;
} & {
  readonly [K in keyof P]: P[K] extends { many: true }
    ? string[]
    : P[K] extends { required: true }
      ? string
      : string | undefined;
};

/** How a positional is written in a usage line. */
export function positionalText({ arg, required, many }: Positional): string {
  const word = many === true ? `${arg}...` : arg;
  return required === true ? word : `[${word}]`;
}

/** Flags of every command. */
export const COMMON_OPTIONS = {
  json: {
    kind: "flag",
    help: "Print exactly one JSON object on standard output, for errors too.",
    setting: true,
  },
  quiet: { kind: "flag", help: "Print nothing but errors and what was asked for.", setting: true },
  answers: {
    kind: "path",
    arg: "FILE",
    help: "YAML file with values of flags and arguments, by their names, for a run that nobody watches.",
    onlyAsFlag: true,
  },
  yes: { kind: "flag", help: "Answer every question with yes.", setting: true },
} as const satisfies OptionTable;

/** The environment variable of a setting. */
export function variableOf(name: string): string {
  return `GOFERRY_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** A positional as an option, by which its value is read and converted. */
export function positionalOption({ kind: word, many, help }: Positional): Option {
  const kind = word ?? "path";
  return { kind: many === true ? (`${kind}s` as const) : kind, help };
}

/** Whether the option may be given several times. */
export function isList({ kind }: Option): boolean {
  return kind === "texts" || kind === "paths";
}
