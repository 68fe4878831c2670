// A command as a value: what it is called, what it takes, what its help says, and the one function that runs it.

import type { EXIT, GoferryError } from "@goferry/core";
import { CHANGE_OPTIONS } from "./change-options.ts";
import type { Context } from "./context.ts";
import type { OptionTable, OptionValue, PositionalTable, Values } from "./option.ts";

/** What a command has to say when it did what it was asked. */
export interface Outcome {
  /** For people: lines without a newline at the end of the last. */
  text: string;
  /** For `--json`: what JSON.stringify makes of it is the whole of standard output. */
  json: object;
  /** For people, on standard error: what they should know but did not ask for. One paragraph each. */
  warnings?: readonly string[];
  /** Where the answer itself is a refusal, such as a report of what was found; 0 if left out. */
  exitCode?: (typeof EXIT)[keyof typeof EXIT];
  /** The same, where one error says most of it: told like any other, beside the answer, and its exit code is the command's. */
  refusal?: GoferryError | undefined;
}

export interface Example {
  /** A command line that works as it stands, the files it names given. */
  line: string;
  what: string;
}

/** What the command line and the help know of a command. */
export interface CommandTable {
  /** One or two words. */
  name: string;
  /** A line for the list of commands. */
  summary: string;
  /** Paragraphs for the command's own help. */
  description: string;
  positionals: PositionalTable;
  options: OptionTable;
  examples: readonly Example[];
  /** What the exit code can be beside 0, 1 and 130, which every command can have. */
  exits: readonly (typeof EXIT)[keyof typeof EXIT][];
  /** It has a flag --root and changes what is there: change-run.ts runs it, with the flags of CHANGE_OPTIONS. */
  changesRoot?: true;
  /** Printing something is all it does, so `--quiet` does not silence it. */
  answers?: true;
}

/** What a command does. The values are those of its own table. */
export type Run<T extends CommandTable> = (
  values: Values<T["options"], T["positionals"]>,
  context: Context,
) => Promise<Outcome>;

/** A command whose types of options are forgotten, so that commands can stand in one list. */
export interface Command extends CommandTable {
  run(values: Readonly<Record<string, OptionValue>>, context: Context): Promise<Outcome>;
}

/**
 * Joins a table with what it stands for, which is loaded when the command runs: every start of goferry knows all tables,
 * and pays for the code of one command. `values` given to `run` must have been made for these tables (settings.ts).
 */
export function defineCommand<const T extends CommandTable>(table: T, load: () => Promise<Run<T>>): Command {
  const options = table.changesRoot === true ? { ...table.options, ...CHANGE_OPTIONS } : table.options;
  return {
    ...table,
    options,
    async run(values, context) {
      const run = await load();
      return await run(values as Values<T["options"], T["positionals"]>, context);
    },
  };
}
