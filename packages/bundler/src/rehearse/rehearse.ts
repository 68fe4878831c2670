// Before a bundle is signed, it is tried: every project is built, vetted and its tests compiled for every platform
// with what the installer made of the bundle, in an environment as bare as that of a host, and without a network. A
// bundle with which a project does not build is not signed; what vet and the compiler say about tests is the
// project's own affair, and is recorded.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { diskError } from "../net/disk-error.ts";
import { diskFull, lastLines } from "../go/failure.ts";
import { platformEnv } from "../go/project-closure.ts";
import { cloneProject } from "../go/project-copy.ts";
import { findSandbox } from "./sandbox.ts";
import type { ProjectBuild } from "../go/modules.ts";
import type { ProjectCopy } from "../go/project-copy.ts";
import type { ProcessResult, ProcessRunner } from "../go/spawn.ts";
import type { Sandbox } from "./sandbox.ts";

/** What was tried with one project for one platform. It has no times, so that the same bundle gives the same record. */
export interface Rehearsal {
  project: string;
  platform: string;
  /** "not rehearsed": the project wants cgo, and this machine cannot link it for the platform. */
  build: "ok" | "ok without cgo" | "not rehearsed";
  vet: "ok" | "findings" | "not rehearsed";
  tests: "compiled" | "failed" | "not rehearsed";
  /** Built for another platform than this machine's, so that nothing of it could be started here. */
  crossBuilt: boolean;
  network: Sandbox["network"];
  /** The last lines of what go said where something is not "ok" or "compiled". */
  findings: string[];
}

