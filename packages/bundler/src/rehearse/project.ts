// Builds one project for one platform, vets it and compiles its tests. A project that does not build refuses the bundle;
// what vet and the compiler say about tests is the project's own affair, and is recorded.
import { GoferryError } from "@goferry/core";
import { lastLines } from "../go/failure-text.ts";
import { platformEnv } from "../go/project-closure.ts";
import { tryBuild } from "./build.ts";
import type { ProjectBuild } from "../go/modules.ts";
import type { ProcessResult } from "../go/spawn.ts";
import { WITHOUT_PATHS, type HostGo } from "./host-go.ts";
import type { ProjectRehearsal } from "./record.ts";

export interface ProjectOptions {
  go: HostGo;
  /** With a copy of its own. */
  project: ProjectBuild;
  platform: string;
  /** Of this machine. */
  hostPlatform: string;
}

/** The copy has no version control, but a folder above the work folder may have. */
const BUILD = ["build", WITHOUT_PATHS, "-buildvcs=false"] as const;

/** Compiles tests as `go test` does, but links no program for each package, which takes most of its time. */
const COMPILE_TESTS = ["list", WITHOUT_PATHS, "-buildvcs=false", "-test", "-export"] as const;

/** @throws REHEARSAL_FAILED, and what HostGo.run throws */
export async function rehearseProject(options: ProjectOptions): Promise<ProjectRehearsal> {
  const { go, project, platform, hostPlatform } = options;
  const crossBuilt = platform !== hostPlatform;
  // Go cross-compiles without cgo unless it is told otherwise; a C cross-compiler is rarely there.
  const wanted = project.cgo ?? (crossBuilt ? false : undefined);
  const tried = await tryBuild(wanted, (cgo) => failureOf(options, cgo, ...BUILD));
  if ("failure" in tried) throw refused(options, tried.failure);
  const { build, cgo, findings } = tried;
  const attempt = async (...args: string[]): Promise<boolean> => {
    const failure = await failureOf(options, cgo, ...args);
    if (failure !== undefined) findings.push(lastLines(failure.stderr));
    return failure === undefined;
  };
  const rehearsed = build !== "not rehearsed";
  return {
    kind: "project",
    project: project.copy.name,
    platform,
    build,
    vet: rehearsed ? ((await attempt("vet", WITHOUT_PATHS)) ? "ok" : "findings") : build,
    tests: rehearsed ? ((await attempt(...COMPILE_TESTS)) ? "compiled" : "failed") : build,
    crossBuilt,
    network: go.network,
    findings,
    reused: false,
  };
}

/** Runs go in the folder of every module; the first that fails, or undefined. */
async function failureOf(
  { go, project, platform }: ProjectOptions,
  cgo: boolean | undefined,
  ...args: string[]
): Promise<ProcessResult | undefined> {
  const { packages, tags, copy } = project;
  const patterns = packages.length === 0 ? ["./..."] : packages;
  const env = { ...platformEnv(platform, cgo), GOWORK: copy.workFile ?? "off" };
  for (const cwd of copy.moduleDirs) {
    const result = await go.run([...args, `-tags=${tags.join(",")}`, ...patterns], { cwd, env });
    if (result.code !== 0) return result;
  }
  return undefined;
}

function refused(
  { project, platform }: ProjectOptions,
  { stderr, signal, code }: ProcessResult,
): GoferryError {
  return new GoferryError("REHEARSAL_FAILED", {
    subject: `${project.copy.name} for ${platform}`,
    message: "the project does not build with what the bundle holds, so the bundle is not signed",
    expected: `\`go ${BUILD[0]} ./...\` without a network`,
    found: lastLines(stderr) || (signal ?? `exit code ${code}`),
    next: `Run \`GOOS=${platform.replace("/", " GOARCH=")} go build ./...\` in the project; if that works, report this.`,
  });
}
