// A Windows of sorts on this machine: Wine 10 from Debian trixie (that of bookworm crashes Node 24), in a root of its own that
// is made once and kept in the user's cache folder. A session of it is a machine with an empty drive C: that is gone
// afterwards, without a network, and what runs there ends with it.
//
// Drive Z: is the root in which Wine runs; the folders of a session that are bound there have the same path as on this
// machine. So /tmp/x is Z:\tmp\x, and C:\x is `drive`/x on this machine.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { access, mkdir, mkdtemp, open, readdir, readFile, readlink, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { aptSource } from "./apt-source.ts";
import { QUICK } from "./run-goferry.ts";
import { scratchFolder } from "./scratch.ts";

export interface WineResult {
  /** Of Windows' exit code the lowest 8 bits, which is what Wine passes on; -1 when it was killed. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface WineOptions {
  /** What Windows' own environment gets in addition. PATH is taken over by `path`, not from here. */
  env?: Readonly<Record<string, string>>;
  /** Windows folders that come first on PATH, joined with ";". */
  path?: string;
  /** A folder as Windows calls it. Default: C:\. */
  cwd?: string;
  /** Bytes for its standard input. Default: none. */
  input?: string;
  /** Kills the program, and leaves the rest of the session alone. */
  signal?: AbortSignal;
  /** Default: 10. */
  timeoutMinutes?: number;
}

export interface Wine extends AsyncDisposable {
  /** Drive C: as this machine sees it. Only while the session lasts. */
  drive: string;
  /** A folder for what both sides exchange, on this machine and, by the same path, on Z:. */
  shared: string;
  /** Runs a Windows program, by its path on Windows or here, to its end. A bad exit code is an answer, not an error. */
  run(exe: string, args: readonly string[], options?: WineOptions): Promise<WineResult>;
  /** Pids, on this machine, of the Windows programs whose command line has `text` in it. */
  pids(text: string): Promise<number[]>;
  /** Ends all that runs in the session at once, as a power cut would; the next `run` starts it again. */
  kill(): Promise<void>;
}

export interface WineSessionOptions {
  /** Folders of this machine that Windows sees by the same path on Z:. */
  bind?: readonly string[];
}

/** A file of this machine as Windows calls it: /tmp/x is Z:\tmp\x. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

/** A file on drive C: or Z: as this machine sees it. */
export function unixPath({ drive }: Pick<Wine, "drive">, path: string): string {
  const rest = path.slice(2).replaceAll("\\", "/");
  return /^c:/iu.test(path) ? `${drive}${rest}` : rest;
}

