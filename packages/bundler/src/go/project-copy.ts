// Works on a copy of a project, so that the user's go.mod, go.sum and go.work are never changed by what go does
// while modules are collected. The copy keeps the places of folders to each other, because replace directives and
// go.work name folders by relative paths; what is not needed for that stays behind.
import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { diskError } from "../net/disk-error.ts";
import { copyTree, isWithin } from "./copy-tree.ts";
import { readLayout } from "./project-layout.ts";
import type { GoCommand } from "./command.ts";

export interface ProjectFolder {
  /** Unique in the spec. */
  name: string;
  /** Absolute folder with a go.mod or a go.work. */
  dir: string;
}

export interface ProjectCopy {
  name: string;
  /** The folder that holds the whole copy. */
  root: string;
  /** The copy of the project's folder, `root` or a folder in it. */
  dir: string;
  /** Copies of the folders of the modules that are built: `dir`, or the folders that go.work uses. */
  moduleDirs: string[];
  /** The copy's go.work, which GOWORK must name; undefined: GOWORK=off. */
  workFile: string | undefined;
  /** What was left out and might be missed, a sentence each. */
  notes: string[];
}

export interface CopyProjectOptions {
  go: GoCommand;
  /** The folder to make; it must not exist. */
  to: string;
  /** Absolute paths that stay behind, such as the output of the build. */
  exclude?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Copies a project and the local folders that its replace directives and its go.work name to `to`.
 * @throws PROJECT_INVALID (no go.mod or go.work, or not one that Go reads), REPLACE_OUT_OF_REACH (a folder that is
 * not there, has no go.mod, or is named by an absolute path), DISK_FULL, IO_FAILED
 */
export async function copyProject(project: ProjectFolder, options: CopyProjectOptions): Promise<ProjectCopy> {
  const { go, to, exclude = [], signal } = options;
  const source = await realFolder(project.dir, project.name);
  const layout = await readLayout({ go, source, name: project.name, signal });
  const folders = outermost([source, ...layout.modules, ...layout.replacements]);
  const base = commonFolder(folders);
  const left = await realPlaces(exclude);
  const links: string[] = [];
  for (const folder of folders) {
    const copied = await copyTree({
      from: folder,
      to: join(to, relative(base, folder)),
      reach: folders,
      exclude: [...left, to],
      signal,
    });
    links.push(...copied.skipped.map((path) => relative(source, join(folder, path))));
  }
  const place = (folder: string): string => join(to, relative(base, folder));
  return {
    name: project.name,
    root: to,
    dir: place(source),
    moduleDirs: layout.modules.map(place),
    workFile: layout.workFile && join(place(source), "go.work"),
    notes: [...layout.notes, ...linkNotes(project.name, links)],
  };
}

/** The paths as they are met in folders without links: themselves, and what they lead to where they are links. */
async function realPlaces(paths: readonly string[]): Promise<string[]> {
  const places = new Set<string>();
  for (const path of paths) {
    const folder = await realpath(dirname(path)).catch(() => dirname(path));
    const place = join(folder, basename(path));
    places.add(place).add(await realpath(place).catch(() => place));
  }
  return [...places];
}

/** Folders such as node_modules can hold hundreds of links. */
const LINKS_NAMED = 5;

function linkNotes(name: string, links: readonly string[]): string[] {
  const rest = links.length - LINKS_NAMED;
  const named = links.slice(0, LINKS_NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  return links.length === 0 ? [] : [`${name}: links that lead out of the project were left out: ${named}`];
}

/** Copies a copy to `to`, so that what happens in one of them does not show in the other. */
export async function cloneProject(
  copy: ProjectCopy,
  to: string,
  signal?: AbortSignal,
): Promise<ProjectCopy> {
  await copyTree({ from: copy.root, to, reach: [copy.root], signal });
  const place = (path: string): string => join(to, relative(copy.root, path));
  return {
    ...copy,
    root: to,
    dir: place(copy.dir),
    moduleDirs: copy.moduleDirs.map(place),
    workFile: copy.workFile && place(copy.workFile),
  };
}

/** The folders that lie in no other of them. */
function outermost(folders: readonly string[]): string[] {
  const unique = [...new Set(folders)];
  return unique.filter((folder) => !unique.some((other) => other !== folder && isWithin(folder, other)));
}

function commonFolder(folders: readonly string[]): string {
  let [base = sep] = folders;
  while (!folders.every((folder) => isWithin(folder, base))) base = join(base, "..");
  return base;
}

async function realFolder(dir: string, name: string): Promise<string> {
  try {
    return await realpath(dir);
  } catch (error) {
    throw diskError(error, `${name}: ${dir}`);
  }
}
