// The go of the scratch root, run as on a host that has nothing but HOME and PATH, and without a network. GOPROXY,
// GOMODCACHE and the rest come from the go.env that the installer wrote.
import { join } from "node:path";
import { diskFull } from "../go/failure.ts";
import type { ProcessResult, ProcessRunner } from "../go/spawn.ts";
import type { Sandbox } from "./sandbox.ts";

export interface HostGoOptions {
  /** The scratch root that the installer made of the bundle, with bin/go in it. */
  root: string;
  /** A folder with home/ and tmp/ in it. */
  workDir: string;
  /**
   * GOCACHE, which later rehearsals may find again. It hides nothing: Go looks results up by the content of everything
   * that goes into them, the compiler and the sources that were installed included.
   */
  buildCache: string;
  /** PATH of the user: cgo takes its C compiler from there. */
  userPath: string;
  runner: ProcessRunner;
  sandbox: Sandbox;
  signal?: AbortSignal | undefined;
}

export interface HostGoRun {
  /** Absolute. */
  cwd: string;
  env?: Readonly<Record<string, string>>;
}

/**
 * For every command that compiles: without the paths of this rehearsal's folders in it, a result in the build cache fits
 * the next one too.
 */
export const WITHOUT_PATHS = "-trimpath";

export class HostGo {
  readonly network: Sandbox["network"];
  readonly #options: HostGoOptions;

  constructor(options: HostGoOptions) {
    this.#options = options;
    this.network = options.sandbox.network;
  }

  /**
   * Runs go to its end, whatever that is.
   * @throws DISK_FULL, which is of this machine and no finding; INTERRUPTED, IO_FAILED
   */
  async run(args: readonly string[], { cwd, env }: HostGoRun): Promise<ProcessResult> {
    const { root, workDir, buildCache, runner, sandbox, signal } = this.#options;
    const [file = "", ...words] = [...sandbox.prefix, join(root, "bin", "go"), ...args];
    const all = {
      ...bareEnv(this.#options),
      GOCACHE: buildCache,
      GOWORK: "off",
      ...env,
      PWD: cwd,
    };
    const result = await runner(file, words, { cwd, env: all, signal });
    const full = result.code === 0 ? undefined : diskFull(result.stderr, { subject: workDir });
    if (full !== undefined) throw full;
    return result;
  }
}

/** What a host has at least. */
export function bareEnv({
  root,
  workDir,
  userPath,
}: Pick<HostGoOptions, "root" | "workDir" | "userPath">): Record<string, string> {
  return {
    HOME: join(workDir, "home"),
    PATH: `${join(root, "bin")}:${userPath}`,
    TMPDIR: join(workDir, "tmp"),
    LC_ALL: "C",
  };
}
