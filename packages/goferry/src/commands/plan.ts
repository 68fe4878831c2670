// `goferry plan`: what a build would decide, before anything large is downloaded.

import { resolve } from "node:path";
import { EXIT, unitName } from "@goferry/core";
import { planBundle, type Plan } from "@goferry/bundler";
import { defineCommand, type Outcome } from "../command.ts";
import { buildMachine } from "../machine.ts";
import { rowsText } from "../output/rows.ts";
import { reportBuild } from "../stages.ts";
import { DEFAULT_SPEC, SPEC, SPEC_OPTIONS } from "./shared.ts";

export const plan = defineCommand({
  name: "plan",
  summary: "Show what a build would put into the bundle",
  description:
    "Reads the spec and the projects, asks the module proxy which Go versions there are, and shows what goferry " +
    "build would decide. Nothing is written but the cache.",
  positionals: { spec: SPEC },
  options: SPEC_OPTIONS,
  examples: [
    { line: "goferry plan", what: "For goferry.yaml in this folder" },
    { line: "goferry plan site/goferry.yaml --locked --json", what: "Is the lock still right?" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io, EXIT.notFound],
  answers: true,
  async run(values, { terminal, progress, signal }) {
    const { lock, locked, cache } = values;
    const spec = values.spec ?? resolve(terminal.cwd, DEFAULT_SPEC);
    const onProgress = reportBuild(progress);
    const made = await planBundle({ spec, lock, locked, onProgress, signal }, buildMachine(terminal, cache));
    return planOutcome(made, spec);
  },
});

/** What a plan says; also that of `build --dry-run`. */
export function planOutcome(made: Plan, spec: string): Outcome {
  const { name, created, serial, expires, goVersions, platforms, projects, buildGo, lock, notes } = made;
  const toolchains = made.toolchains.map(unitName);
  const queries = (list: Plan["modules"]): string[] => list.map(({ path, query }) => `${path}@${query}`);
  const rows = rowsText([
    ["spec", spec],
    ["created", `${created}, serial ${serial}${lock === undefined ? "" : " (from the lock)"}`],
    ["expires", expires ?? "never"],
    ["Go", `${goVersions.join(", ")} for ${platforms.join(", ")}; built with ${buildGo}`],
    ["toolchains", toolchains],
    [
      "projects",
      projects.map((project) => `${project.name}: ${project.module}, needs Go ${project.goVersion}`),
    ],
    ["modules", queries(made.modules)],
    ["tools", queries(made.tools)],
    ["notes", notes],
  ]);
  return {
    text: `${name} would be made of\n${rows}`,
    json: {
      spec,
      name,
      created,
      serial,
      expires: expires ?? null,
      go: goVersions,
      platforms,
      buildGo,
      toolchains,
      projects: projects.map(({ name: project, dir, module, goVersion }) => ({
        name: project,
        dir,
        module,
        goVersion,
      })),
      modules: queries(made.modules),
      tools: queries(made.tools),
      locked: lock !== undefined,
      notes,
    },
  };
}
