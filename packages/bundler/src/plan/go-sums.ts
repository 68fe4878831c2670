// Whether somebody vouches for what a project requires. A module without a go.sum is no mistake by itself: in a workspace
// the go.sum files of all modules and go.work.sum count together, and what the workspace or a folder provides needs none.

import { GoferryError } from "@goferry/core";
import type { GoMod } from "../spec/go-mod.ts";
import type { GoWork } from "../spec/go-work.ts";
import type { Replace } from "../spec/mod-lines.ts";

/** Reads files by their paths relative to the project. */
export interface SumReader {
  text(file: string): Promise<string | undefined>;
  /** The file as messages name it. */
  subject(file: string): string;
}

/**
 * Reads the go.sum of every module that is built, and of a workspace its go.work.sum. Throws GO_SUM_MISSING for a module
 * without one that requires something which no other of them knows.
 */
export async function requireGoSums(
  modules: readonly { folder: string; goMod: GoMod }[],
  reader: SumReader,
  work?: GoWork,
): Promise<void> {
  const own = new Set(modules.map(({ goMod }) => goMod.module));
  const known = new Set<string>();
  if (work !== undefined) addLines(known, await reader.text("go.work.sum"));
  const lacking: { file: string; goMod: GoMod }[] = [];
  for (const { folder, goMod } of modules) {
    const file = folder === "" ? "go.sum" : `${folder}/go.sum`;
    const text = await reader.text(file);
    if (text === undefined) lacking.push({ file, goMod });
    addLines(known, text);
  }
  for (const { file, goMod } of lacking) {
    // What a module replaces is left to Go in a workspace, where another go.sum may well have it.
    const replaces = [...goMod.replaces, ...(work?.replaces ?? [])].filter(
      ({ folder }) => folder !== undefined || work !== undefined,
    );
    const unknown = goMod.requires.find(
      (required) =>
        !own.has(required.path) && !isReplaced(required, replaces) && !known.has(lineOf(required)),
    );
    if (unknown !== undefined) throw goSumMissing(reader.subject(file), unknown, work);
  }
}

/** The modules of a go.sum whose go.mod it knows, which of a requirement of a main module it must. */
function addLines(known: Set<string>, text: string | undefined): void {
  for (const line of text?.split("\n") ?? []) {
    const [path = "", version = ""] = line.trim().split(/\s+/u);
    if (version.endsWith("/go.mod")) known.add(`${path} ${version}`);
  }
}

function lineOf({ path, version }: { path: string; version: string }): string {
  return `${path} ${version}/go.mod`;
}

function isReplaced(required: { path: string; version: string }, replaces: readonly Replace[]): boolean {
  return replaces.some(
    ({ path, version }) => path === required.path && (version === undefined || version === required.version),
  );
}

function goSumMissing(
  subject: string,
  { path, version }: { path: string; version: string },
  work: GoWork | undefined,
): GoferryError {
  return new GoferryError("GO_SUM_MISSING", {
    subject,
    message: "the module has requirements and no go.sum that vouches for them",
    expected: `a go.sum beside the go.mod, with ${path} ${version}`,
    found: work === undefined ? "none" : "none, and no other go.sum of the workspace has it",
    next: "run `go mod tidy` beside the go.mod and look at what it wrote",
  });
}
