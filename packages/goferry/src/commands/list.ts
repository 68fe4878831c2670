// `goferry list`: what is installed in a root.

import { countText, patternUses, unitName, type PatternUse } from "@goferry/core";
import {
  defaultRoot,
  describeRoot,
  type GenerationSummary,
  type RootDescription,
  type State,
} from "@goferry/installer";
import { evidenceOutcome } from "../evidence-text.ts";
import { binFolder } from "../machine.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText, bytesText } from "../output/units.ts";
import { patternLines } from "../private-text.ts";
import type { Run } from "../command.ts";
import type { listTable } from "./tables/list.ts";

export const list: Run<typeof listTable> = async (values, { host }) => {
  const root = values.root ?? defaultRoot(host);
  const { state, bytes, generations } = await describeRoot(host, root);
  if (values.evidence) return evidenceOutcome(state);
  const { generation, current, sdks, bundles, units } = state;
  const modules = units.filter(({ kind }) => kind === "module").length;
  return {
    text: state.current === null ? emptyText(state, root) : stateText(state, { modules, bytes, generations }),
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
};

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
