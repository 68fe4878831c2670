// `goferry list`: what is installed in a root.

import { EXIT } from "@goferry/core";
import { defaultRoot, listRoot, type State } from "@goferry/installer";
import { defineCommand } from "../command.ts";
import { binFolder, installHost } from "../machine.ts";
import { rowsText } from "../output/rows.ts";
import { countText } from "../output/units.ts";
import { ROOT_OPTION } from "./shared.ts";

export const list = defineCommand({
  name: "list",
  summary: "Show the Go versions and bundles of a root",
  description: "Shows which Go versions, bundles and modules are installed in a root.",
  positionals: {},
  options: { root: ROOT_OPTION },
  examples: [
    { line: "goferry list", what: "What is installed where this user installs" },
    { line: "goferry list --root /opt/goferry --json", what: "All modules of another root, for a program" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io],
  answers: true,
  async run(values, { terminal }) {
    const host = installHost(terminal);
    const root = values.root ?? defaultRoot(host);
    const state = await listRoot(host, root);
    const { generation, current, sdks, bundles, units } = state;
    const modules = units.filter(({ kind }) => kind === "module").length;
    return {
      text: state.current === null ? `Nothing is installed in ${root}` : stateText(state, modules),
      json: {
        root,
        bin: binFolder(root),
        generation,
        current,
        sdks: sdks.map((sdk) => ({ ...sdk, current: sdk.version === current })),
        bundles,
        counts: {
          modules,
          gomods: units.length - modules,
          private: units.filter((unit) => unit.private).length,
        },
        units,
      },
    };
  },
});

function stateText({ root, generation, current, sdks, bundles, units }: State, modules: number): string {
  const secret = units.filter((unit) => unit.private).length;
  const gomods = units.length - modules;
  const rows = rowsText([
    [
      "Go",
      sdks.map(({ version, platform }) => `${version} ${platform}${version === current ? " (current)" : ""}`),
    ],
    [
      "bundles",
      bundles.map(
        ({ name, serial, installedAt, signers }) =>
          `${name}, serial ${serial}, installed ${installedAt}, signed by ${signers.join(", ")}`,
      ),
    ],
    [
      "modules",
      `${countText(modules)}, and ${countText(gomods)} of which only go.mod is there` +
        (secret === 0 ? "" : `; ${countText(secret)} private`),
    ],
  ]);
  return `${root}, generation ${generation}\n${rows}`;
}
