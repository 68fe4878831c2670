// Where the folders of a project lie: what its files say (plan/project-files.ts) as absolute paths, each with what it
// really is. Paths are put together as Go does, without a look at links: a replaced folder may well be one.
import { realpath, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { GoferryError } from "@goferry/core";
import type { ProjectLayout } from "../plan/project-files.ts";
import { diskError } from "../net/disk-error.ts";

export interface Place {
  /** Absolute, as Go puts it together from the paths in go.mod and go.work. */
  path: string;
  /** The same without links: where the files are read. */
  real: string;
}

export interface ProjectPlaces {
  /** The project's own folder. */
  own: Place;
  modules: Place[];
  /** All folders: its own, those of modules, those that replace directives name. */
  all: Place[];
  notes: string[];
}

/**
 * Finds the folders of the project called `name` in `dir`, an absolute path.
 * @throws IO_FAILED, REPLACE_OUT_OF_REACH for a folder that has gone since the project was read
 */
export async function findPlaces(dir: string, layout: ProjectLayout, name: string): Promise<ProjectPlaces> {
  const own = { path: resolve(dir), real: await realFolder(dir, name) };
  const placeOf = async (folder: string): Promise<Place> => {
    const path = resolve(dir, folder);
    const real = await realpath(path).catch(() => undefined);
    if (real !== undefined) return { path, real };
    throw new GoferryError("REPLACE_OUT_OF_REACH", {
      subject: name,
      message: "a folder of the project is not there any more",
      expected: `a folder at ${folder}`,
      found: "none",
      next: "Leave the project alone while a bundle is made of it, and build again.",
    });
  };
  const modules = await Promise.all(layout.modules.map(placeOf));
  const replacements = await Promise.all(layout.replacements.map(placeOf));
  const notes = layout.hasWork ? [] : await outerWorkspace(own.path, name);
  return { own, modules, all: [own, ...modules, ...replacements], notes };
}

async function realFolder(dir: string, name: string): Promise<string> {
  try {
    return await realpath(dir);
  } catch (error) {
    throw diskError(error, `${name}: ${dir}`);
  }
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
