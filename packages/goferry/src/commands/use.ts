// `goferry use`: which of the installed Go versions `go` is.

import { EXIT } from "@goferry/core";
import { defaultRoot, findGoVersionFile, useVersion, type Used } from "@goferry/installer";
import { defineCommand } from "../command.ts";
import { findingText } from "../finding-text.ts";
import { goVersionOf } from "../go-version-argument.ts";
import { binFolder } from "../machine.ts";
import { DRY_RUN, ROOT_OPTION } from "./shared.ts";

export const use = defineCommand({
  name: "use",
  summary: "Choose which installed Go the command go is",
  description:
    "Switches go and gofmt to a version that is installed, in one step; builds that are running keep theirs. The " +
    "newest is chosen by install.\n\n" +
    "Often it is not needed: where a go.mod asks for a newer version that is installed, go switches to it by itself. " +
    "It never switches to an older one, which is what GOTOOLCHAIN=go1.26.8, for one command, and this command are for.",
  positionals: {
    version: {
      arg: "VERSION",
      help: "Version as goferry list shows it, such as 1.26.8; or 1.26, for the newest of that line. If left out: the one in the nearest .go-version.",
      kind: "text",
    },
  },
  options: { root: ROOT_OPTION, "dry-run": DRY_RUN },
  examples: [
    { line: "goferry use 1.26.8", what: "go is Go 1.26.8 from now on" },
    { line: "goferry use", what: "What the .go-version of this folder, or of one above it, asks for" },
    { line: "goferry use go1.27.1 --root /opt/goferry", what: "In another root" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.locked, EXIT.io, EXIT.notFound, EXIT.rolledBack],
  changesRoot: true,
  async run(values, { terminal, host, signal }) {
    const root = values.root ?? defaultRoot(host);
    const file = values.version === undefined ? await findGoVersionFile(host, terminal.cwd) : undefined;
    const version = file?.version ?? goVersionOf(values.version ?? "", "VERSION");
    const dryRun = values["dry-run"];
    const used = await useVersion(host, { root, version, dryRun, signal });
    const { findings, ...rest } = used;
    return {
      text: sentence(used, dryRun) + (file === undefined ? "" : `, as ${file.path} asks for`),
      json: { ...rest, file: file?.path ?? null, bin: binFolder(used.root), dryRun, findings },
      warnings: findings.map(findingText),
    };
  },
});

function sentence({ changed, root, previous, current }: Used, dryRun: boolean): string {
  const go = `go in ${binFolder(root)}`;
  if (!changed) return `Nothing to do: ${go} is Go ${current}`;
  const before = previous === null ? "" : `, and was Go ${previous}`;
  return dryRun
    ? `${go} would be Go ${current}${before.replace("was", "is")}`
    : `${go} is Go ${current}${before}`;
}
