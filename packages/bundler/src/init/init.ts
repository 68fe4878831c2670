// `goferry init`: a first goferry.yaml from what a folder holds. It finds, chooses and writes down; whether the proxy has
// what was chosen is for plan to say.

import { readFile, rm } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { GoferryError } from "@goferry/core";
import { diskError, errorCode } from "../net/disk-error.ts";
import { createFile, draftOf } from "../output.ts";
import { specSchemaText, SPEC_SCHEMA_ID } from "../spec/json-schema.ts";
import { HOST_PLATFORMS } from "../spec/platforms.ts";
import { parseSpec } from "../spec/read.ts";
import { chooseGo } from "./choose-go.ts";
import { readDockerfile } from "./dockerfile.ts";
import { findFiles, type FoundFiles } from "./find-files.ts";
import { readWorkflow } from "./github.ts";
import { readGitlab } from "./gitlab.ts";
import type { GoFindings } from "./go-hint.ts";
import { findProjects, slug, type FoundProjects } from "./projects.ts";
import { renderSpec, type Entry, type SpecDraft } from "./render.ts";
import { readVersionFile } from "./version-file.ts";

export interface InitOptions {
  /** Absolute; the folder that is searched. */
  dir: string;
  /** Absolute; where goferry.yaml is to be. Paths of projects are relative to its folder. */
  out: string;
  /** Write the JSON Schema beside it, and name it in the first line. */
  schema: boolean;
  /** GOOS/GOARCH of this machine. */
  platform: string;
  signal?: AbortSignal | undefined;
}

/** A goferry.yaml that is not written yet. */
export interface InitDraft {
  out: string;
  text: string;
  /** Where the JSON Schema goes; undefined: none is asked for. */
  schemaFile: string | undefined;
  draft: SpecDraft;
}

/** The name of the schema file beside a goferry.yaml: editors read it without a network. */
const SCHEMA_NAME = "goferry.schema.json";

/** Larger than any file of this kind that a person writes. In bytes. */
const MAX_FILE_BYTES = 1 << 20;

/** The platform in place of this machine's, where that one cannot run Go. */
const FALLBACK_PLATFORM = "linux/amd64";

/**
 * Draws up a goferry.yaml; nothing is written.
 * @throws NOT_FOUND (no such folder), IO_FAILED, INTERRUPTED (the reason of the signal)
 */
export async function draftSpec({ dir, out, schema, platform, signal }: InitOptions): Promise<InitDraft> {
  const files = await findFiles(dir, signal).catch((error: unknown) => {
    throw folderError(error, dir);
  });
  const found = await findProjects(dir, files);
  const findings = await readAll(dir, files);
  const needs = found.projects.map(({ folder, project }) => ({
    subject: folder === "" ? "go.mod" : `${folder}/go.mod`,
    goVersion: project.goVersion,
  }));
  const draft: SpecDraft = {
    name: nameOf(dir, found),
    go: chooseGo(findings.hints, needs),
    platforms: platformsOf(platform, findings.platforms),
    projects: projectsOf(dir, dirname(out), found),
    notes: [
      ...findings.notes,
      ...(files.isComplete ? [] : ["there are too many folders here to look at all of them"]),
    ],
  };
  const schemaFile = schema ? join(dirname(out), SCHEMA_NAME) : undefined;
  const text = renderSpec(draft, schema ? `./${SCHEMA_NAME}` : undefined);
  // What init writes, build reads: a mistake in it would be ours.
  parseSpec(Buffer.from(text), out);
  return { out, text, schemaFile, draft };
}

/**
 * Writes the draft, and its schema. A goferry.yaml that is there stays, and so does a schema file of somebody else's.
 * @throws OUTPUT_EXISTS, DISK_FULL, IO_FAILED
 */
export async function writeSpec({ out, text, schemaFile }: InitDraft): Promise<void> {
  if (schemaFile !== undefined) await refuseOthersSchema(schemaFile);
  await using schema = schemaFile === undefined ? undefined : draftOf(schemaFile);
  await schema?.write([Buffer.from(specSchemaText())]);
  await createFile(out, text).catch((error: unknown) => {
    if (errorCode(error) !== "EEXIST") throw diskError(error, out);
    throw outputExists(out, "a file of this name is there already, and is kept");
  });
  try {
    await schema?.place();
  } catch (error) {
    await rm(out, { force: true });
    throw error;
  }
}

