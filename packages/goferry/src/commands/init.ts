// `goferry init`: a first goferry.yaml from what is found.

import { join, resolve } from "node:path";
import { EXIT } from "@goferry/core";
import { draftSpec, writeSpec, type InitDraft } from "@goferry/bundler";
import { defineCommand } from "../command.ts";
import { goPlatform } from "../machine.ts";
import { rowsText } from "../output/rows.ts";
import { DEFAULT_SPEC } from "./shared.ts";

export const init = defineCommand({
  name: "init",
  summary: "Write a first goferry.yaml from what a folder holds",
  description:
    "Looks for projects (go.mod, go.work) and for the Go that they are built with (.go-version, .tool-versions, images " +
    "of Dockerfiles, GitHub workflows, .gitlab-ci.yml), and writes a commented goferry.yaml in which every value says " +
    "where it came from. Nothing is asked of the network, and no file is overwritten.\n\n" +
    "goferry.schema.json is written beside it, and named in its first line: editors with the YAML language server " +
    "complete and check by it, without a network.",
  positionals: { dir: { arg: "DIR", help: "Folder that is searched; this one if left out." } },
  options: {
    out: { kind: "path", arg: "FILE", help: "File that is written; goferry.yaml in DIR if left out." },
    "no-schema": { kind: "flag", help: "Write no goferry.schema.json, and no line that names it." },
    "dry-run": { kind: "flag", help: "Print what would be written, and write nothing." },
  },
  examples: [
    { line: "goferry init", what: "For the projects in this folder and below" },
    { line: "goferry init --dry-run", what: "Only show it" },
    {
      line: "goferry init services --out deploy/goferry.yaml",
      what: "For another folder, written elsewhere",
    },
  ],
  exits: [EXIT.usage, EXIT.io, EXIT.notFound],
  answers: true,
  async run(values, { terminal, signal }) {
    const dir = values.dir ?? terminal.cwd;
    const out = values.out ?? join(dir, DEFAULT_SPEC);
    const platform = goPlatform(terminal.system);
    const made = await draftSpec({ dir, out, schema: !values["no-schema"], platform, signal });
    const json = draftJson(made);
    if (values["dry-run"]) return { text: made.text.trimEnd(), json: { dryRun: true, ...json } };
    await writeSpec(made);
    return { text: writtenText(made), json, warnings: made.draft.notes };
  },
});

function writtenText({ out, schemaFile, draft }: InitDraft): string {
  const active = (entries: readonly { isActive: boolean; text: string; reason: string }[]): string[] =>
    entries.map(({ isActive, text, reason }) => `${isActive ? "" : "(not) "}${text}: ${reason}`);
  const rows = rowsText([
    ["schema", schemaFile],
    ["Go", active(draft.go.map(({ entry, ...rest }) => ({ text: entry, ...rest })))],
    ["platforms", active(draft.platforms.map(({ value, ...rest }) => ({ text: value, ...rest })))],
    ["projects", active(draft.projects.map(({ value, ...rest }) => ({ text: value, ...rest })))],
  ]);
  return `Wrote ${out}\n${rows}\nLook at it, then: goferry plan ${resolve(out)}`;
}

function draftJson({ out, text, schemaFile, draft }: InitDraft): object {
  const { name, go, platforms, projects, notes } = draft;
  return {
    file: out,
    schemaFile: schemaFile ?? null,
    name: name.value,
    go: go.map(({ entry, reason, isActive }) => ({ entry, reason, active: isActive })),
    platforms: platforms.map(({ value, reason, isActive }) => ({
      platform: value,
      reason,
      active: isActive,
    })),
    projects: projects.map(({ value, name: own, reason, isActive }) => {
      return { path: value, name: own ?? null, reason, active: isActive };
    }),
    notes,
    text,
  };
}
