// Downloads everything that a project needs. First what go.mod and go.sum say, unchanged, so that a go.sum that does
// not fit is refused; then, on the same copy, what commands need that look further than a build does.
import { goFailure } from "./failure.ts";
import { lastLines } from "./failure-text.ts";
import type { GoAttempt, GoCommand, GoRunOptions } from "./command.ts";
import type { ProjectBuild } from "./modules.ts";

export interface FetchProjectOptions {
  go: GoCommand;
  /** Its copy is changed: go mod tidy and go work sync run in it. */
  project: ProjectBuild;
  signal?: AbortSignal | undefined;
}

export interface FetchedProject {
  /** What failed that a build can do without. */
  notes: string[];
  /** The answer would be the same on any other day: no version was looked for, and nothing was out of reach. */
  isSettled: boolean;
}

/**
 * Downloads to the GOMODCACHE of `go`.
 * @throws what GoCommand.run throws
 */
export async function fetchProject(options: FetchProjectOptions): Promise<FetchedProject> {
  const steps = new ProjectSteps(options);
  await steps.downloadRequired();
  await steps.listPackages();
  await steps.listModules();
  await steps.tidy();
  return { notes: steps.notes, isSettled: steps.isSettled };
}

class ProjectSteps {
  readonly notes: string[] = [];
  isSettled = true;
  readonly #go: GoCommand;
  readonly #project: ProjectBuild;
  readonly #signal: AbortSignal | undefined;

  constructor({ go, project, signal }: FetchProjectOptions) {
    this.#go = go;
    this.#project = project;
    this.#signal = signal;
  }

  /** The zips of every module that go.mod names: with lazy loading (go 1.17) all that build, vet and test need. */
  async downloadRequired(): Promise<void> {
    await this.#go.run(["mod", "download"], this.#at());
  }

  /** Finds out here, where it can be said well, that a package has no module or no line in go.sum. */
  async listPackages(): Promise<void> {
    const { packages, tags, platforms, cgo, copy } = this.#project;
    const patterns = packages.length === 0 ? ["./..."] : packages;
    const args = [
      "list",
      "-e",
      "-deps",
      "-test",
      `-tags=${tags.join(",")}`,
      "-f",
      ERROR_TEMPLATE,
      ...patterns,
    ];
    for (const platform of platforms) {
      for (const cwd of copy.moduleDirs) {
        const { stdout, failure } = await this.#try(args, { cwd, env: platformEnv(platform, cgo) });
        if (failure !== undefined) throw failure;
        const missing = modulesMissing(stdout);
        if (missing.length > 0) {
          const command = `go ${args.join(" ")}`;
          throw goFailure({ command, subject: copy.name, ended: "", stderr: missing.join("\n") });
        }
      }
    }
  }

  /** go.mod and .info of the whole module graph, as people ask for it, and as editors do. */
  async listModules(): Promise<void> {
    const { hasFailed } = await this.#attempt("go list -m all", ["list", "-m", "-mod=readonly", "all"]);
    if (!hasFailed) await this.#attempt("go list -m all", ["list", "-m", "-mod=readonly", "-json", "all"]);
  }

  /** The tests of dependencies and the go.mod files of the next older Go's view of the graph. */
  async tidy(): Promise<void> {
    const { copy } = this.#project;
    for (const cwd of copy.moduleDirs) {
      await this.#attempt("go mod tidy", ["mod", "tidy"], { cwd, env: { GOWORK: "off" } });
    }
    if (copy.workFile !== undefined) await this.#attempt("go work sync", ["work", "sync"]);
  }

  /** A failure is a note, unless somebody may have tampered with a module, or all further work is in vain. */
  async #attempt(
    command: string,
    args: readonly string[],
    options?: Partial<GoRunOptions>,
  ): Promise<{ hasFailed: boolean }> {
    const { failure, stderr } = await this.#try(args, options);
    if (hasLookedForVersions(stderr)) this.isSettled = false;
    if (failure === undefined) return { hasFailed: false };
    if (!TOLERATED.has(failure.code)) throw failure;
    if (failure.code === "NETWORK_UNREACHABLE" || failure.code === "NOT_FOUND") this.isSettled = false;
    const reason = lastLines(failure.found ?? failure.message).split("\n", 1)[0];
    this.notes.push(`${this.#project.copy.name}: ${command} will not work on the host: ${reason}`);
    return { hasFailed: true };
  }

  #try(args: readonly string[], options: Partial<GoRunOptions> = {}): Promise<GoAttempt> {
    return this.#go.attempt(args, this.#at(options));
  }

  #at(options: Partial<GoRunOptions> = {}): GoRunOptions {
    const { copy } = this.#project;
    const env = { GOWORK: copy.workFile ?? "off", ...options.env };
    return { cwd: copy.dir, signal: this.#signal, subject: copy.name, ...options, env };
  }
}

/** Whether go says that it has chosen the version of a module itself, which is the newest of that day. */
export function hasLookedForVersions(stderr: string): boolean {
  return /^go: (?:finding module for package|found) /mu.test(stderr);
}

/** Prints the errors of packages, and nothing for packages without one. */
const ERROR_TEMPLATE = "{{with .Error}}{{.Pos}}: {{.Err}}{{end}}";

/**
 * The lines, of those that `go list -e` prints of packages, which say that a module is missing. Other errors are left to
 * the rehearsal: a package may be broken on a platform that nobody builds.
 */
export function modulesMissing(stdout: string): string[] {
  return stdout.split("\n").filter((line) => MODULE_MISSING.test(line));
}

const MODULE_MISSING =
  /missing go\.sum entry|no required module provides package|cannot find module providing package|updates to go\.(?:mod|sum) needed/u;

const TOLERATED: ReadonlySet<string> = new Set([
  "GO_FAILED",
  "GO_SUM_MISSING",
  "GO_TOO_OLD",
  "MODULE_INVALID",
  // What is left of it by GoCommand.attempt: a GOPROXY that ends with off, where no proxy before has the module.
  "NETWORK_UNREACHABLE",
  "NOT_FOUND",
  "PROJECT_INVALID",
]);

/** GOOS, GOARCH and, where the project decides, CGO_ENABLED for a platform such as "linux/amd64". */
export function platformEnv(platform: string, cgo: boolean | undefined): Record<string, string> {
  const [goos = "", goarch = ""] = platform.split("/");
  const env = { GOOS: goos, GOARCH: goarch };
  return cgo === undefined ? env : { ...env, CGO_ENABLED: cgo ? "1" : "0" };
}
