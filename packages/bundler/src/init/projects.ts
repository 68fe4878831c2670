// Which folders a first goferry.yaml names as projects. Every folder with a go.mod is one, but for the modules that a
// go.work uses, which it covers. Each is looked at as a plan would look at it: what a plan would refuse is handed back
// with the reason, so that it can be written as a comment.

import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { GoferryError } from "@goferry/core";
import { planProjects, type PlannedProject } from "../plan/projects.ts";
import { statements } from "../spec/go-mod.ts";
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
  for (const file of goWorks) {
    const folder = folderOf(file);
    const covers = await usedFolders(join(dir, file), { folder, file });
    const isTaken = await addProject(folder, { dir, covers, found });
    if (isTaken) for (const used of [folder, ...covers]) covered.add(used);
  }
  for (const folder of goMods.map(folderOf)) {
    if (!covered.has(folder)) await addProject(folder, { dir, covers: [], found });
  }
  found.projects.sort((a, b) => (a.folder < b.folder ? -1 : 1));
  return found;
}

function folderOf(file: string): string {
  const folder = posix.dirname(file);
  return folder === "." ? "" : folder;
}

/** The folders that a go.work uses, below the folder that was searched. A go.work that go refuses uses none. */
async function usedFolders(
  path: string,
  { folder, file }: { folder: string; file: string },
): Promise<string[]> {
  try {
    return [...statements(await readFile(path, "utf8"), file)]
      .filter(({ verb }) => verb === "use")
      .map(({ args: [used = ""] }) => posix.join(folder, used.replaceAll(/^["`]|["`]$/gu, ""), "."))
      .map((used) => (used === "." ? "" : used.replace(/\/$/u, "")));
  } catch {
    return [];
  }
}

interface Adding {
  dir: string;
  covers: string[];
  found: FoundProjects;
}

async function addProject(folder: string, { dir, covers, found }: Adding): Promise<boolean> {
  if (/\p{Cc}/u.test(folder)) {
    found.refused.push({ folder, reason: "its path has control characters" });
    return false;
  }
  const taken = new Set(found.projects.map(({ name, project }) => name ?? project.name));
  try {
    const { project, name } = await lookAt(folder, dir, taken);
    found.projects.push({ folder, name, project, covers });
    return true;
  } catch (error) {
    if (!(error instanceof GoferryError)) throw error;
    const { code, message, found: what } = error;
    const reason = `${code}: ${message}${what === undefined ? "" : ` (${what})`}`;
    found.refused.push({ folder, reason });
    return false;
  }
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
