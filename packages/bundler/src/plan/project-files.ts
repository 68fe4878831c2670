// What a project is made of, read where it stands and before any Go is there: its go.mod or its go.work, the modules
// that the go.work uses, and the folders that replace directives name. The digests of all these files are what a lock
// knows of a project, and their go and toolchain lines are what decides which Go it needs.

import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { digestOf, GoferryError, type Digest } from "@goferry/core";
import { parseGoMod } from "../spec/go-mod.ts";
import type { GoMod } from "../spec/go-mod.ts";
import { parseGoWork } from "../spec/go-work.ts";
import type { GoWork } from "../spec/go-work.ts";
import type { Replace } from "../spec/mod-lines.ts";
import type { ReadFile } from "../spec/read.ts";
import type { GoDemand } from "./go-versions.ts";
import { requireGoSums } from "./go-sums.ts";

/** Which folders make up a project, relative to its own, with slashes; "" is its own. */
export interface ProjectLayout {
  /** Folders of the modules that are built: its own, or those that its go.work uses, in that order. */
  modules: string[];
  /** Other folders, which replace directives name. */
  replacements: string[];
  /** Whether a go.work says which modules are built. */
  hasWork: boolean;
}

/** A project as its files say it is. */
export interface ProjectFiles {
  layout: ProjectLayout;
  /** Module paths, in the order of `layout.modules`. */
  modules: string[];
  /** The go and toolchain lines of every file that has some. */
  demands: GoDemand[];
  /** Every go.mod, go.sum, go.work and go.work.sum that decides what is built, by its path relative to the project. */
  files: { path: string; digest: Digest }[];
}

export interface ProjectFolder {
  /** Absolute. */
  dir: string;
  /** The folder as messages name it. */
  label: string;
  readFile: ReadFile;
}

/**
 * Reads a project; undefined if the folder has neither a go.mod nor a go.work. Throws PROJECT_INVALID (a file that
 * Go would not read, a go.work that uses nothing or a module twice), REPLACE_OUT_OF_REACH, GO_SUM_MISSING, IO_FAILED.
 */
export async function readProjectFiles(folder: ProjectFolder): Promise<ProjectFiles | undefined> {
  const reader = new ProjectReader(folder);
  const goWork = await reader.text("go.work");
  if (goWork !== undefined)
    return await readWorkspace(reader, parseGoWork(goWork, reader.subject("go.work")));
  const goMod = await reader.goMod("");
  if (goMod === undefined) return undefined;
  const replacements = await reader.replacements(
    [{ from: "", file: "go.mod", replaces: goMod.replaces }],
    [goMod],
  );
  await requireGoSums([{ folder: "", goMod }], reader);
  return reader.result({ modules: [""], replacements, hasWork: false }, [goMod.module]);
}

async function readWorkspace(reader: ProjectReader, work: GoWork): Promise<ProjectFiles> {
  reader.demand("go.work", work);
  await reader.text("go.work.sum");
  const used: { folder: string; goMod: GoMod }[] = [];
  for (const path of work.uses) {
    const folder = reader.folderAt(path, { from: "", file: "go.work" });
    const goMod = await reader.goMod(folder);
    if (goMod === undefined) throw reader.noModule(path, "go.work");
    const same = used.find((other) => other.folder === folder || other.goMod.module === goMod.module);
    if (same !== undefined) throw usedTwice(reader, same, { folder, goMod });
    used.push({ folder, goMod });
  }
  if (used.length === 0) throw usesNothing(reader);
  const replaced = new Set(work.replaces.map(({ path }) => path));
  const replacing = [
    { from: "", file: "go.work", replaces: work.replaces },
    ...used.map(({ folder, goMod }) => ({
      from: folder,
      file: below(folder, "go.mod"),
      // As Go does: a replace of the go.work takes the place of all that the modules say about its module.
      replaces: goMod.replaces.filter(({ path }) => !replaced.has(path)),
    })),
  ];
  const goMods = used.map(({ goMod }) => goMod);
  const replacements = await reader.replacements(replacing, goMods);
  await requireGoSums(used, reader, work);
  const modules = used.map(({ folder }) => folder);
  const others = replacements.filter((folder) => !modules.includes(folder));
  const layout = { modules, replacements: others, hasWork: true };
  return reader.result(
    layout,
    goMods.map(({ module }) => module),
  );
}

/** Replace directives of one file. */
interface Replacing {
  /** The folder that its relative paths start from. */
  from: string;
  file: string;
  replaces: readonly Replace[];
}

/** Reads files of one project, each once, and keeps what they were. */
class ProjectReader {
  readonly #folder: ProjectFolder;
  readonly #texts = new Map<string, string | undefined>();
  readonly #digests = new Map<string, Digest>();
  readonly #demands = new Map<string, GoDemand>();

