// `goferry init`: a first goferry.yaml from what is found.

import { join, resolve } from "node:path";
import { draftSpec, writeSpec, type InitDraft } from "@goferry/bundler";
import { goPlatform } from "../machine.ts";
import { rowsText } from "../output/rows.ts";
import { DEFAULT_SPEC } from "./tables/shared.ts";
import type { Run } from "../command.ts";
import type { initTable } from "./tables/init.ts";

export const init: Run<typeof initTable> = async (values, { terminal, signal }) => {
  const dir = values.dir ?? terminal.cwd;
  const out = values.out ?? join(dir, DEFAULT_SPEC);
  const platform = goPlatform(terminal.system);
  const made = await draftSpec({ dir, out, schema: !values["no-schema"], platform, signal });
  const json = draftJson(made);
  if (values["dry-run"]) return { text: made.text.trimEnd(), json: { dryRun: true, ...json } };
  await writeSpec(made);
  return { text: writtenText(made), json, warnings: made.draft.notes };
};

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