/** The root with Wine in it, made where it is missing (about five minutes). Throws where that cannot be. */
async function wineRoot(): Promise<string> {
  const path = join(
    process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"),
    "goferry-test",
    "trixie-wine",
  );
  if (await isThere(path)) return path;
  const source = await aptSource();
  if (source === undefined)
    throw new Error("Wine comes from Debian, and apt's settings name no archive of it");
  await mkdir(dirname(path), { recursive: true });
  const draft = await mkdtemp(`${path}.`);
  const keys = source.keyring === undefined ? [] : [`--keyring=${source.keyring}`];
  const words = ["--variant=minbase", "--include=wine,wine64", ...keys, "trixie", draft, source.url];
  try {
    await run("debootstrap", words);
    for (const name of await readdir(join(draft, "var/cache/apt/archives"))) {
      await rm(join(draft, "var/cache/apt/archives", name), { recursive: true });
    }
    await run("unshare", [...NAMESPACES, "sh", "-c", MAKE_PREFIX, "wine", draft]);
    await access(join(draft, "w/prefix/system.reg"));
    // Another run may have made one meanwhile; either will do.
    await rename(draft, path).catch(async (error: unknown) => {
      if (!(await isThere(path))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return path;
}

/** The root, or, where it cannot be had: an error if CI is set, else undefined and a word on stderr, for describe.runIf. */
export async function findWine(): Promise<string | undefined> {
  const root = await wineRoot().catch((error: unknown) => {
    if (process.env["CI"] !== undefined) throw error;
    process.stderr.write(`tests on Windows are skipped: ${String(error)}\n`);
  });
  return root ?? undefined;
}

/** A machine of its own, for one test or several that follow each other. */
export async function wineSession(root: string, { bind = [] }: WineSessionOptions = {}): Promise<Wine> {
  const scratch = await scratchFolder("wine");
  const [layers, shared] = [join(scratch.path, "layers"), join(scratch.path, "shared")];
  for (const folder of [layers, shared]) await mkdir(folder);
  const args = [...NAMESPACES, "sh", "-c", ENTER, "wine", root, layers, shared, ...bind];
  const outer = spawn("unshare", args, { env: PLAIN, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  outer.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const init = await firstChild(outer);
  const top = `/proc/${init}/root`;
  const isReady = async (): Promise<boolean> =>
    (await readlink(`/proc/${init}/exe`).catch(() => "")).endsWith("/sleep");
  await waitFor(isReady).catch((cause: unknown) => {
    throw new Error(`Wine's root did not start: ${said}`, { cause });
  });
  const enter = ["--target", String(init), "--mount", "--pid", "--net", "--root"];
  const start: Start = (folder, env, words) => {
    const clean = ["/usr/bin/env", "-i", `--chdir=${folder}`, ...settings(env)];
    return ["nsenter", ...enter, ...clean, "wine", ...words];
  };
  let count = 0;
  let keeper: ChildProcess | undefined;
  const wine: Wine = {
    drive: `${top}/w/prefix/drive_c`,
    shared,
    run: (exe, words, options = {}) => {
      count += 1;
      if (keeper === undefined || keeper.exitCode !== null || keeper.signalCode !== null)
        keeper = keepRunning(start);
      return runWindows(start, { exe, words, options, output: join(scratch.path, `out-${count}`) });
    },
    pids: (text) => pidsBelow(init, text),
    kill: async () => {
      for (const pid of await pidsBelow(init, "")) process.kill(pid, "SIGKILL");
      await waitFor(async () => (await pidsBelow(init, "")).length === 0);
    },
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => outer.once("close", resolve));
      process.kill(init, "SIGKILL");
      await ended;
      await scratch[Symbol.asyncDispose]();
    },
  };
  return wine;
}

const NAMESPACES = ["--mount", "--net", "--pid", "--fork", "--kill-child"];

const PLAIN = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };

/** LANG is how Wine knows that arguments and the environment are UTF-8; without the folder it complains of having no screen. */
const WINE = {
  ...PLAIN,
  HOME: "/root",
  LANG: "C.UTF-8",
  XDG_RUNTIME_DIR: "/run",
  WINEPREFIX: "/w/prefix",
  WINEDEBUG: "-all",
};

/** Arguments: the root. */
const MAKE_PREFIX = `
set -eu
mount -t proc none "$1/proc"
mount --rbind /dev "$1/dev"
mkdir -p "$1/w"
export HOME=/root LANG=C.UTF-8 WINEPREFIX=/w/prefix WINEDEBUG=-all
chroot "$1" sh -c 'wineboot -i; wine winecfg -v win10; wineserver -w' </dev/null >"$1/w/log" 2>&1
`;

/** Arguments: the root that is kept; an empty folder for what changes; folders to bind. Ends as `sleep`, in the root. */
const ENTER = `
set -eu
base=$1
layers=$2
shift 2
mkdir "$layers/upper" "$layers/work" "$layers/root"
ROOT=$layers/root
mount -t overlay -o "lowerdir=$base,upperdir=$layers/upper,workdir=$layers/work" none "$ROOT"
mount -t proc none "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
for folder in "$@"; do
  mkdir -p "$ROOT$folder"
  mount --bind "$folder" "$ROOT$folder"
done
umask 022
exec chroot "$ROOT" /usr/bin/sleep infinity
`;

/** The command that runs `wine` with those words in that folder of the root. */
type Start = (
  folder: string,
  env: Readonly<Record<string, string>>,
  words: readonly string[],
) => readonly string[];

function settings(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

/**
 * A program that waits for ever. When the last one ends, Wine ends its services too, and to start them again takes seconds, on a
 * busy machine half a minute.
 */
function keepRunning(start: Start): ChildProcess {
  const [command = "", ...words] = start("/w/prefix/drive_c", WINE, ["cmd", "/c", "set /p nobody=answers"]);
  const child = spawn(command, words, { env: PLAIN, stdio: ["pipe", "ignore", "ignore"] });
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  child.unref();
  return child;
}

interface Call {
  exe: string;
  words: readonly string[];
  options: WineOptions;
  /** Where its outputs go: a pipe would give the program EBADF. */
  output: string;
}

async function runWindows(start: Start, { exe, words, options, output }: Call): Promise<WineResult> {
  const { env = {}, path, cwd = "C:\\", input = "", signal, timeoutMinutes = 10 } = options;
  const windows = { ...WINE, ...QUICK, ...env, ...(path === undefined ? {} : { WINEPATH: path }) };
  const [folder, drive] = [cwd.slice(2).replaceAll("\\", "/"), /^z:/iu.test(cwd) ? "" : "/w/prefix/drive_c"];
  const program = exe.startsWith("/") ? windowsPath(exe) : exe;
  const [command = "", ...rest] = start(`${drive}${folder}`, windows, [program, ...words]);
  await using stdin = await fileWith(`${output}.in`, input);
  await using stdout = await open(`${output}.out`, "w");
  await using stderr = await open(`${output}.err`, "w");
  const limit = AbortSignal.timeout(timeoutMinutes * 60_000);
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn(command, rest, {
      env: PLAIN,
      stdio: [stdin.fd, stdout.fd, stderr.fd],
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      killSignal: "SIGKILL",
    });
    child.once("error", (error) => (error.name === "AbortError" ? resolve(-1) : reject(error)));
    child.once("close", (status) => resolve(status ?? -1));
  });
  const [out, err] = await Promise.all([
    readFile(`${output}.out`, "utf8"),
    readFile(`${output}.err`, "utf8"),
  ]);
  return { code, stdout: out, stderr: err.replaceAll(OF_WINE, "") };
}

/** What Wine itself says when one of a program's threads ends while it talks to Wine's server; no program on Windows says it. */
const OF_WINE = /^wine client error:.*\n?/gmu;

async function fileWith(path: string, text: string): Promise<Awaited<ReturnType<typeof open>>> {
  await using file = await open(path, "w");
  await file.writeFile(text);
  return await open(path, "r");
}

/** The first process of the namespace, once `unshare` has forked it. */
async function firstChild(outer: ChildProcess): Promise<number> {
  const { pid } = outer;
  let found = 0;
  await waitFor(async () => {
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
    found = Number(text.trim().split(" ")[0]);
    return found > 0;
  });
  return found;
}

/** Processes in the pid namespace of `init`, itself left out. */
async function pidsBelow(init: number, text: string): Promise<number[]> {
  const namespace = await readlink(`/proc/${init}/ns/pid`);
  const found: number[] = [];
  for (const name of (await readdir("/proc")).filter((each) => /^\d+$/u.test(each))) {
    const pid = Number(name);
    if (pid === init || (await readlink(`/proc/${name}/ns/pid`).catch(() => "")) !== namespace) continue;
    const line = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    // Of a process that has ended, and that nobody waited for, there is no line.
    if (line !== "" && line.replaceAll("\0", " ").includes(text)) found.push(pid);
  }
  return found;
}

/** Throws when it is not so within a minute. */
async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(20)) if (await isSo()) return;
  throw new Error("it is not so after a minute");
}

/** A command of this machine, to its end. Throws, with what it said, unless it ends with 0. */
async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, {
    env: { ...PLAIN, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding("utf8").on("data", (text: string) => (said = `${said}${text}`.slice(-4000)));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${said}`);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
