// A Debian with nothing in it, to see that goferry needs nothing of a host: debootstrap's smallest variant, made once
// and kept in the user's cache folder. A command in it gets a file system of its own, without a network: what it writes
// outside of the folders that are bound is gone with it, so that no test sees what another one left.
//
// For another architecture it is run by qemu-user, for which the kernel is told of it in a user namespace of the command's
// own (binfmt_misc since Linux 6.7), so that nothing of that stays on this machine.

import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { aptSource, type AptSource } from "./apt-source.ts";
import { QUICK } from "./run-goferry.ts";

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

/** Only root of this machine is there; who runs in it is root, and cannot become another user. */
const EMULATED = ["--user", "--map-root-user", ...NAMESPACES];

/** How Debian's qemu-user-static tells binfmt_misc of programs for arm64. */
const RULE = "/usr/lib/binfmt.d/qemu-aarch64.conf";
const EMULATE = `mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && cat ${RULE} >/proc/sys/fs/binfmt_misc/register`;

/** The root, made if it is not there yet (about a minute); undefined, with the reason on stderr, where that cannot be. */
export async function findMinbase(): Promise<Minbase | undefined> {
  const source = await aptSource();
  const obstacle = (await findObstacle()) ?? noArchive(source);
  if (obstacle !== undefined || source === undefined) return skipped("a minimal Debian", obstacle);
  const path = join(cacheFolder(), `${source.suite}-minbase`);
  if (!(await isThere(path))) await bootstrap(source, path);
  return { suite: source.suite, path, run: (command, options) => runInMinbase(path, command, options) };
}

/** The same for arm64, emulated. Its packages are unpacked and not configured, which is enough to run programs. */
export async function findEmulatedMinbase(): Promise<Minbase | undefined> {
  const source = await aptSource();
  const obstacle = (await findObstacle()) ?? noArchive(source) ?? (await findEmulationObstacle());
  if (obstacle !== undefined || source === undefined) return skipped("an emulated Debian", obstacle);
  const path = join(cacheFolder(), `${source.suite}-minbase-arm64`);
  if (!(await isThere(path))) await bootstrap(source, path, ["--arch=arm64", "--foreign"]);
  return {
    suite: source.suite,
    path,
    run: (command, options) => runInMinbase(path, command, { ...options, emulated: true }),
  };
}

function noArchive(source: AptSource | undefined): string | undefined {
  return source === undefined
    ? "no Debian archive in /etc/apt/sources.list or /etc/apt/sources.list.d"
    : undefined;
}

function skipped(what: string, obstacle: string | undefined): undefined {
  process.stderr.write(`tests in ${what} are skipped: ${obstacle}\n`);
}

async function findEmulationObstacle(): Promise<string | undefined> {
  if (process.arch === "arm64") return "this machine is arm64 itself";
  if (!(await isThere(RULE))) return "qemu-user-static is not installed";
  return exec("unshare", [...EMULATED, "sh", "-c", EMULATE]).then(
    () => undefined,
    () => "this system has no binfmt_misc for a namespace of one's own",
  );
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

async function bootstrap(
  { suite, url, keyring }: AptSource,
  path: string,
  foreign: readonly string[] = [],
): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  await mkdir(dirname(path), { recursive: true });
  const keys = keyring === undefined ? [] : [`--keyring=${keyring}`];
  try {
    await exec("debootstrap", ["--variant=minbase", ...foreign, ...keys, suite, draft, url], {
      maxBuffer: 1 << 26,
    });
    if (foreign.length > 0) {
      const packages = join(draft, "var/cache/apt/archives");
      const names = (await readdir(packages)).filter((name) => name.endsWith(".deb"));
      for (const name of names) await exec("dpkg-deb", ["-x", join(packages, name), draft]);
    }
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
 * the option of chroot for the user, and the command.
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
chroot $user "$ROOT" "$@" || status=$?
exit "$status"
`;

async function runInMinbase(
  base: string,
  command: readonly string[],
  options: MinbaseOptions & { emulated?: boolean } = {},
): Promise<MinbaseResult> {
  const { bind = {}, readOnly = [], cwd = "/", uid = 0, prepare = "", timeoutMinutes = 5 } = options;
  const emulated = options.emulated === true;
  const { env = { HOME: "/root", PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } } = options;
  const binds = Object.entries(bind).flatMap(([target, source]) => [
    readOnly.includes(target) ? "ro" : "rw",
    source,
    target,
  ]);
  const settings = Object.entries({ ...QUICK, ...env }).map(([name, value]) => `${name}=${value}`);
  const inside = ["/usr/bin/env", "-i", `--chdir=${cwd}`, ...settings, ...command];
  const layers = await mkdtemp(join(tmpdir(), "minbase-"));
  const args = [base, layers, ...binds, "--", emulated ? "" : `--userspec=${uid}:${uid}`, ...inside];
  try {
    const done = await exec(
      "unshare",
      [...(emulated ? EMULATED : NAMESPACES), "sh", "-c", ENTER, "minbase", ...args],
      {
        env: {
          PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
          PREPARE: emulated ? `${EMULATE}; ${prepare}` : prepare,
        },
        timeout: timeoutMinutes * 60_000,
        killSignal: "SIGKILL",
        maxBuffer: 1 << 26,
      },
    );
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
