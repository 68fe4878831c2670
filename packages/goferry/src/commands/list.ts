// `goferry list`: what is installed in a root.

import { EXIT, patternUses, unitName, type PatternUse } from "@goferry/core";
import {
  defaultRoot,
  describeRoot,
  type GenerationSummary,
  type RootDescription,
  type State,
} from "@goferry/installer";
import { defineCommand } from "../command.ts";
import { evidenceOutcome } from "../evidence-text.ts";
import { binFolder } from "../machine.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText, bytesText, countText } from "../output/units.ts";
import { patternLines } from "../private-text.ts";
import { ROOT_OPTION } from "./shared.ts";

export const list = defineCommand({
  name: "list",
  summary: "Show the Go versions, bundles and generations of a root",
  description:
    "Shows which Go versions, bundles and modules are installed in a root, which generations it can go back to, and how " +
    "many bytes all of it takes.\n\n" +
    "With --evidence it says of each unit what vouches for it: the number of its record in the checksum database and the " +
    "tree that holds it, or the pattern of private modules; the bundles that brought it, and who signed them.",
  positionals: {},
  options: {
    root: ROOT_OPTION,
    evidence: { kind: "flag", help: "What vouches for each unit, for whoever has to sign it off." },
  },
  examples: [
    { line: "goferry list", what: "What is installed where this user installs" },
    { line: "goferry list --root /opt/goferry --json", what: "All modules of another root, for a program" },
    { line: "goferry list --evidence", what: "What vouches for each of them" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io],
  answers: true,
  async run(values, { host }) {
    const root = values.root ?? defaultRoot(host);
    const { state, bytes, generations } = await describeRoot(host, root);
    if (values.evidence) return evidenceOutcome(state);
    const { generation, current, sdks, bundles, units } = state;
    const modules = units.filter(({ kind }) => kind === "module").length;
    return {
      text:
        state.current === null ? emptyText(state, root) : stateText(state, { modules, bytes, generations }),
      json: {
        root,
        bin: binFolder(root),
        generation,
        current,
        sdks: sdks.map((sdk) => ({ ...sdk, current: sdk.version === current })),
        bundles,
        serials: state.serials,
        generations,
        bytes,
        counts: {
          modules,
          gomods: units.length - modules,
          private: units.filter((unit) => unit.record === null).length,
        },
        ...privateUnits(state),
        units: units.map((unit) => ({ ...unit, private: unit.record === null })),
      },
    };
  },
});

interface PrivateUnits {
  patterns: PatternUse[];
  /** Names of those that no pattern covers any more. */
  uncovered: string[];
}

function privateUnits({ units, privatePatterns }: State): PrivateUnits {
  const own = units.filter((unit) => unit.record === null);
  const patterns = patternUses(own, privatePatterns);
  const covered = new Set(patterns.flatMap((use) => use.units));
  return { patterns, uncovered: own.map(unitName).filter((name) => !covered.has(name)) };
}

function privateLines({ patterns, uncovered }: PrivateUnits): string[] {
  const rest = uncovered.length === 0 ? [] : [{ pattern: "no pattern any more", units: uncovered }];
  return patternLines([...patterns, ...rest]);
}

function emptyText({ privatePatterns }: State, root: string): string {
  const allowed =
    privatePatterns.length === 0 ? "" : `; it accepts private modules of ${privatePatterns.join(", ")}`;
  return `Nothing is installed in ${root}${allowed}`;
}

function stateText(
  state: State,
  { modules, bytes, generations }: Omit<RootDescription, "state"> & { modules: number },
): string {
  const { root, generation, current, sdks, bundles, units } = state;
  const gomods = units.length - modules;
  const rows = rowsText([
    [
      "Go",
      sdks.map(
        ({ version, platform, size }) =>
          `${version} ${platform}, ${bytesText(size)}${version === current ? " (current)" : ""}`,
      ),
    ],
    [
      "bundles",
      bundles.map(
        ({ name, serial, installedAt, signers, complete }) =>
          `${name}, serial ${serial}, ${complete ? "" : "in part, "}installed ${installedAt}, signed by ${signers.join(", ")}`,
      ),
    ],
    ["projects", [...new Set(bundles.flatMap(({ projects }) => projects))].join(", ") || undefined],
    [
      "modules",
      `${countText(modules)}, and ${countText(gomods)} of which only go.mod is there; ${bytesText(bytes.modules)}, and ${bytesText(bytes.zips)} of zips`,
    ],
    ["private", privateLines(privateUnits(state))],
    ["generations", beginning(generations.map(generationText))],
    [
      "older ones",
      bytes.unneeded === 0
        ? undefined
        : `take ${bytesText(bytes.unneeded)}: goferry gc frees what is not kept`,
    ],
  ]);
  return `${root}, generation ${generation}\n${rows}`;
}

function generationText({ generation, change, sdks, modules }: GenerationSummary): string {
  const made = change === null ? "" : `, ${change.at} by ${change.command}`;
  const go = sdks.length === 0 ? "no Go" : `Go ${sdks.join(", ")}`;
  return `${generation}${made}: ${go}, ${amountText(modules, "module")}`;
}
