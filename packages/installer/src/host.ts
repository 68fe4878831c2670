// The machine as the installer sees it: plain facts, and the few things that only the system can answer. The
// command line gathers the facts from its process and calls `createHost`; tests give other facts (a temporary HOME,
// a PATH of their own) and get the same real system below them. Nothing else in this package asks who or where it is.

import type { ChildProcess } from "node:child_process";
import { constants } from "node:fs";
import { access, readFile, stat, statfs } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { GoferryError } from "@goferry/core";
import type { WindowsAccount, WindowsSystem } from "./windows/system.ts";
import type { Conduct } from "./events.ts";
import type { FileSystemStatus } from "./fs.ts";
import { programFile } from "./layout.ts";
import type { SignsOfLife } from "./transaction/windows-processes.ts";

/**
 * What the command line knows about the process it runs in. Who makes one has set the process' umask to 022: what is
 * installed is for every user of the machine, and the files of a layer get their modes by open(2) alone.
 */
export interface HostFacts extends Conduct {
  /** Go's names for system and architecture, such as "linux/amd64". */
  readonly platform: string;
  /** The environment of the user, unchanged. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder, absolute; undefined where there is none (a service, `env -i`). */
  readonly home: string | undefined;
  /** Effective user id; undefined on Windows. 0 is root. */
  readonly uid: number | undefined;
  readonly userName: string;
  /** Where the machine keeps what goes for all its users. */
  readonly machineFolders: MachineFolders;
  /** The file of the running stand-alone goferry, absolute; undefined when it runs from source. */
  readonly executablePath: string | undefined;
  /** Bytes of the program in that file, where a bundle follows it; all of it if left out. */
  readonly executableSize?: number | undefined;
  /** Of the running goferry. */
  readonly pid: number;
  /** True when a process of that pid could be sent a signal, or only the permission is missing (kill(2), signal 0). */
  processExists(pid: number): boolean;
  /** Processors that may be used. */
  readonly cores: number;
  /** JavaScript of extract/worker.ts where that is not a file: in the stand-alone goferry. */
  readonly workerSource: string | undefined;
  /** What only Windows has; undefined elsewhere. */
  readonly windows?: WindowsHost | undefined;
  /** The program that bin/go.exe is on Windows (installer/launcher); undefined elsewhere, and from source. */
  readonly launcher?: Uint8Array | undefined;
  /** How a process shows that it lives; only Windows needs it. */
  readonly signsOfLife?: SignsOfLife | undefined;
  /** The clock; that of the system if left out. */
  readonly now?: (() => Date) | undefined;
}

export interface WindowsHost {
  readonly system: WindowsSystem;
  readonly account: WindowsAccount;
}

/** Absolute paths. */
export interface MachineFolders {
  /** Of settings: /etc. */
  readonly etc: string;
  /** Of programs that the administrator puts on everybody's PATH: /usr/local/bin. */
  readonly bin: string;
}

/** The facts, and what only the system can answer. */
export interface Host extends Omit<HostFacts, "now"> {
  now(): Date;
  /**
   * Runs a program to its end, without a shell. A bad exit code is an answer, not an error.
   * @throws IO_FAILED when it cannot be started, INTERRUPTED when `signal` is aborted
   */
  run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult>;
  /**
   * Free space and inodes of the file system that holds `path`, as this user may use them.
   * @throws IO_FAILED
   */
  statfs(path: string): Promise<FileSystemStatus>;
  /** The text of /proc/self/mounts; undefined where there is none (no Linux, /proc not mounted). */
  mounts(): Promise<string | undefined>;
}

