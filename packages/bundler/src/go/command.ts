// The go command as the bundler uses it: one method, arguments as a list, output as text. A go that fails becomes
// a GoferryError that names the module or the project, so that callers need not read what go prints.
import { join } from "node:path";
import { secretRemover, type GoferryError } from "@goferry/core";
import { goFailure, graveFailure, recognisedFailure } from "./failure.ts";
import { proxyHost } from "../net/proxy-env.ts";
import type { Environment } from "./environment.ts";
import type { GoFailure } from "./failure-text.ts";
import type { ProcessRunner } from "./spawn.ts";

export interface GoRunOptions {
  /** Absolute path of the folder to run in. */
  cwd: string;
  /** Variables that this call sets on top of the environment of createGo. */
  env?: Readonly<Record<string, string>> | undefined;
  signal?: AbortSignal | undefined;
  /** What a failure is about when go's output names nothing better. Default: the arguments. */
  subject?: string | undefined;
}

export interface GoOutput {
  stdout: string;
  stderr: string;
}

export interface GoCommand {
  /**
   * Runs `go ARGS` without a shell and without a standard input.
   * @throws GO_SUM_MISMATCH, LOG_MISMATCH, GO_SUM_MISSING, GO_TOO_OLD, MODULE_INVALID, NOT_FOUND,
   * NETWORK_UNREACHABLE, CERTIFICATE_*, PROXY_AUTH_REQUIRED, VCS_MISSING, PROJECT_INVALID, REPLACE_OUT_OF_REACH, DISK_FULL, GO_FAILED for a
   * go that fails (failure.ts); INTERRUPTED, IO_FAILED (spawn.ts)
   */
  run(args: readonly string[], options: GoRunOptions): Promise<GoOutput>;
  /**
   * As `run`, where a module that nobody serves is to be borne: hands back why go failed instead of throwing it. What may be otherwise the next time, or may be tampering, is thrown even where go exits
   * with 0: a bundle must not be poorer because a server was out of reach.
   * @throws NETWORK_UNREACHABLE, CERTIFICATE_*, PROXY_AUTH_REQUIRED, VCS_MISSING, NOT_FOUND (a login that was refused), GO_SUM_MISMATCH,
   * LOG_MISMATCH, DISK_FULL; INTERRUPTED, IO_FAILED
   */
  attempt(args: readonly string[], options: GoRunOptions): Promise<GoAttempt>;
}

export interface GoAttempt extends GoOutput {
  /** Why go exited with another code than 0. */
  failure: GoferryError | undefined;
  /** What a go that exited with 0 (-e) says it went without. */
  lack: GoferryError | undefined;
}

export interface CreateGoOptions {
  /** A GOROOT whose bin/go runs on this machine. */
  goroot: string;
  /** The whole environment of every call (goEnvironment). */
  env: Readonly<Record<string, string>>;
  /** The environment of the user: secrets in it are kept out of errors, even those that go does not get. */
  secrets?: Environment | undefined;
  /** createRunner, or a stand-in. */
  runner: ProcessRunner;
}

/** The go command of `goroot`. Its calls may run side by side. */
export function createGo({ goroot, env, secrets = {}, runner }: CreateGoOptions): GoCommand {
  const file = join(goroot, "bin", "go");
  const clean = secretRemover({ ...secrets, ...env });
  const start = async (args: readonly string[], options: GoRunOptions): Promise<GoOutput & Ended> => {
    const { cwd, env: extra, signal, subject = `go ${args.join(" ")}` } = options;
    const result = await runner(file, args, { cwd, env: { ...env, ...extra, PWD: cwd }, signal });
    const { code, stdout, stderr } = result;
    const words = {
      command: clean(`go ${args.join(" ")}`),
      subject: clean(subject),
      ended: result.signal ?? `exit code ${code}`,
      stderr: clean(stderr),
      proxy: proxyHost(env),
    };
    return { stdout, stderr, hasFailed: code !== 0, words };
  };
  return {
    async run(args, options) {
      const { stdout, stderr, hasFailed, words } = await start(args, options);
      if (hasFailed) throw goFailure(words);
      return { stdout, stderr };
    },
    async attempt(args, options) {
      const { stdout, stderr, hasFailed, words } = await start(args, options);
      // Of packages, list -e prints the errors where its template has them.
      const printed =
        args[0] === "list" && args.includes("-e") ? `${words.stderr}\n${clean(stdout)}` : words.stderr;
      const grave = graveFailure({ ...words, stderr: printed });
      if (grave !== undefined) throw grave;
      return {
        stdout,
        stderr,
        ...(hasFailed
          ? { failure: goFailure(words), lack: undefined }
          : { failure: undefined, lack: recognisedFailure(words) }),
      };
    },
  };
}

interface Ended {
  hasFailed: boolean;
  words: GoFailure;
}
