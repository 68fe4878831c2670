// `goferry rollback`: what an earlier generation had, without its bundle.

import { EXIT, GoferryError } from "@goferry/core";
import { defaultRoot, rollback as rollBack, type RolledBack } from "@goferry/installer";
import { defineCommand } from "../command.ts";
import { findingText } from "../finding-text.ts";
import { binFolder } from "../machine.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { DRY_RUN, ROOT_OPTION } from "./shared.ts";

export const rollback = defineCommand({
  name: "rollback",
  summary: "Go back to what a root had before",
  description:
    "Each change of a root makes a generation, and all that it has stays on the disk until goferry gc. So going back " +
    "needs no bundle and is one switch: which Go is current, what go.env says, which versions of a module go finds. " +
    "It makes a generation of its own; rolling back again undoes it.\n\n" +
    "What the administrator decided does not go back (private patterns, trusted keys), nor what the root has seen " +
    "(the highest serial of each bundle, trees of the checksum database, the audit log), nor goferry itself. Private modules whose " +
    "pattern was removed since are back all the same, and named.",
  positionals: {
    generation: {
      arg: "N",
      help: "Generation as goferry list shows it; the one before the current one if left out.",
      kind: "text",
    },
  },
  options: { root: ROOT_OPTION, "dry-run": DRY_RUN },
  examples: [
    { line: "goferry rollback", what: "Undo the last change" },
    { line: "goferry rollback 3 --root /opt/goferry --dry-run", what: "What would be different?" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.locked, EXIT.io, EXIT.notFound, EXIT.rolledBack],
  changesRoot: true,
  async run(values, { host, signal }) {
    const dryRun = values["dry-run"];
    const done = await rollBack(host, {
      root: values.root ?? defaultRoot(host),
      generation: values.generation === undefined ? undefined : generationOf(values.generation),
      dryRun,
      signal,
    });
    return {
      text: `${headline(done, dryRun)}\n${rowsText(rows(done))}`.trimEnd(),
      json: { ...done, bin: binFolder(done.root), dryRun },
      warnings: done.findings.map(findingText),
    };
  },
});

function generationOf(text: string): number {
  if (/^[1-9]\d{0,14}$/u.test(text)) return Number(text);
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: "N",
    message: "this is no number of a generation",
    expected: "a number as goferry list shows it",
    found: text,
    next: "goferry list",
  });
}

function headline({ changed, root, target, generation }: RolledBack, dryRun: boolean): string {
  if (!changed) return `Nothing to do: ${root} has what generation ${target} had`;
  return dryRun
    ? `Would take ${root} back to generation ${target}`
    : `${root} is back at generation ${target}, as generation ${generation}`;
}

function rows({ changed, current, previous, added, removed }: RolledBack): Parameters<typeof rowsText>[0] {
  if (!changed) return [];
  const lines = (each: RolledBack["added"]): string[] => [
    ...each.sdks.map((version) => `Go ${version}`),
    ...each.bundles,
    ...beginning(each.modules),
  ];
  const versionText = (version: string | null): string => (version === null ? "no Go" : `Go ${version}`);
  const before = previous === current ? "" : `, and was ${versionText(previous)}`;
  return [
    ["current", `${versionText(current)}${before}`],
    ["has again", lines(added)],
    ["has no more", lines(removed)],
  ];
}
