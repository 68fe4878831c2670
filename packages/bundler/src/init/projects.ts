// Which folders a first goferry.yaml names as projects. Every folder with a go.mod is one, but for the modules that a
// go.work uses, which it covers. Each is looked at as a plan would look at it: what a plan would refuse is handed back
// with the reason, so that it can be written as a comment.

import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { GoferryError } from "@goferry/core";
import { planProjects, type PlannedProject } from "../plan/projects.ts";
import type { FoundFiles } from "./find-files.ts";

export interface FoundProject {
  /** Below the folder that was searched, with slashes; "" is that folder. */
  folder: string;
  /** What it is to be called, where the name that goferry would give it is taken; else undefined. */
  name: string | undefined;
  project: PlannedProject;
  /** Modules of its go.work, as folders. */
  covers: string[];
}

export interface FoundProjects {
  projects: FoundProject[];
  refused: { folder: string; reason: string }[];
}

/** @param dir absolute; the folder that was searched */
export async function findProjects(
  dir: string,
  { goMods, goWorks }: Pick<FoundFiles, "goMods" | "goWorks">,
): Promise<FoundProjects> {
  const found: FoundProjects = { projects: [], refused: [] };
  const covered = new Set<string>();
  for (const folder of goWorks.map(folderOf)) {
    const added = await addProject(folder, { dir, found });
    // Where the go.work was refused, its modules may do by themselves.
    for (const used of [folder, ...(added?.covers ?? [])]) covered.add(used);
  }
  for (const folder of goMods.map(folderOf)) {
    if (!covered.has(folder)) await addProject(folder, { dir, found });
  }
  found.projects.sort((a, b) => (a.folder < b.folder ? -1 : 1));
  return found;
}

function folderOf(file: string): string {
  const folder = posix.dirname(file);
  return folder === "." ? "" : folder;
}

interface Adding {
  dir: string;
  found: FoundProjects;
}

async function addProject(folder: string, { dir, found }: Adding): Promise<FoundProject | undefined> {
  if (/\p{Cc}/u.test(folder)) {
    found.refused.push({ folder, reason: "its path has control characters" });
    return undefined;
  }
  const taken = new Set(found.projects.map(({ name, project }) => name ?? project.name));
  try {
    const { project, name } = await lookAt(folder, dir, taken);
    const added = { folder, name, project, covers: coveredBy(folder, project) };
    found.projects.push(added);
    return added;
  } catch (error) {
    if (!(error instanceof GoferryError)) throw error;
    const { code, message, found: what, next } = error;
    const why = `${code}: ${message}${what === undefined ? "" : ` (${what})`}`;
    const reason = next === undefined ? why : `${why}: ${next}`;
    found.refused.push({ folder, reason });
    return undefined;
  }
}

/** The folders that its go.work uses, below the folder that was searched. */
function coveredBy(folder: string, { layout }: PlannedProject): string[] {
  if (!layout.hasWork) return [];
  return layout.modules.map((used) => posix.join(folder, used)).map((used) => (used === "." ? "" : used));
}

async function lookAt(
  folder: string,
  dir: string,
  taken: ReadonlySet<string>,
): Promise<Pick<FoundProject, "project" | "name">> {
  const path = folder === "" ? "." : `./${folder}`;
  const plan = async (name: string | undefined): Promise<PlannedProject> => {
    const entry = { path, name, platforms: undefined, tags: [], packages: ["./..."], cgo: undefined };
    const [planned] = await planProjects({ projects: [entry], where: () => path }, dir, readFile);
    if (planned === undefined) throw new Error("a project was planned and is not there");
    return planned;
  };
  try {
    const project = await plan(undefined);
    return { project, name: taken.has(project.name) ? freeName(folder, taken) : undefined };
  } catch (error) {
    // A module path of which no name can be made; the folder may have a better one.
    if (!(error instanceof GoferryError) || error.code !== "SPEC_INVALID") throw error;
    const name = freeName(folder, taken);
    return { project: await plan(name), name };
  }
}

/** A name made of the folder, one more in front of it at a time, then with a number. */
function freeName(folder: string, taken: ReadonlySet<string>): string {
  const parts = slug(folder).split("-");
  const tries = [...parts.keys()].map((i) => parts.slice(-1 - i).join("-"));
  for (let i = 2; ; i++) {
    const free = tries.find((each) => each !== "" && !taken.has(each));
    if (free !== undefined) return free;
    tries.push(`${slug(folder) || "project"}-${i}`);
  }
}

/** Text as a name of goferry.yaml takes it: lower-case letters, digits and dashes; "" if nothing is left. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .slice(-60)
    .replaceAll(/^-+|-+$/gu, "");
}