/** Of a program whose standard input is empty. */
export interface RunOptions {
  /** The whole environment of the program; nothing is inherited. */
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Milliseconds until the program is killed. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface RunResult {
  /** The exit code; -1 when the program did not end by itself. */
  code: number;
  ended: "exit" | "signal" | "timeout";
  /** UTF-8. What goes beyond OUTPUT_LIMIT is dropped. */
  stdout: string;
  stderr: string;
}

/** A program found on PATH. */
export interface FoundProgram {
  /** The folder as it stands in PATH, and the program in it. */
  folder: string;
  path: string;
  /** Position of the folder in PATH, from 0. */
  index: number;
}

/** Bytes kept of each output of a program: enough for any message, and no way to fill the memory. */
const OUTPUT_LIMIT = 1 << 20;

/** Milliseconds that the outputs stay open after the program ended, for a child of it that holds them. */
const DRAIN_MS = 500;

/** The real machine, with the given facts about the process. */
export function createHost(facts: HostFacts): Host {
  const mounts = isWindows(facts) ? async () => await Promise.resolve(undefined) : readMounts;
  return { ...facts, now: facts.now ?? (() => new Date()), run, statfs: freeSpace, mounts };
}

export function isWindows({ platform }: Pick<HostFacts, "platform">): boolean {
  return platform.startsWith("windows/");
}

/** Every executable file `name` on the PATH of the host, in the order of PATH. Relative entries are not looked at. */
export async function findOnPath(host: HostFacts, name: string): Promise<FoundProgram[]> {
  const folders = pathFolders(host);
  const found = folders.map((folder, index) => ({ folder, path: join(folder, programFile(name)), index }));
  const runs = await Promise.all(
    found.map(async ({ folder, path }) => isAbsolute(folder) && isProgram(path)),
  );
  return found.filter((_, index) => runs[index]);
}

/** The entries of PATH as they are, empty ones (which mean the working folder) included. */
export function pathFolders(host: HostFacts): string[] {
  const path = host.env["PATH"] ?? "";
  return path === "" ? [] : path.split(delimiter);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** `Host.run` of the real machine. */
async function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { cwd, signal } = options;
  // Loaded here, because most commands start no program, and with it node loads half of its network code.
  const { spawn } = await import("node:child_process");
  throwIfAborted(command, signal);
  const child = spawn(command, args, {
    cwd,
    env: { ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  let ended: RunResult["ended"] | undefined;
  const timer = setTimeout(() => {
    ended = "timeout";
    child.kill("SIGKILL");
  }, options.timeoutMs);
  const stop = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const code = await exitOf(child, command, cwd);
    throwIfAborted(command, signal);
    return {
      code: code ?? -1,
      ended: ended ?? (code === null ? "signal" : "exit"),
      stdout: stdout(),
      stderr: stderr(),
    };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Keeps the first OUTPUT_LIMIT bytes of a stream and reads the rest away, so that the writer never blocks. */
function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let room = OUTPUT_LIMIT;
  stream?.on("data", (chunk: Buffer) => {
    if (room <= 0) return;
    chunks.push(chunk.subarray(0, room));
    room -= chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

/** Resolves with the exit code, null after a signal, when the program has ended and its outputs are read. */
function exitOf(child: ChildProcess, command: string, cwd: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => reject(notStarted(cause, command, cwd)));
    child.once("close", (code: number | null) => resolve(code));
    child.once("exit", () => {
      // "close" waits for everybody who holds the outputs, also for what the program left behind in the background.
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS);
      child.once("close", () => clearTimeout(timer));
    });
  });
}

function notStarted(cause: Error, command: string, cwd: string): GoferryError {
  return new GoferryError("IO_FAILED", {
    subject: command,
    message: `cannot start ${command} in ${cwd}`,
    found: "code" in cause ? String(cause.code) : cause.message,
    next: `see that ${command} exists and may be executed, and that ${cwd} is a folder`,
    cause,
  });
}

function throwIfAborted(command: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new GoferryError("INTERRUPTED", {
    subject: command,
    message: `interrupted while ${command} was to run`,
  });
}

async function freeSpace(path: string): Promise<FileSystemStatus> {
  try {
    // Blocks are counted in frsize; bsize is what the file system likes to transfer, 1 MiB on some FUSE mounts.
    const { bavail, bsize, frsize, files, ffree, type } = await statfs(path);
    return { freeBytes: bavail * (frsize || bsize), freeFiles: files === 0 ? null : ffree, type };
  } catch (cause) {
    throw new GoferryError("IO_FAILED", {
      subject: path,
      message: `cannot ask for the free space of ${path}`,
      found: String(cause),
      next: "see that the folder can be reached, then run the command again",
      cause,
    });
  }
}

async function readMounts(): Promise<string | undefined> {
  try {
    return await readFile("/proc/self/mounts", "utf8");
  } catch {
    return undefined;
  }
}
