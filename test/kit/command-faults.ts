// Every command that changes a root, run in this process with one of its file calls failing (fault-calls.ts), and what is
// there once the next command has come. The bundles are small and Go is answered for; files, locks, worker threads and the
// commands themselves are real.

import { execFile } from "node:child_process";
import { mkdir, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect, promisify } from "node:util";
import { GoferryError, type ErrorCode } from "../../packages/core/src/index.ts";
import { auditOf } from "../../packages/installer/src/audit-verify.ts";
import { checkRoot } from "../../packages/installer/src/check/check.ts";
import { collectGarbage } from "../../packages/installer/src/gc.ts";
import type { Host } from "../../packages/installer/src/host.ts";
import { install, listRoot } from "../../packages/installer/src/install.ts";
import { repair } from "../../packages/installer/src/repair/repair.ts";
import { rollback } from "../../packages/installer/src/rollback.ts";
import { uninstallAll } from "../../packages/installer/src/uninstall-all.ts";
import { uninstall } from "../../packages/installer/src/uninstall.ts";
import { useVersion } from "../../packages/installer/src/use.ts";
import { bundleWorker } from "../../scripts/executables/bundle.ts";
import { answersFor } from "./answering-go.ts";
import { faultyCalls, faultyWorker, type CallFault, type Errno } from "./fault-calls.ts";
import { tmpfsAt } from "./small-disk.ts";
import { installBench, scriptedGo } from "./install-bench.ts";
import type { LayeredBundle } from "./layered-bundle.ts";
import { treeContents, type Tree } from "./tree.ts";

export const COMMANDS = [
  "install",
  "upgrade",
  "use",
  "rollback",
  "uninstall",
  "gc",
  "repair",
  "uninstall --all",
] as const;
type CommandName = (typeof COMMANDS)[number];

interface Trial {
  /** Undefined when it said that it was done. */
  error: unknown;
  /** The calls that could have failed so, until one did. */
  calls: readonly string[];
  hit: boolean;
  /** What the next command found after it: nothing, if all is well. */
  wrong: string[];
  /** Whether the root is now what the command makes of it; null where it makes no difference. */
  isNew: boolean | null;
}

export interface FaultBench extends AsyncDisposable {
  /** @param where whether the calls of the command itself are counted, or those of its worker thread */
  run(command: CommandName, fault: CallFault, where: "command" | "worker"): Promise<Trial>;
  /**
   * Runs it in a root on a disk of its own, a tmpfs on which so many pages of 4 KiB are free when it begins. It has been
   * told that there is plenty: somebody else has filled the disk since.
   */
  runOnDisk(command: CommandName, freePages: number): Promise<Trial>;
}

const TOP = fileURLToPath(new URL("../..", import.meta.url));
/** Above every pid of Linux: a command that ended, with a lock that it could not give back, is gone. */
const ENDED = 2 ** 22 + 1;
const MODULE = "mod/example.com/!a@v1.1.0/a.go";

