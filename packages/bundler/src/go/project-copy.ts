// Works on a copy of a project, so that the user's go.mod, go.sum and go.work are never changed by what go does
// while modules are collected. The copy keeps the places of folders to each other, because replace directives and
// go.work name folders by relative paths; what is not needed for that stays behind.
import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import type { ProjectLayout } from "../plan/project-files.ts";
import { copyTree, isWithin } from "./copy-tree.ts";
import { findPlaces } from "./project-layout.ts";
import type { Place } from "./project-layout.ts";

export interface ProjectFolder {
  /** Unique in the spec. */
  name: string;
  /** Absolute folder with a go.mod or a go.work. */
  dir: string;
  /** What readProjectFiles found there. */
  layout: ProjectLayout;
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
  /** The folder to make; it must not exist. */
  to: string;
  /** Absolute paths that stay behind, such as the output of the build. */
  exclude?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Copies a project and the local folders that its replace directives and its go.work name to `to`.
 * @throws REPLACE_OUT_OF_REACH (a folder that has gone since the project was read), DISK_FULL, IO_FAILED, INTERRUPTED
 */
export async function copyProject(project: ProjectFolder, options: CopyProjectOptions): Promise<ProjectCopy> {
  const { name } = project;
  const { to, exclude = [], signal } = options;
  const { own, modules, all, notes } = await findPlaces(project.dir, project.layout, name);
  const folders = outermost(all);
  const base = commonFolder(folders.map(({ path }) => path));
  const place = ({ path }: Place): string => join(to, relative(base, path));
  const left = [...(await realPlaces(exclude)), to];
  // Only folders that are not reached through a link lie to each other in the copy as they do here.
  const reach = folders.filter(({ path, real }) => path === real).map(({ real }) => real);
  const links: string[] = [];
  const copy = async (folder: Place): Promise<void> => {
    const { real } = folder;
    const { skipped } = await copyTree({
      from: real,
      to: place(folder),
      reach: [...reach, real],
      exclude: left,
      signal,
    });
    links.push(...skipped.map((path) => relative(own.path, join(folder.path, path))));
  };
  for (const folder of folders) await copy(folder);
  // A folder that is a link in one that was copied, and leads out of it.
  for (const folder of all) if (!(await isThere(place(folder)))) await copy(folder);
  const isCopied = await Promise.all(links.map((link) => isThere(join(place(own), link))));
  const lost = links.filter((_, at) => !isCopied[at]);
  return {
    name,
    root: to,
    dir: place(own),
    moduleDirs: modules.map(place),
    workFile: project.layout.hasWork ? join(place(own), "go.work") : undefined,
    notes: [...notes, ...linkNotes(name, lost)],
  };
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
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
  return links.length === 0 ? [] : [`${name}: links to folders out of the project were left out: ${named}`];
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
function outermost(folders: readonly Place[]): Place[] {
  const unique = [...new Map(folders.map((folder) => [folder.path, folder])).values()];
  return unique.filter(
    ({ path }) => !unique.some((other) => other.path !== path && isWithin(path, other.path)),
  );
}

function commonFolder(folders: readonly string[]): string {
  let [base = sep] = folders;
  while (!folders.every((folder) => isWithin(folder, base))) base = join(base, "..");
  return base;
}
