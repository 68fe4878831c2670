// Which folders make up a project: its own, those that its go.work uses, and those that replace directives name. Go
// itself reads go.mod and go.work, so that what it would refuse is refused here, in its words.
import { realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { GoferryError } from "@goferry/core";
import type { GoCommand } from "./command.ts";

export interface ProjectLayout {
  /** Absolute folders of the modules. */
  modules: string[];
  /** Absolute folders that replace directives name. */
  replacements: string[];
  workFile: string | undefined;
  notes: string[];
}

export interface LayoutRequest {
  go: GoCommand;
  source: string;
  name: string;
  signal: AbortSignal | undefined;
}

/**
 * Reads the layout of the project in `source`, a path without links.
 * @throws PROJECT_INVALID, REPLACE_OUT_OF_REACH and what GoCommand.run throws
 */
export async function readLayout({ go, source, name, signal }: LayoutRequest): Promise<ProjectLayout> {
  const options = { cwd: source, signal };
  if (!(await isFile(join(source, "go.work")))) {
    if (!(await isFile(join(source, "go.mod")))) throw noModule(source, name);
    const replacements = await replacedFolders(go, join(source, "go.mod"), {
      ...options,
      subject: `${name}/go.mod`,
    });
    return {
      modules: [source],
      replacements,
      workFile: undefined,
      notes: await outerWorkspace(source, name),
    };
  }
  const file = join(source, "go.work");
  const subject = `${name}/go.work`;
  const { stdout } = await go.run(["work", "edit", "-json", file], { ...options, subject });
  const work: unknown = JSON.parse(stdout);
  const used = listOf(work, "Use").map((use) => textOf(use, "DiskPath"));
  const modules: string[] = [];
  const replacements = await localFolders(work, { dir: source, subject });
  for (const path of used) {
    const folder = await moduleFolder(path, { dir: source, subject });
    const label = `${name}/${path}/go.mod`;
    modules.push(folder);
    replacements.push(...(await replacedFolders(go, join(folder, "go.mod"), { ...options, subject: label })));
  }
  return { modules, replacements, workFile: file, notes: [] };
}

async function replacedFolders(
  go: GoCommand,
  file: string,
  { cwd, subject, signal }: { cwd: string; subject: string; signal: AbortSignal | undefined },
): Promise<string[]> {
  const { stdout } = await go.run(["mod", "edit", "-json", file], { cwd, signal, subject });
  return localFolders(JSON.parse(stdout), { dir: join(file, ".."), subject });
}

interface Where {
  /** The folder that relative paths start from. */
  dir: string;
  subject: string;
}

async function localFolders(file: unknown, where: Where): Promise<string[]> {
  const folders: string[] = [];
  for (const replace of listOf(file, "Replace")) {
    const target = fieldOf(replace, "New");
    // A replacement without a version is a folder (golang.org/x/mod/modfile).
    if (fieldOf(target, "Version") === undefined)
      folders.push(await moduleFolder(textOf(target, "Path"), where));
  }
  return folders;
}

async function moduleFolder(path: string, { dir, subject }: Where): Promise<string> {
  if (isAbsolute(path)) {
    throw outOfReach(subject, {
      message: "a folder is named by an absolute path, which leads elsewhere on another machine",
      expected: "a relative path",
      found: path,
    });
  }
  const folder = resolve(dir, path);
  const real = await realpath(folder).catch(() => undefined);
  if (real === undefined || !(await isFile(join(real, "go.mod")))) {
    throw outOfReach(subject, {
      message: "a folder that is named here is not a module",
      expected: `a folder with a go.mod at ${path}`,
      found: real === undefined ? "no folder" : "no go.mod in it",
    });
  }
  // A link on the way would lie beside its target in the copy and lead nowhere.
  if (real !== folder) {
    throw outOfReach(subject, {
      message: "a folder that is named here is reached through a link",
      expected: "a path without links",
      found: path,
    });
  }
  return folder;
}

function outOfReach(
  subject: string,
  detail: { message: string; expected: string; found: string },
): GoferryError {
  return new GoferryError("REPLACE_OUT_OF_REACH", {
    subject,
    ...detail,
    next: "Correct the replace directive or the use line, or take it out.",
  });
}

async function outerWorkspace(source: string, name: string): Promise<string[]> {
  for (let folder = join(source, ".."); ; folder = join(folder, "..")) {
    if (await isFile(join(folder, "go.work"))) {
      const file = join(relative(source, folder), "go.work");
      return [`${name}: ${file} is not used; name its folder as the project if it should be`];
    }
    if (folder === join(folder, "..")) return [];
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

function noModule(source: string, name: string): GoferryError {
  return new GoferryError("PROJECT_INVALID", {
    subject: name,
    message: "the folder has no go.mod",
    expected: `a go.mod or a go.work in ${source}`,
    found: "neither",
    next: "Name the folder of the module under projects: in goferry.yaml.",
  });
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function textOf(value: unknown, name: string): string {
  const field = fieldOf(value, name);
  return typeof field === "string" ? field : "";
}

function listOf(value: unknown, name: string): unknown[] {
  const field = fieldOf(value, name);
  return Array.isArray(field) ? field : [];
}
