// The command line as people use it: a process of its own, an environment that is given in full, both outputs and the
// exit code. From source, or any other program that takes the same words, such as the stand-alone executable.

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";

export interface GoferryOptions {
  /** The whole environment of the process. Default: none of the developer's settings, and no home. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  input?: string;
  /** Kills it when aborted. */
  signal?: AbortSignal;
  /** The program and the words before its arguments; by default goferry from source. */
  program?: readonly string[];
  /** Words before the program, such as "unshare", "-n". */
  within?: readonly string[];
  /** Hears of what is written to standard error, as it comes. `kill` sends a signal to goferry. */
  onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Also measure its memory. */
  memory?: boolean;
}

export interface GoferryResult {
  /** -1 when it was ended by a signal. */
  code: number;
  stdout: string;
  stderr: string;
  /** What `--json` printed; an empty object without it. */
  json: GoferryJson;
  /** With `memory`: the most that was resident, in bytes. */
  peakBytes: number;
}

/** The keys that tests look at by name; everything else by toMatchObject. */
export interface GoferryJson {
  [key: string]: unknown;
  error?: {
    code: string;
    subject: string;
    message: string;
    expected?: string;
    found?: string;
    next?: string;
  };
  overrides?: { subject: string; source: string; next: string }[];
}

/** goferry from source. */
const FROM_SOURCE: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("../../packages/goferry/src/main.ts", import.meta.url)),
];

/** From source, most of a start is spent on stripping types and compiling: the next one finds here what this one did. */
const COMPILED = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL("../../node_modules/.cache/goferry-compiled", import.meta.url)),
};

/** PATH of a usual system, without node and go. */
export const PLAIN_PATH = "/usr/bin:/bin";

/** An install compiles no part of the standard library to try the new Go, unless a test asks for it by the flag. */
export const QUICK = { GOFERRY_SELF_TEST: "tools" };

/** Runs goferry to its end. A bad exit code is an answer, not an error. */
export async function runGoferry(
  args: readonly string[],
  options: GoferryOptions = {},
): Promise<GoferryResult> {
  const { env = { PATH: PLAIN_PATH }, cwd, input = "", signal, program = FROM_SOURCE, within = [] } = options;
  const [command = "", ...words] = [...within, ...program, ...args];
  const child = spawn(command, words, {
    env: { ...(program === FROM_SOURCE ? COMPILED : {}), ...QUICK, ...env },
    cwd,
    signal,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const kill = (name: NodeJS.Signals): void => void child.kill(name);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    options.onStderr?.(text, kill);
  });
  child.stdin.on("error", () => undefined).end(input);
  const peak = options.memory === true ? watchMemory(child.pid ?? 0) : undefined;
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", (error) => (error.name === "AbortError" ? resolve(-1) : reject(error)));
    child.once("close", (status) => resolve(status ?? -1));
  });
  const json = args.includes("--json") && stdout !== "" ? (JSON.parse(stdout) as GoferryJson) : {};
  return { code, stdout, stderr, json, peakBytes: peak?.() ?? 0 };
}

/** Milliseconds between two looks. The system itself remembers the peak, so only the last moment can be missed. */
const LOOK_MS = 20;

/** Looks at the peak of a process (VmHWM in /proc/PID/status, proc(5)) until it is asked for the result, in bytes. */
function watchMemory(pid: number): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    readFile(`/proc/${pid}/status`, "utf8").then(
      (text) => (peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024)),
      () => undefined,
    );
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    return peak;
  };
}