async function refuseOthersSchema(file: string): Promise<void> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw diskError(error, file);
  });
  if (text === undefined || text.includes(`"$id": ${JSON.stringify(SPEC_SCHEMA_ID)}`)) return;
  throw outputExists(file, "the place of the JSON Schema is taken by another file, which is kept");
}

function outputExists(subject: string, message: string): GoferryError {
  return new GoferryError("OUTPUT_EXISTS", {
    subject,
    message,
    next: "Look at what would be written: goferry init --dry-run. Or name another file: --out FILE",
  });
}

function folderError(error: unknown, dir: string): unknown {
  const code = errorCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new GoferryError("NOT_FOUND", {
      subject: dir,
      message: code === "ENOENT" ? "there is no such folder" : "this is a file",
      expected: "a folder with Go projects",
      next: "Name the folder of your sources: goferry init DIR",
      cause: error,
    });
  }
  return error instanceof Error && "syscall" in error ? diskError(error, dir) : error;
}

type AllFindings = Required<GoFindings>;

/** Every file that may name a Go version, read by the one who knows its kind. */
async function readAll(dir: string, files: FoundFiles): Promise<AllFindings> {
  const all: AllFindings = { hints: [], notes: [], platforms: [] };
  const readers: [readonly string[], (text: string, file: string) => GoFindings][] = [
    [files.versionFiles, readVersionFile],
    [files.dockerfiles, readDockerfile],
    [files.workflows, readWorkflow],
    [files.gitlab, readGitlab],
  ];
  for (const [names, read] of readers) {
    for (const name of names) {
      const text = await readText(join(dir, name));
      const findings = text === undefined ? undefined : read(text, name);
      all.hints.push(...(findings?.hints ?? []));
      all.notes.push(...(findings?.notes ?? [`${name}: cannot be read`]));
      all.platforms.push(...(findings?.platforms ?? []));
    }
  }
  return all;
}

async function readText(file: string): Promise<string | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  return bytes === undefined || bytes.length > MAX_FILE_BYTES ? undefined : bytes.toString("utf8");
}

function nameOf(dir: string, { projects }: FoundProjects): Entry {
  const [first, ...more] = projects;
  if (first !== undefined && more.length === 0) {
    const { name, modules } = first.project;
    return { value: first.name ?? name, reason: `after ${modules.join(", ")}`, isActive: true };
  }
  const value = slug(basename(dir));
  if (value !== "") return { value, reason: "after the folder", isActive: true };
  return { value: "site", reason: "nothing here has a name", isActive: true };
}

function platformsOf(own: string, found: AllFindings["platforms"]): Entry[] {
  const isHost = HOST_PLATFORMS.some((known) => known === own);
  const reasons = new Map<string, string>([
    [isHost ? own : FALLBACK_PLATFORM, isHost ? "this machine" : "Go does not run here"],
  ]);
  for (const { platform, where } of found) if (!reasons.has(platform)) reasons.set(platform, where);
  return [...reasons].map(([value, reason]) => ({ value, reason, isActive: true }));
}

function projectsOf(dir: string, from: string, { projects, refused }: FoundProjects): SpecDraft["projects"] {
  const pathOf = (folder: string): string => specPath(from, resolve(dir, folder));
  return [
    ...projects.map(({ folder, name, project, covers }) => ({
      value: pathOf(folder),
      name,
      reason:
        `${project.modules.join(", ")}, needs Go ${project.goVersion}` +
        (covers.length === 0 ? "" : `; its go.work uses ${covers.map((each) => each || ".").join(", ")}`),
      isActive: true,
    })),
    ...refused.map(({ folder, reason }) => ({
      value: pathOf(folder),
      name: undefined,
      reason: `left out, ${reason}`,
      isActive: false,
    })),
  ];
}

/** A folder as a spec in `from` names it: with slashes, and a dot in front that shows that it is a path. */
function specPath(from: string, to: string): string {
  const path = relative(from, to).replaceAll(sep, "/");
  if (path === "") return ".";
  return path.startsWith("../") || path === ".." || isAbsolute(path) ? path : `./${path}`;
}
