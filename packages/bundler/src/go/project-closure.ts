// Downloads everything that a project needs. First what go.mod and go.sum say, unchanged, so that a go.sum that does
// not fit is refused; then, on the same copy, what commands need that look further than a build does.
import { GoferryError } from "@goferry/core";
import { goFailure, lastLines } from "./failure.ts";
import type { GoCommand, GoRunOptions } from "./command.ts";
import type { ProjectBuild } from "./modules.ts";

export interface FetchProjectOptions {
  go: GoCommand;
  /** Its copy is changed: go mod tidy and go work sync run in it. */
  project: ProjectBuild;
  signal?: AbortSignal | undefined;
}

/**
 * Downloads to the GOMODCACHE of `go` and hands back notes: what failed that a build can do without.
 * @throws what GoCommand.run throws
 */
export async function fetchProject(options: FetchProjectOptions): Promise<string[]> {
  const steps = new ProjectSteps(options);
  await steps.downloadRequired();
  await steps.listPackages();
  await steps.listModules();
  await steps.tidy();
  return steps.notes;
}

class ProjectSteps {
  readonly notes: string[] = [];
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
    await this.#run(["mod", "download"]);
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
        const { stdout } = await this.#run(args, { cwd, env: platformEnv(platform, cgo) });
        const missing = stdout.split("\n").filter((line) => MODULE_MISSING.test(line));
        if (missing.length > 0) {
          const command = `go ${args.join(" ")}`;
          throw goFailure({ command, subject: copy.name, ended: "", stderr: missing.join("\n") });
        }
      }
    }
  }

  /** go.mod and .info of the whole module graph, as people ask for it, and as editors do. */
  async listModules(): Promise<void> {
    await this.#attempt("go list -m all", async () => {
      await this.#run(["list", "-m", "-mod=readonly", "all"]);
      await this.#run(["list", "-m", "-mod=readonly", "-json", "all"]);
    });
  }

  /** The tests of dependencies and the go.mod files of the next older Go's view of the graph. */
  async tidy(): Promise<void> {
    const { copy } = this.#project;
    for (const cwd of copy.moduleDirs) {
      await this.#attempt("go mod tidy", async () => {
        await this.#run(["mod", "tidy"], { cwd, env: { GOWORK: "off" } });
      });
    }
    if (copy.workFile === undefined) return;
    await this.#attempt("go work sync", async () => {
      await this.#run(["work", "sync"]);
    });
  }

  /** A failure is a note, unless somebody may have tampered with a module, or all further work is in vain. */
  async #attempt(command: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof GoferryError) || !TOLERATED.has(error.code)) throw error;
      const reason = lastLines(error.found ?? error.message).split("\n", 1)[0];
      this.notes.push(`${this.#project.copy.name}: ${command} will not work on the host: ${reason}`);
    }
  }

  #run(args: readonly string[], options: Partial<GoRunOptions> = {}): Promise<{ stdout: string }> {
    const { copy } = this.#project;
    return this.#go.run(args, {
      cwd: copy.dir,
      signal: this.#signal,
      subject: copy.name,
      ...options,
      env: { GOWORK: copy.workFile ?? "off", ...options.env },
    });
  }
}

/** Prints the errors of packages, and nothing for packages without one. */
const ERROR_TEMPLATE = "{{with .Error}}{{.Pos}}: {{.Err}}{{end}}";

/** Other errors of packages are left to the rehearsal: a package may be broken on a platform that nobody builds. */
const MODULE_MISSING =
  /missing go\.sum entry|no required module provides package|updates to go\.(?:mod|sum) needed/u;

const TOLERATED: ReadonlySet<string> = new Set([
  "GO_FAILED",
  "GO_SUM_MISSING",
  "GO_TOO_OLD",
  "MODULE_INVALID",
  "NOT_FOUND",
  "PROJECT_INVALID",
]);

/** GOOS, GOARCH and, where the project decides, CGO_ENABLED for a platform such as "linux/amd64". */
export function platformEnv(platform: string, cgo: boolean | undefined): Record<string, string> {
  const [goos = "", goarch = ""] = platform.split("/");
  const env = { GOOS: goos, GOARCH: goarch };
  return cgo === undefined ? env : { ...env, CGO_ENABLED: cgo ? "1" : "0" };
}