export async function faultBench(): Promise<FaultBench> {
  const bench = await installBench();
  const { root, home, path } = bench;
  const older = await bundleOf(bench, "older", "1.26.8", "v1.0.0");
  const newer = await bundleOf(bench, "newer", "1.27.1", "v1.1.0");
  const worker = join(path, "worker.cjs");
  // As in the stand-alone executable: from sources, starting it takes longer than what it does.
  const workerSource = await bundleWorker(TOP);
  await writeFile(worker, workerSource);
  const plainHost: Host = { ...bench.host({ uid: 1000, pid: ENDED, workerSource }), run: answersFor(root) };
  const kept = join(path, "kept");

  const installOf = async (host: Host, opened: LayeredBundle): Promise<unknown> =>
    await install(host, {
      root,
      bundle: opened,
      bundleFile: `${opened.contents.name}.tar`,
      logKey: opened.log.vkey,
      zips: true,
      path: "profile",
      direct: [],
      allowPrivate: [],
      selfTest: "tools",
    });
  const command = async (host: Host, name: CommandName): Promise<unknown> => {
    switch (name) {
      case "install":
        return await installOf(host, older);
      case "upgrade":
        return await installOf(host, newer);
      case "use":
        return await useVersion(host, { root, version: "1.26.8" });
      case "rollback":
        return await rollback(host, { root });
      case "uninstall":
        return await uninstall(host, { root, what: { version: "1.26.8" } });
      case "gc":
        return await collectGarbage(host, { root, keep: 1 });
      case "repair":
        return await repair(host, { root, bundle: { opened: newer, file: "newer.tar" } });
      case "uninstall --all":
        return await uninstallAll(host, { root });
    }
  };
  const keep = async (name: string): Promise<void> => {
    await rm(join(kept, name), { recursive: true, force: true });
    await mkdir(join(kept, name), { recursive: true });
    await copy(home, join(kept, name));
    await copy(join(path, "opt"), join(kept, name)).catch(() => undefined);
  };
  const putBack = async (name: string): Promise<void> => {
    await rm(join(path, "opt"), { recursive: true, force: true });
    await rm(home, { recursive: true });
    await copy(join(kept, name, "home"), path);
    await copy(join(kept, name, "opt"), path).catch(() => undefined);
  };
  const look = async (): Promise<Tree> => ({
    ...prefixed("home", await treeContents(home)),
    ...prefixed("opt", await treeContents(join(path, "opt"))),
  });

  await writeFile(join(home, ".profile"), "export A=1\n");
  await keep("nothing");
  await installOf(plainHost, older);
  await keep("one");
  await installOf(plainHost, newer);
  await keep("two");
  await rollback(plainHost, { root });
  await keep("back");
  await putBack("two");
  await writeFile(join(root, MODULE), "damaged");
  await unlink(join(root, "bin/go"));
  await rm(join(root, "sdk/go1.27.1/src"), { recursive: true });
  await keep("damaged");

  const ends = new Map<CommandName, { before: Tree; after: Tree }>();
  for (const name of COMMANDS) {
    await putBack(BEFORE[name]);
    const before = await look();
    await command(plainHost, name);
    ends.set(name, { before, after: await look() });
  }

  /** Whether it is the old or the new after the next command, and what is wrong if it is neither. */
  const judge = async (name: CommandName, error: unknown): Promise<Pick<Trial, "wrong" | "isNew">> => {
    const end = ends.get(name);
    if (end === undefined) throw new Error(name);
    const next = await nextCommand(plainHost, root, name === "repair");
    const found = await look();
    const isOld = next.length === 0 && isSame(found, end.before, error === undefined ? [] : LEFT);
    const isNew = isSame(found, end.after, name === "uninstall --all" ? LEFT : []);
    const wrong = [...next];
    if (!isOld && !isNew) wrong.push(...strangers(found, end));
    if (error === undefined && !isNew) wrong.push("it said that it was done, and is not");
    return { wrong, isNew };
  };

  return {
    async runOnDisk(name, freePages) {
      await putBack(BEFORE[name]);
      const opt = join(path, "opt");
      await rm(opt, { recursive: true, force: true });
      await mkdir(opt);
      await using disk = await tmpfsAt(opt);
      await copy(`${join(kept, BEFORE[name], "opt")}/.`, opt).catch(() => undefined);
      await disk.leave(freePages);
      const plenty = async () => await Promise.resolve({ freeBytes: 1e12, freeFiles: 1e9, type: 0x01021994 });
      const error = await command({ ...plainHost, statfs: plenty }, name).then(() => undefined, thrownOf);
      const isFull = error instanceof GoferryError && error.code === "DISK_FULL";
      return { error, calls: [], hit: isFull, ...(await judge(name, error)) };
    },
    async run(name, fault, where) {
      await putBack(BEFORE[name]);
      const source = where === "worker" ? faultyWorker(worker, root, fault) : workerSource;
      const faulty = faultyCalls(path, where === "worker" ? { ...fault, at: 0 } : fault);
      const error = await command({ ...plainHost, workerSource: source }, name)
        .then(() => undefined, thrownOf)
        .finally(() => faulty.restore());
      return { error, calls: faulty.calls, hit: faulty.hit, ...(await judge(name, error)) };
    },
    [Symbol.asyncDispose]: async () => {
      await bench[Symbol.asyncDispose]();
    },
  };
}

