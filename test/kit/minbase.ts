// A Debian with nothing in it, to see that goferry needs nothing of a host: debootstrap's smallest variant, made once
// and kept in the user's cache folder. A command in it gets a file system of its own, without a network: what it writes
// outside of the folders that are bound is gone with it, so that no test sees what another one left.

import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { aptSource, type AptSource } from "./apt-source.ts";

export interface MinbaseResult {
  /** -1 when it was killed. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface MinbaseOptions {
  /** Folders and files of this machine by the absolute path at which the command finds them. Made there if absent. */
  bind?: Readonly<Record<string, string>>;
  /** Of `bind`, those that the command must not change. */
  readOnly?: readonly string[];
  /** The whole environment (`env -i`). Default: HOME=/root and a usual PATH. */
  env?: Readonly<Record<string, string>>;
  /** In the root. Default: "/". */
  cwd?: string;
  /** User and group number. Default: 0. */
  uid?: number;
  /** Shell lines that run as root, after the mounts and before the command, outside of the root: `$ROOT` is its path. */
  prepare?: string;
  /** Default: 5. */
  timeoutMinutes?: number;
}

export interface Minbase {
  /** Such as "bookworm". */
  suite: string;
  /** Absolute path of the root on this machine. Not to be changed. */
  path: string;
  /** Runs a command in it, in a network namespace without interfaces. A bad exit code is an answer, not an error. */
  run(command: readonly string[], options?: MinbaseOptions): Promise<MinbaseResult>;
}

const exec = promisify(execFile);

const NAMESPACES = ["--mount", "--net", "--pid", "--fork", "--kill-child"];

/** The root, made if it is not there yet (about a minute); undefined, with the reason on stderr, where that cannot be. */
export async function findMinbase(): Promise<Minbase | undefined> {
  const obstacle = await findObstacle();
  const source = await aptSource();
  if (obstacle !== undefined || source === undefined) {
    const reason = obstacle ?? "no Debian archive in /etc/apt/sources.list or /etc/apt/sources.list.d";
    process.stderr.write(`tests in a minimal Debian are skipped: ${reason}\n`);
    return undefined;
  }
  const path = join(cacheFolder(), `${source.suite}-minbase`);
  if (!(await isThere(path))) await bootstrap(source, path);
  return { suite: source.suite, path, run: (command, options) => runInMinbase(path, command, options) };
}

async function findObstacle(): Promise<string | undefined> {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "only root may make and enter one";
  const tools = ["debootstrap", "unshare", "mount", "chroot"];
  const missing = await exec("sh", ["-c", tools.map((tool) => `command -v ${tool}`).join(" && ")]).then(
    () => false,
    () => true,
  );
  if (missing) return `one of these is missing: ${tools.join(", ")}`;
  return exec("unshare", [...NAMESPACES, "sh", "-c", "mount -t proc none /mnt"]).then(
    () => undefined,
    () => "this system allows no mounts in a namespace of one's own",
  );
}

function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "goferry-test");
}

async function bootstrap({ suite, url, keyring }: AptSource, path: string): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  await mkdir(dirname(path), { recursive: true });
  const keys = keyring === undefined ? [] : [`--keyring=${keyring}`];
  try {
    await exec("debootstrap", ["--variant=minbase", ...keys, suite, draft, url], { maxBuffer: 1 << 26 });
    for (const folder of ["var/cache/apt/archives", "var/lib/apt/lists"]) {
      for (const name of await readdir(join(draft, folder))) {
        await rm(join(draft, folder, name), { recursive: true });
      }
    }
    await rename(draft, path);
  } catch (error) {
    const log = await readFile(join(draft, "debootstrap/debootstrap.log"), "utf8").catch(() => "");
    throw new Error(`debootstrap failed: ${log.slice(-2000)}`, { cause: error });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * Runs as root in namespaces of its own: the mounts go away with the processes, and all processes with the first.
 * Arguments: the root that is kept; an empty folder to mount on; for each of `bind` rw or ro, source and target; "--",
 * the user, and the command.
 */
const ENTER = `
set -eu
base=$1
layers=$2
shift 2
mount -t tmpfs -o mode=755 none "$layers"
mkdir "$layers/upper" "$layers/work" "$layers/root"
ROOT=$layers/root
mount -t overlay -o "lowerdir=$base,upperdir=$layers/upper,workdir=$layers/work" none "$ROOT"
mount -t proc none "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
while [ "$1" != -- ]; do
  target=$ROOT$3
  if [ -d "$2" ]; then
    mkdir -p "$target"
  else
    mkdir -p "$(dirname "$target")"
    [ -e "$target" ] || : >"$target"
  fi
  mount --bind "$2" "$target"
  [ "$1" = rw ] || mount -o remount,bind,ro "$target"
  shift 3
done
user=$2
shift 2
eval "$PREPARE"
umask 022
# Not exec: the first process of a namespace does not get the signals that it has no handler for.
status=0
chroot --userspec="$user" "$ROOT" "$@" || status=$?
exit "$status"
`;

async function runInMinbase(
  base: string,
  command: readonly string[],
  options: MinbaseOptions = {},
): Promise<MinbaseResult> {
  const { bind = {}, readOnly = [], cwd = "/", uid = 0, prepare = "", timeoutMinutes = 5 } = options;
  const { env = { HOME: "/root", PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } } = options;
  const binds = Object.entries(bind).flatMap(([target, source]) => [
    readOnly.includes(target) ? "ro" : "rw",
    source,
    target,
  ]);
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const inside = ["/usr/bin/env", "-i", `--chdir=${cwd}`, ...settings, ...command];
  const layers = await mkdtemp(join(tmpdir(), "minbase-"));
  const args = [base, layers, ...binds, "--", `${uid}:${uid}`, ...inside];
  try {
    const done = await exec("unshare", [...NAMESPACES, "sh", "-c", ENTER, "minbase", ...args], {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", PREPARE: prepare },
      timeout: timeoutMinutes * 60_000,
      killSignal: "SIGKILL",
      maxBuffer: 1 << 26,
    });
    return { code: 0, ...done };
  } catch (error) {
    if (!(error instanceof Error && "stdout" in error && "stderr" in error && "code" in error)) throw error;
    const code = typeof error.code === "number" ? error.code : -1;
    return { code, stdout: String(error.stdout), stderr: String(error.stderr) };
  } finally {
    await rmdir(layers);
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
