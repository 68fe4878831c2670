// The projects of a spec, looked at where they stand: what their go.mod and go.work files say and need, and the name of
// each. Nothing here is changed or run.

import { resolve } from "node:path";
import { GoferryError, newerGoVersion } from "@goferry/core";
import type { ProjectSpec, ReadFile, Spec } from "../spec/read.ts";
import { neededGo } from "./go-versions.ts";
import { readProjectFiles } from "./project-files.ts";
import type { ProjectFiles } from "./project-files.ts";

/** A project of the spec with what its folder says. */
export interface PlannedProject extends ProjectSpec, ProjectFiles {
  /** Unique in the spec; the default is taken from the module paths. */
  name: string;
  /** Absolute folder. Never written to a lock or a bundle. */
  dir: string;
  /** The Go version that it needs at least, such as "1.27.0". */
  goVersion: string;
}

/**
 * Looks at every project of the spec; `specDir` is the absolute folder that relative paths start from. Throws
 * PROJECT_INVALID (no go.mod or go.work, or not one Go would read), REPLACE_OUT_OF_REACH, GO_SUM_MISSING, SPEC_INVALID
 * (a name twice, or none that can be made), IO_FAILED.
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
  const label = project.path.replace(/[/\\]+$/u, "");
  const files = await readProjectFiles({ dir, label, readFile });
  if (files === undefined) {
    throw new GoferryError("PROJECT_INVALID", {
      subject: project.path,
      message: "the folder has no go.mod",
      expected: "a folder with a go.mod or a go.work, relative to the spec",
      found: "neither",
      next: `correct the path at ${where}, or run "go mod init" in the folder`,
    });
  }
  return {
    ...project,
    ...files,
    name: project.name ?? nameOf(files.modules, where),
    dir,
    goVersion: files.demands.map(({ goMod }) => neededGo(goMod)).reduce(newerGoVersion, "1.0"),
  };
}

/**
 * The last element of the module path that is not a major version, as a name: "prometheus" of "…/prometheus/v2". Of
 * several modules it is that of what their paths have in common, or of the first where that is only a host.
 */
function nameOf(modules: readonly string[], where: string): string {
  const [first = [], ...others] = modules.map((module) => module.split("/"));
  const differs = first.findIndex((element, at) => others.some((other) => other[at] !== element));
  const common = differs === -1 ? first : first.slice(0, differs);
  const elements = common.length > 1 || first.length === 1 ? common : first;
  if (elements.length > 1 && /^v[0-9]+$/u.test(elements.at(-1) ?? "")) elements.pop();
  const name = (elements.at(-1) ?? "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]/gu, "-")
    .slice(0, 64)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/gu, "");
  if (name !== "") return name;
  throw new GoferryError("SPEC_INVALID", {
    subject: where,
    message: `no project name can be made of the module path ${modules.join(", ")}`,
    expected: "a name: of letters and digits",
    found: "none",
    next: "give the project a name: {path: ..., name: ...}",
  });
}