export interface RehearseOptions {
  /** The scratch root that the installer made of the bundle, with bin/go in it. */
  root: string;
  projects: readonly ProjectBuild[];
  /** A fresh folder for copies, caches and HOME. */
  workDir: string;
  /** Platform of this machine, such as "linux/amd64". */
  hostPlatform: string;
  /** PATH of the user: cgo takes its C compiler from there. */
  userPath: string;
  runner: ProcessRunner;
  /** Called before each project and platform. */
  onStep?: ((project: string, platform: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Rehearses every project for each of its platforms; the record is in the order of both.
 * @throws REHEARSAL_FAILED with the project and the platform and the compiler's last lines, IO_FAILED, DISK_FULL,
 * INTERRUPTED
 */
export async function rehearse(options: RehearseOptions): Promise<Rehearsal[]> {
  const { projects, workDir, runner, signal, onStep } = options;
  await makeFolders(workDir);
  const sandbox = await findSandbox(runner, { cwd: workDir, env: bareEnv(options), signal });
  const records: Rehearsal[] = [];
  for (const project of projects) {
    const { name } = project.copy;
    const copy = await cloneProject(project.copy, join(workDir, "projects", name), signal);
    for (const platform of project.platforms) {
      onStep?.(name, platform);
      const stage = new Stage({ ...options, sandbox, project, copy, platform });
      records.push(await stage.play());
    }
  }
  return records;
}

async function makeFolders(workDir: string): Promise<void> {
  try {
    for (const name of ["home", "tmp"]) await mkdir(join(workDir, name), { recursive: true });
  } catch (error) {
    throw diskError(error, workDir);
  }
}

/** What a host has at least: HOME and PATH. GOPROXY, GOMODCACHE and the rest come from go.env of the root. */
function bareEnv({ root, workDir, userPath }: RehearseOptions): Record<string, string> {
  return {
    HOME: join(workDir, "home"),
    PATH: `${join(root, "bin")}:${userPath}`,
    TMPDIR: join(workDir, "tmp"),
    LC_ALL: "C",
  };
}

interface StageOptions extends RehearseOptions {
  sandbox: Sandbox;
  project: ProjectBuild;
  copy: ProjectCopy;
  platform: string;
}

/** One project on one platform. */
class Stage {
  readonly #options: StageOptions;
  readonly #findings: string[] = [];
  #cgo: boolean | undefined;

  constructor(options: StageOptions) {
    this.#options = options;
    // Go cross-compiles without cgo unless it is told otherwise; a C cross-compiler is rarely there.
    this.#cgo = options.project.cgo ?? (this.#crossBuilt ? false : undefined);
  }

  async play(): Promise<Rehearsal> {
    const build = await this.#build();
    const rehearsed = build !== "not rehearsed";
    return {
      project: this.#options.copy.name,
      platform: this.#options.platform,
      build,
      vet: rehearsed ? ((await this.#try("vet")) ? "ok" : "findings") : build,
      tests: rehearsed ? ((await this.#try(...COMPILE_TESTS)) ? "compiled" : "failed") : build,
      crossBuilt: this.#crossBuilt,
      network: this.#options.sandbox.network,
      findings: this.#findings,
    };
  }

  get #crossBuilt(): boolean {
    return this.#options.platform !== this.#options.hostPlatform;
  }

  async #build(): Promise<Rehearsal["build"]> {
    const failure = await this.#run(...BUILD);
    if (failure === undefined) return "ok";
    const lacksC = LACKS_C.test(failure.stderr);
    if (lacksC && this.#options.project.cgo === true) {
      this.#findings.push(lastLines(failure.stderr));
      return "not rehearsed";
    }
    if (lacksC && this.#cgo === undefined) {
      this.#cgo = false;
      if ((await this.#run(...BUILD)) === undefined) return "ok without cgo";
    }
    throw this.#failed(failure);
  }

  async #try(...args: string[]): Promise<boolean> {
    const failure = await this.#run(...args);
    if (failure !== undefined) this.#findings.push(lastLines(failure.stderr));
    return failure === undefined;
  }

  /** Runs go in the folder of every module; the first that fails, or undefined. */
  async #run(...args: string[]): Promise<ProcessResult | undefined> {
    const { root, sandbox, runner, copy, project, signal, platform } = this.#options;
    const { packages, tags } = project;
    const patterns = packages.length === 0 ? ["./..."] : packages;
    const command = [
      ...sandbox.prefix,
      join(root, "bin", "go"),
      ...args,
      `-tags=${tags.join(",")}`,
      ...patterns,
    ];
    const [file = "", ...rest] = command;
    const env = {
      ...bareEnv(this.#options),
      ...platformEnv(platform, this.#cgo),
      GOCACHE: join(this.#options.workDir, "gocache"),
      GOWORK: copy.workFile ?? "off",
    };
    for (const cwd of copy.moduleDirs) {
      const result = await runner(file, rest, { cwd, env: { ...env, PWD: cwd }, signal });
      if (result.code === 0) continue;
      // Of this machine, not of the project: neither a finding nor a reason to blame it.
      const full = diskFull(result.stderr, { subject: this.#options.workDir });
      if (full !== undefined) throw full;
      return result;
    }
    return undefined;
  }

  #failed({ stderr, signal, code }: ProcessResult): GoferryError {
    const { copy, platform } = this.#options;
    return new GoferryError("REHEARSAL_FAILED", {
      subject: `${copy.name} for ${platform}`,
      message: "the project does not build with what the bundle holds, so the bundle is not signed",
      expected: `\`go ${BUILD[0]} ./...\` without a network`,
      found: lastLines(stderr) || (signal ?? `exit code ${code}`),
      next: `Run \`GOOS=${platform.replace("/", " GOARCH=")} go build ./...\` in the project; if that works, report this.`,
    });
  }
}

/** The copy has no version control, but a folder above the work folder may have. */
const BUILD = ["build", "-buildvcs=false"] as const;

/** Compiles tests as `go test` does, but links no program for each package, which takes most of its time. */
const COMPILE_TESTS = ["list", "-buildvcs=false", "-test", "-export"] as const;

/** What a C compiler that is missing, or lacks a header or a library, makes go and the compiler say. */
const LACKS_C =
  /C compiler "[^"]*" not found|exec: "[^"]*(?:gcc|clang|cc|g\+\+|pkg-config)": executable file not found|fatal error: \S+: No such file or directory|cannot find -l|pkg-config --cflags|Package '?[\w.+-]+'?,? (?:required by|was not found)|ld returned 1 exit status|cgo: cannot|unrecognized command-line option/u;
