// Help texts, made from the tables of the commands.

import { EXIT } from "@goferry/core";
import type { Command } from "./command.ts";
import { COMMON_OPTIONS, isList, positionalText, variableOf, type Option } from "./option.ts";
import { wrap } from "./output/wrap.ts";

/** What each exit code means, as DESIGN 5 lists them. */
const EXIT_TEXTS: Readonly<Record<number, string>> = {
  [EXIT.done]: "done",
  [EXIT.internal]: "a mistake of goferry",
  [EXIT.usage]: "wrong usage, spec, key or project",
  [EXIT.refused]: "verification refused: signature, hash, log or go.sum does not match",
  [EXIT.preflight]: "this machine or root cannot take it: platform, space, permissions",
  [EXIT.locked]: "another goferry is at work in the root",
  [EXIT.io]: "input or output failed: disk full, medium unreadable, proxy unreachable",
  [EXIT.notFound]: "not found: a file, or a module or toolchain that the proxy refuses",
  [EXIT.rolledBack]: "failed half way and taken back",
  [EXIT.policy]: "refused by policy: expired or older than what is installed",
  [EXIT.rehearsal]: "a project, tool or module does not work with the bundle",
  [EXIT.interrupted]: "interrupted",
};

export interface HelpOptions {
  /** The words of a command, or of the beginning of several, or none. */
  topic: string;
  commands: readonly Command[];
  columns: number | undefined;
}

/** The help for a topic, with a newline at the end. */
export function helpText({ topic, commands, columns }: HelpOptions): string {
  const width = Math.min(columns ?? 100, 110);
  const command = commands.find(({ name }) => name === topic);
  if (command !== undefined) return commandHelp(command, width);
  return overview(
    commands.filter(({ name }) => topic === "" || name.startsWith(`${topic} `)),
    topic,
    width,
  );
}

function overview(commands: readonly Command[], topic: string, columns: number): string {
  const program = topic === "" ? "goferry" : `goferry ${topic}`;
  const first = commands[0]?.examples[0]?.line ?? program;
  return sections([
    `Usage: ${program} COMMAND [flags]`,
    "Carries Go across an air gap: one signed bundle, one verified install.",
    list(
      "Commands:",
      commands.map(({ name, summary }) => [name, summary] as const),
      columns,
    ),
    list("Flags of every command:", [...flagLines(COMMON_OPTIONS), HELP_LINE, VERSION_LINE], columns),
    wrap(
      "Flags can also be set by the environment variable or config key named beside them; a flag wins over the " +
        "environment, and that over the config file ($GOFERRY_CONFIG, else goferry/config.yaml in the user's " +
        "folder for configuration, then /etc/goferry/config.yaml).",
      { columns, indent: 0 },
    ),
    `Example:\n  ${first}`,
    list("Exit codes:", exitLines(Object.values(EXIT)), columns),
    `See: goferry COMMAND --help`,
  ]);
}

function commandHelp(command: Command, columns: number): string {
  const { name, description, positionals, options, examples, exits } = command;
  const words = Object.values(positionals).map(positionalText);
  const needed = Object.entries(options).flatMap(([flag, option]) =>
    option.required === true ? [`--${flag} ${option.arg}${isList(option) ? "..." : ""}`] : [],
  );
  const codes = [EXIT.done, EXIT.internal, ...exits, EXIT.interrupted].toSorted((a, b) => a - b);
  return sections([
    wrap(`Usage: ${["goferry", name, ...words, ...needed, "[flags]"].join(" ")}`, { columns, indent: 7 }),
    description
      .split("\n\n")
      .map((paragraph) => wrap(paragraph.replaceAll("\n", " "), { columns, indent: 0 }))
      .join("\n\n"),
    list(
      "Arguments:",
      Object.values(positionals).map(({ arg, help }) => [arg, help] as const),
      columns,
    ),
    list("Flags:", flagLines(options), columns),
    list("Flags of every command:", [...flagLines(COMMON_OPTIONS), HELP_LINE], columns),
    `Examples:\n${examples.map(({ line, what }) => `  # ${what}\n  ${line}`).join("\n")}`,
    list("Exit codes:", exitLines(codes), columns),
  ]);
}

type Line = readonly [name: string, text: string];

const HELP_LINE: Line = ["-h, --help", "Show this help."];
const VERSION_LINE: Line = ["--version", "Show the version of goferry."];

function flagLines(options: Readonly<Record<string, Option>>): Line[] {
  return Object.entries(options).map(([name, option]) => {
    const value = option.kind === "flag" ? "" : ` ${option.choices?.join("|") ?? option.arg ?? "VALUE"}`;
    const several = isList(option) ? " May be given several times." : "";
    const variable = option.setting === true ? ` [${variableOf(name)}]` : "";
    return [`--${name}${value}`, `${option.help}${several}${variable}`];
  });
}

function exitLines(codes: readonly number[]): Line[] {
  return codes.toSorted((a, b) => a - b).map((code) => [String(code).padStart(3), EXIT_TEXTS[code] ?? ""]);
}

function list(title: string, lines: readonly Line[], columns: number): string {
  if (lines.length === 0) return "";
  const width = Math.max(...lines.map(([name]) => name.length)) + 4;
  const texts = lines.map(([name, text]) => {
    const [head, indent] =
      width > 32 ? [`  ${name}\n${" ".repeat(8)}`, 8] : [`  ${name}`.padEnd(width), width];
    return head + wrap(text, { columns, indent });
  });
  return [title, ...texts].join("\n");
}

function sections(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
