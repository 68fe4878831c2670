// A terminal for tests: what a run gets in place of the process, with real streams, a home in a temporary folder, and
// everything that was written kept.

import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { PassThrough, Writable } from "node:stream";
import { testWorkerSource } from "./worker-source.ts";
import { run } from "../run.ts";
import type { Environment, Terminal } from "../terminal.ts";

export interface TestRun {
  /** Folder that relative paths start from; the home folder is `home` in it. */
  cwd: string;
  env?: Environment;
  /** What somebody types, a question each, for a run on a terminal. */
  typed?: readonly string[];
  /** In place of a keyboard. */
  stdin?: Terminal["stdin"];
  /** Standard error is a terminal of so many columns. */
  columns?: number;
  signal?: AbortSignal;
  now?: () => Date;
  /** In place of the one that keeps what is written. */
  stdout?: Writable;
  system?: Partial<Terminal["system"]>;
}

export interface TestResult {
  code: number;
  stdout: string;
  stderr: string;
  /** Standard output as the one JSON object that `--json` promises. */
  json(): Record<string, unknown>;
}

/** Runs goferry in this process as main.ts does. */
export async function goferry(argv: readonly string[], options: TestRun): Promise<TestResult> {
  const { cwd, env = {}, typed, columns, signal = new AbortController().signal } = options;
  const stdout = new Recorder();
  const stderr = new Recorder();
  const isTerminal = columns !== undefined || typed !== undefined;
  const code = await run({
    argv,
    // The Go of these tests is a script, which builds nothing.
    env: { PATH: "/usr/bin:/bin", GOFERRY_SELF_TEST: "tools", ...env },
    cwd,
    stdin: options.stdin ?? keyboard(typed, stderr),
    stdout: options.stdout ?? stdout,
    stderr: isTerminal ? Object.assign(stderr, { isTTY: true, columns: columns ?? 80 }) : stderr,
    signal,
    now: options.now ?? (() => new Date("2026-11-21T06:00:00Z")),
    system: {
      os: process.platform,
      arch: process.arch,
      node: "Node v24.0.0",
      home: join(cwd, "home"),
      // Of whoever runs the tests, because files belong to them; what root owns is everybody's to believe.
      uid: process.getuid?.() || 1000,
      userName: "tester",
      folders: { config: join(cwd, "home", "config"), cache: join(cwd, "home", "cache") },
      machineConfig: join(cwd, "etc"),
      executablePath: undefined,
      pid: process.pid,
      processExists: () => true,
      cores: 2,
      workerSource: testWorkerSource(),
      kill: (pid, name) => process.kill(pid, name),
      ...options.system,
    },
  });
  return {
    code,
    stdout: stdout.text,
    stderr: stderr.text,
    json() {
      const parsed: unknown = JSON.parse(stdout.text);
      if (typeof parsed !== "object" || parsed === null) throw new Error(`no object: ${stdout.text}`);
      return { ...parsed };
    },
  };
}

/** A temporary folder that is removed when the scope that holds it ends. */
export async function testFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "goferry-cli-")));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

class Recorder extends Writable {
  text = "";

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.text += Buffer.from(chunk).toString("utf8");
    done();
  }
}

/** Types the next line whenever the terminal is put into raw mode, which is when somebody is asked. */
function keyboard(typed: readonly string[] | undefined, stderr: Recorder): Terminal["stdin"] {
  const keys = new PassThrough();
  if (typed === undefined) return keys;
  const lines = [...typed];
  return Object.assign(keys, {
    isTTY: true,
    setRawMode(on: boolean) {
      stderr.write(on ? "<raw>" : "<normal>");
      const line = on ? lines.shift() : undefined;
      if (line !== undefined) setImmediate(() => keys.write(line));
    },
  });
}
