// The projects of a spec, looked at where they stand: each folder's go.mod is read for its module path and the Go
// it needs, and go.mod and go.sum are digested for the lock. Nothing here is changed or run.

import { join, resolve } from "node:path";
import { digestOf, GoferryError, type Digest } from "@goferry/core";
import { parseGoMod } from "../spec/go-mod.ts";
import type { GoMod } from "../spec/go-mod.ts";
import type { ProjectSpec, ReadFile, Spec } from "../spec/read.ts";
import { neededGo } from "./go-versions.ts";

/** A project of the spec with what its folder says. */
export interface PlannedProject extends ProjectSpec {
  /** Unique in the spec; the default is taken from the module path. */
  name: string;
  /** Absolute folder. Never written to a lock or a bundle. */
  dir: string;
  /** Module path. */
  module: string;
  /** The Go version that it needs at least, such as "1.27.0". */
  goVersion: string;
  goMod: GoMod;
  /** "sha256:…" of each file; goSum is undefined if there is none and none is needed. */
  digests: { goMod: Digest; goSum: Digest | undefined };
}

/**
 * Looks at every project of the spec; `specDir` is the absolute folder that relative paths start from. Throws
 * PROJECT_INVALID (no go.mod, or not one Go would read), GO_SUM_MISSING, SPEC_INVALID (a name twice, or none
 * that can be made), IO_FAILED.
 */
export async function planProjects(
  spec: Pick<Spec, "projects" | "where">,
  specDir: string,
  readFile: ReadFile,
): Promise<PlannedProject[]> {
  const planned: PlannedProject[] = [];
  for (const [index, project] of spec.projects.entries()) {
    const where = spec.where(["projects", index]);
    const next = await planProject(project, where, { specDir, readFile });
    const same = planned.find(({ name }) => name === next.name);
    if (same !== undefined) {
      throw new GoferryError("SPEC_INVALID", {
        subject: where,
        message: `the project name "${next.name}" is used twice`,
        expected: "each project under a name of its own",
        found: `${same.path} and ${next.path}`,
        next: `give one a name: {path: ${next.path}, name: ...}`,
      });
    }
    planned.push(next);
  }
  return planned;
}

/** A file of a project as messages name it: below the folder as the spec wrote it. */
export function projectFile({ path }: Pick<ProjectSpec, "path">, file: string): string {
  return `${path.replace(/[/\\]+$/u, "")}/${file}`;
}

interface Folder {
  specDir: string;
  readFile: ReadFile;
}

async function planProject(
  project: ProjectSpec,
  where: string,
  { specDir, readFile }: Folder,
): Promise<PlannedProject> {
  const dir = resolve(specDir, project.path);
  const read = (file: string): Promise<Uint8Array | undefined> =>
    readIfThere(join(dir, file), projectFile(project, file), readFile);
  const goModBytes = await read("go.mod");
  if (goModBytes === undefined) throw noGoMod(project.path, where, await read("go.work"));
  // Bytes that are not UTF-8 are harmless in a comment, and nowhere else do they get past the parser.
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(goModBytes);
  const goMod = parseGoMod(text, projectFile(project, "go.mod"));
  const goSumBytes = await read("go.sum");
  if (goSumBytes === undefined && goMod.needsGoSum) {
    throw new GoferryError("GO_SUM_MISSING", {
      subject: projectFile(project, "go.sum"),
      message: "the project has requirements and no go.sum that vouches for them",
      expected: "a go.sum beside the go.mod",
      found: "none",
      next: `run "go mod tidy" in ${project.path} and look at what it wrote`,
    });
  }
  const goSum = goSumBytes === undefined ? undefined : digestOf(goSumBytes);
  return {
    ...project,
    name: project.name ?? nameOf(goMod.module, where),
    dir,
    module: goMod.module,
    goVersion: neededGo(goMod),
    goMod,
    digests: { goMod: digestOf(goModBytes), goSum },
  };
}

async function readIfThere(
  path: string,
  subject: string,
  readFile: ReadFile,
): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new GoferryError("IO_FAILED", {
      subject,
      message: "a file of the project cannot be read",
      expected: "a readable file",
      found: typeof code === "string" ? code : "an error",
      next: "make it readable for the user who builds the bundle",
      cause,
    });
  }
}

function noGoMod(path: string, where: string, goWork: Uint8Array | undefined): GoferryError {
  return new GoferryError("PROJECT_INVALID", {
    subject: path,
    message: "the folder has no go.mod",
    expected: "a folder with a go.mod, relative to the spec",
    found: goWork === undefined ? "no go.mod" : "a go.work",
    next:
      goWork === undefined
        ? `correct the path at ${where}, or run "go mod init" in the folder`
        : `name at ${where} the folders that the go.work uses`,
  });
}

/** The last element of a module path that is not a major version, as a name: "prometheus" of "…/prometheus/v2". */
function nameOf(module: string, where: string): string {
  const elements = module.split("/");
  if (elements.length > 1 && /^v[0-9]+$/u.test(elements.at(-1) ?? "")) elements.pop();
  const name = (elements.at(-1) ?? "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]/gu, "-")
    .slice(0, 64)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/gu, "");
  if (name !== "") return name;
  throw new GoferryError("SPEC_INVALID", {
    subject: where,
    message: `no project name can be made of the module path ${module}`,
    expected: "a name: of letters and digits",
    found: "none",
    next: "give the project a name: {path: ..., name: ...}",
  });
}