/** What a command may say when a call has failed so. Of all but these, nobody would know what to do. */
const ANSWERS: Readonly<Record<Errno, readonly ErrorCode[]>> = {
  ENOSPC: ["DISK_FULL"],
  EIO: ["IO_FAILED", "PROFILE_NOT_WRITABLE"],
  EACCES: ["PERMISSION_DENIED", "PROFILE_NOT_WRITABLE", "ROOT_NOT_OURS", "ROOT_NOT_WRITABLE"],
  EMFILE: ["IO_FAILED", "PROFILE_NOT_WRITABLE"],
};

/** How it ended, by its code; and what is wrong about it. */
export function verdict({ error, wrong }: Trial, errno: Errno): { outcome: string; wrong: string[] } {
  if (error === undefined) return { outcome: "done", wrong };
  if (!(error instanceof GoferryError))
    return { outcome: "?", wrong: [...wrong, `it threw ${inspect(error)}`] };
  const { code, next, found } = error;
  const outcome = `${code} (exit ${error.exitCode})`;
  const may = [...ANSWERS[errno], "ROLLED_BACK", "RECOVERY_PENDING"];
  const more = may.includes(code) ? [] : [`it said ${code}: ${error.message}`];
  if (next === undefined || found === undefined)
    more.push(`${code} does not say what was found, or what to do next`);
  return { outcome, wrong: [...wrong, ...more] };
}

function thrownOf(thrown: unknown): unknown {
  return thrown ?? new Error("nothing was thrown");
}

/** What each command begins with. */
const BEFORE: Readonly<Record<CommandName, string>> = {
  install: "nothing",
  upgrade: "one",
  use: "two",
  rollback: "two",
  uninstall: "two",
  gc: "back",
  repair: "damaged",
  "uninstall --all": "two",
};

async function bundleOf(
  bench: Awaited<ReturnType<typeof installBench>>,
  name: string,
  go: string,
  version: string,
): Promise<LayeredBundle> {
  const files = { "go.mod": "module example.com/A\n", "a.go": `package a // ${version}\n` };
  const modules = [[{ path: "example.com/A", version, files }]];
  return await bench.bundle({ name, toolchains: [scriptedGo(go)], modules, tiles: {} });
}

/** What is wrong after the next command: it recovers, and then all is compared with what was verified. */
async function nextCommand(host: Host, root: string, mayBeDamaged: boolean): Promise<string[]> {
  const wrong: string[] = [];
  try {
    const { generation } = await listRoot(host, root);
    if (generation === 0) return wrong;
    const { differences } = await checkRoot(host, { root, depth: "full" });
    const refused = differences.filter(({ level }) => level === "refuse");
    // What a repair was to mend may be there still; the trees say whether nothing else is.
    if (!mayBeDamaged) wrong.push(...refused.map(({ code, subject }) => `${code} ${subject}`));
    const { breaks } = await auditOf(host, root);
    wrong.push(...breaks.map(({ place, message }) => `audit ${place}: ${message}`));
  } catch (error) {
    wrong.push(`the next command: ${error instanceof GoferryError ? error.code : ""} ${String(error)}`);
  }
  return wrong;
}

/** What has a time or a random name in it. */
const VARIES = /^opt\/goferry\/state\/(?:state\.json|audit\.jsonl|generations\/\d+\.json|units\/.*\.sums)$/;

/** Folders that nobody can tell from somebody's own, where the very calls that would remove them failed. */
const LEFT = ["opt", "opt/goferry", "opt/goferry/state"];

function isSame(found: Tree, expected: Tree, mayBeLeft: readonly string[]): boolean {
  return differing(found, expected).every(
    (name) => expected[name] === undefined && mayBeLeft.includes(name) && found[name]?.startsWith("folder"),
  );
}

function differing(found: Tree, expected: Tree): string[] {
  const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
  return [...names].filter((name) => {
    const [is, should] = [found[name], expected[name]];
    return is !== should && !(VARIES.test(name) && is !== undefined && should !== undefined);
  });
}

/** By which names it is neither the one nor the other. */
function strangers(found: Tree, { before, after }: { before: Tree; after: Tree }): string[] {
  const [old, now] = [differing(found, before), differing(found, after)];
  return [`neither old (${old.slice(0, 4).join(", ")}) nor new (${now.slice(0, 4).join(", ")})`];
}

function prefixed(top: string, tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).map(([name, what]) => [join(top, name), what]));
}

/** With the times of files, which a check goes by. */
async function copy(from: string, to: string): Promise<void> {
  await promisify(execFile)("cp", ["-a", from, to]);
}