  constructor(folder: ProjectFolder) {
    this.#folder = folder;
  }

  /** A file of the project as messages name it. */
  subject(file: string): string {
    return `${this.#folder.label}/${file}`;
  }

  /** The text of a file; undefined if there is none. */
  async text(file: string): Promise<string | undefined> {
    if (this.#texts.has(file)) return this.#texts.get(file);
    const bytes = await this.#read(file);
    // Bytes that are not UTF-8 are harmless in a comment, and nowhere else do they get past the parsers.
    const text = bytes && new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    if (bytes !== undefined) this.#digests.set(file, digestOf(bytes));
    this.#texts.set(file, text);
    return text;
  }

  /** The go.mod of a module that is built. */
  async goMod(folder: string): Promise<GoMod | undefined> {
    const file = below(folder, "go.mod");
    const text = await this.text(file);
    if (text === undefined) return undefined;
    const goMod = parseGoMod(text, this.subject(file));
    this.demand(file, goMod);
    return goMod;
  }

  demand(file: string, { go, toolchain }: GoDemand["goMod"]): void {
    this.#demands.set(file, { subject: this.subject(file), goMod: { go, toolchain } });
  }

  /** The folders that replace directives name; not those of modules that nobody requires, which Go does not read. */
  async replacements(all: readonly Replacing[], goMods: readonly GoMod[]): Promise<string[]> {
    const required = new Set(goMods.flatMap(({ requires }) => requires.map(({ path }) => path)));
    const folders = new Set<string>();
    for (const { replaces, ...where } of all) {
      for (const { path, folder } of replaces) {
        if (folder === undefined || !required.has(path)) continue;
        const place = this.folderAt(folder, where);
        const file = below(place, "go.mod");
        const text = await this.text(file);
        if (text === undefined) throw this.noModule(folder, where.file);
        // Of a dependency the toolchain line does not count.
        if (!this.#demands.has(file)) {
          this.demand(file, { ...parseGoMod(text, this.subject(file)), toolchain: undefined });
        }
        folders.add(place);
      }
    }
    return [...folders];
  }

  /** The folder that `path` in `file` names, relative to the project. Throws REPLACE_OUT_OF_REACH. */
  folderAt(path: string, { from, file }: { from: string; file: string }): string {
    const { dir } = this.#folder;
    // Windows spells its own absolute paths otherwise, and no other system has them.
    if (!isAbsolute(path) && !/^(?:[A-Za-z]:|\\)/u.test(path)) {
      return relative(dir, resolve(dir, from, path))
        .split(sep)
        .join("/");
    }
    throw new GoferryError("REPLACE_OUT_OF_REACH", {
      subject: this.subject(file),
      message: "a folder is named by an absolute path, which leads elsewhere on another machine",
      expected: "a relative path",
      found: path,
      next: NEXT_PLACE,
    });
  }

  noModule(path: string, file: string): GoferryError {
    return new GoferryError("REPLACE_OUT_OF_REACH", {
      subject: this.subject(file),
      message: "a folder that is named here is not a module",
      expected: `a folder with a go.mod at ${path}`,
      found: "no go.mod there",
      next: NEXT_PLACE,
    });
  }

  result(layout: ProjectLayout, modules: string[]): ProjectFiles {
    const files = [...this.#digests].map(([path, digest]) => ({ path, digest }));
    return {
      layout,
      modules,
      demands: [...this.#demands.values()],
      files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    };
  }

  async #read(file: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#folder.readFile(join(this.#folder.dir, file));
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw new GoferryError("IO_FAILED", {
        subject: this.subject(file),
        message: "a file of the project cannot be read",
        expected: "a readable file",
        found: typeof code === "string" ? code : "an error",
        next: "make it readable for the user who builds the bundle",
        cause,
      });
    }
  }
}

const NEXT_PLACE = "Correct the replace directive or the use line, or take it out.";

function below(folder: string, file: string): string {
  return folder === "" ? file : `${folder}/${file}`;
}

interface Used {
  folder: string;
  goMod: GoMod;
}

function usedTwice(reader: ProjectReader, first: Used, second: Used): GoferryError {
  return new GoferryError("PROJECT_INVALID", {
    subject: reader.subject("go.work"),
    message: `the module ${second.goMod.module} is used twice`,
    expected: "each module in one folder, named once",
    found: `${first.folder || "."} and ${second.folder || "."}`,
    next: "take one of the use lines out",
  });
}

function usesNothing(reader: ProjectReader): GoferryError {
  return new GoferryError("PROJECT_INVALID", {
    subject: reader.subject("go.work"),
    message: "the go.work uses no module, so there is nothing to build",
    expected: "a use line for each module",
    found: "none",
    next: "run `go work use DIR` for each module, or remove the go.work",
  });
}
