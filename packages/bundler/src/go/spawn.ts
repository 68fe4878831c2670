// Runs a command without a shell in a process group of its own, so that an abort ends the command and everything
// it started (go runs git, compilers and test programs). The runner is a parameter of everything that runs go.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { GoferryError } from "@goferry/core";

export interface ProcessOptions {
  cwd: string;
  /** The whole environment of the process; nothing is added to it. */
  env: Readonly<Record<string, string>>;
  /** Standard input; empty if left out. */
  input?: string | Uint8Array | undefined;
  /** Ends the process group and rejects with the reason of the signal, or with INTERRUPTED. */
  signal?: AbortSignal | undefined;
}

export interface ProcessResult {
  /** Exit code, or null when a signal ended the process. */
  code: number | null;
  /** Name of the signal that ended the process, such as SIGKILL, or null. */
  signal: string | null;
  stdout: string;
  stderr: string;
}

export type ProcessRunner = (
  file: string,
  args: readonly string[],
  options: ProcessOptions,
) => Promise<ProcessResult>;

/** Sends a signal to a process, or with a negative id to a process group: process.kill. */
export type KillProcess = (pid: number, signal: "SIGTERM" | "SIGKILL") => unknown;

/** Bytes of one stream that are kept; `go list -json` of the largest projects prints a few megabytes. */
const OUTPUT_MAX_BYTES = 128 * 1024 * 1024;

/** Milliseconds between asking a process group to end and ending it. */
const GRACE_MS = 2_000;

/**
 * Runs a command to its end and hands back what it printed, whatever its exit code.
 * The runner throws INTERRUPTED (or the signal's reason where that is a GoferryError), and IO_FAILED when the
 * command cannot be started or prints more than 128 MiB.
 */
export function createRunner(kill: KillProcess): ProcessRunner {
  return (file, args, { cwd, env, input = "", signal }) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(interrupted(signal, file));
        return;
      }
      const child = spawn(file, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
      // A command need not read it.
      child.stdin.on("error", () => undefined).end(input);
      let failure: GoferryError | undefined;
      const end = (reason: GoferryError): void => {
        failure ??= reason;
        endGroup(child, kill);
      };
      const onAbort = (): void => (signal === undefined ? undefined : end(interrupted(signal, file)));
      signal?.addEventListener("abort", onAbort, { once: true });
      const tooMuch = (): void => end(startFailure(file, "it printed more than 128 MiB"));
      const stdout = collect(child.stdout, tooMuch);
      const stderr = collect(child.stderr, tooMuch);
      child.once("error", (error) => {
        failure ??= startFailure(file, error.message, error);
      });
      child.once("close", (code, endedBy) => {
        signal?.removeEventListener("abort", onAbort);
        if (failure === undefined) resolve({ code, signal: endedBy, stdout: stdout(), stderr: stderr() });
        else reject(failure);
      });
    });
}

/** The reason of an aborted signal where it is a GoferryError already, else INTERRUPTED. */
export function interrupted({ reason }: AbortSignal, subject: string): GoferryError {
  if (reason instanceof GoferryError) return reason;
  return new GoferryError("INTERRUPTED", { subject, message: "the work was interrupted", cause: reason });
}

function startFailure(file: string, found: string, cause?: unknown): GoferryError {
  return new GoferryError("IO_FAILED", {
    subject: file,
    message: "the command cannot be run",
    found,
    next: "Check that the file is there and that its folder may hold programs (a noexec mount may not).",
    cause,
  });
}

function collect(stream: NodeJS.ReadableStream, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > OUTPUT_MAX_BYTES) tooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

/** SIGTERM lets go remove its temporary folder; what is left after the grace time gets SIGKILL. */
function endGroup(child: ChildProcess, kill: KillProcess): void {
  signalGroup(child, "SIGTERM", kill);
  const timer = setTimeout(() => signalGroup(child, "SIGKILL", kill), GRACE_MS);
  child.once("close", () => clearTimeout(timer));
}

function signalGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL", kill: KillProcess): void {
  if (child.pid === undefined) return;
  try {
    kill(-child.pid, signal);
  } catch {
    // The group is gone, or the system has no process groups (Windows).
    child.kill(signal);
  }
}
