// One writer a root: the file state/lock names who that is. Readers never look at it.
//
// Taking it is link(2) of a file that is complete already: exclusive like O_EXCL, but nobody ever reads a lock that
// is half written, not even after a power cut. link is also exclusive on NFS, where O_EXCL was not always; but a
// lock of another machine is never judged stale, because its processes cannot be seen from here.
//
// Taking over the lock of a process that died is where locks go wrong: two takers read the same dead lock, the
// first replaces it, the second removes the first one's. So a dead lock may be replaced only by who holds
// `lock.next`, itself such a lock, and only after looking again. The winner renames lock.next over lock, which
// ends both. A taker that dies meanwhile leaves a dead lock.next, taken over in the same way by `lock.next.next`.

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GoferryError } from "@goferry/core";
import * as z from "zod/mini";
import type { Conduct } from "../events.ts";
import { isBelow, makeFolders } from "../fs.ts";
import type { Registry } from "../windows/system.ts";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import { hasErrno } from "../node-fs.ts";
import type { ProcessTable } from "./processes.ts";

export interface LockHost extends Conduct {
  fs: HostFs;
  processes: ProcessTable;
  now(): Date;
  /** On Windows. */
  registry?: Registry | undefined;
}

export interface LockOptions {
  /** What is being done, for whoever has to wait: "install site.tar". */
  command: string;
  signal?: AbortSignal | undefined;
  /** Folders that shall go with the lock if no state is left when it is given back; outermost first. */
  leaving?: readonly string[] | undefined;
}

export interface Lock {
  /** Folders that were made to hold it, outermost first. */
  made: readonly string[];
  /**
   * Gives the lock back, and with it the folders that were made only to hold it, if nothing came into them. Never
   * throws: a lock that cannot be removed is a dead one as soon as this process ends.
   */
  release(): Promise<void>;
}

const holderSchema = z.strictObject({
  lockVersion: z.literal(1),
  process: z.strictObject({
    pid: z.int(),
    started: z.string(),
    boot: z.string(),
    namespace: z.string(),
    machine: z.string(),
    host: z.string(),
  }),
  command: z.string(),
  since: z.string(),
  /** Tells this lock from every other one, also of the same process. */
  token: z.string(),
  /** Folders that did not exist before this lock, or before one it took over. Outermost first. */
  made: z.array(z.string()),
});

type Holder = z.infer<typeof holderSchema>;

const POLL_MS = 50;
/** Longer chains of takers that died while taking over do not happen; a damaged folder might look like one. */
const MAX_DEPTH = 8;

/**
 * Takes the lock of a root, making the root if need be. Throws LOCKED, naming the holder, when another process has it and
 * `lockWaitMs` of the host passed; INTERRUPTED on abort; or an error of the file system.
 */
export async function acquireLock(host: LockHost, at: Layout, options: LockOptions): Promise<Lock> {
  const mine: Holder = {
    lockVersion: 1,
    process: await host.processes.self(),
    command: options.command,
    since: host.now().toISOString(),
    token: randomUUID(),
    made: [...(options.leaving ?? [])],
  };
  // Asked by those who wait: node makes the module of this clock when it is first asked, which takes it longer than the lock.
  let began: number | undefined;
  for (let first = true; ; first = false) {
    const other = await tryLock(host, at, mine);
    if (other === null) break;
    began ??= performance.now();
    if (performance.now() - began >= (host.lockWaitMs ?? 0)) throw locked(at, other);
    if (first) host.onEvent?.({ kind: "waiting", holder: holderText(other) });
    await wait(options.signal);
  }
  host.onEvent?.({ kind: "locked", waitedMs: began === undefined ? 0 : performance.now() - began });
  try {
    await sweep(host, at, mine);
  } catch (error) {
    await release(host, at, mine).catch(() => undefined);
    throw error;
  }
  return { made: mine.made, release: () => release(host, at, mine).catch(() => undefined) };
}

/** What a lock says to those who do not want it. */
export interface LockLook {
  /** Who holds it, for a person. */
  holder: string;
  /** What that is doing; null where goferry did not write the lock. */
  command: string | null;
  /** The process is certainly gone. */
  isDead: boolean;
}

/** Null for a root that nobody has locked. Waits for nobody. Throws PROC_MISSING or an error of the file system. */
export async function lookAtLock(host: LockHost, at: Layout): Promise<LockLook | null> {
  const holder = await readHolder(host.fs, at.lock);
  if (holder === null) return null;
  const [command, isDead] =
    holder === "unreadable" ? [null, false] : [holder.command, await isGone(host, holder)];
  return { holder: holderText(holder), command, isDead };
}

/** Null when the lock is ours now, else who has it. The state folder may vanish with another's failed install: again. */
async function tryLock(host: LockHost, at: Layout, mine: Holder): Promise<Holder | "unreadable" | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      mine.made.push(...(await makeFolders(host.fs, at.state)));
      return await claim(host, at.lock, mine, 0);
    } catch (error) {
      if (attempt === MAX_DEPTH || !hasErrno(error, "ENOENT")) throw error;
    }
  }
}

/** Makes `path` name us. Null when it does, else who it names. */
async function claim(
  host: LockHost,
  path: string,
  mine: Holder,
  depth: number,
): Promise<Holder | "unreadable" | null> {
  for (;;) {
    const found = await readHolder(host.fs, path);
    if (found === null) {
      if (await create(host.fs, path, mine)) return null;
      continue;
    }
    if (depth === MAX_DEPTH || found === "unreadable" || !(await isGone(host, found))) return found;

    // What the dead one made is ours to remove; it must stand in our lock before that takes the place of its own.
    mine.made.unshift(...found.made.filter((folder) => !mine.made.includes(folder)));
    const next = `${path}.next`;
    const other = await claim(host, next, mine, depth + 1);
    if (other !== null) return other;
    if (await replaceDead(host.fs, path, found)) return null;
  }
}

/** The second look, and the rename. Whoever comes here holds `path.next`, and no longer does afterwards. */
async function replaceDead(fs: HostFs, path: string, dead: Holder): Promise<boolean> {
  const next = `${path}.next`;
  try {
    const still = await readHolder(fs, path);
    if (still !== null && still !== "unreadable" && still.token === dead.token) {
      await fs.rename(next, path);
      return true;
    }
  } catch (error) {
    await fs.unlink(next).catch(() => false);
    throw error;
  }
  await fs.unlink(next);
  return false;
}

async function create(fs: HostFs, path: string, mine: Holder): Promise<boolean> {
  const complete = `${path}.${mine.token}`;
  try {
    await fs.createFile(complete, Buffer.from(`${JSON.stringify(mine, null, 2)}\n`), { mode: 0o644 });
    await fs.syncFile(complete);
    return await fs.link(complete, path);
  } finally {
    // What stays here is swept by the next holder; failing now would leave a lock that nobody gives back.
    await fs.unlink(complete).catch(() => false);
  }
}

async function readHolder(fs: HostFs, path: string): Promise<Holder | "unreadable" | null> {
  const bytes = await fs.readFile(path);
  if (bytes === null) return null;
  try {
    return holderSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    return "unreadable";
  }
}

async function isGone(host: LockHost, holder: Holder): Promise<boolean> {
  return (await host.processes.look(holder.process)) === "gone";
}

/** Removes what takers left that were killed while they tried. A live one whose file vanishes here tries again. */
async function sweep(host: LockHost, at: Layout, mine: Holder): Promise<void> {
  for (const { name } of await host.fs.list(at.state)) {
    const path = join(at.state, name);
    if (/^lock(?:\.next)*\.[0-9a-f-]{36}$/.test(name)) await host.fs.unlink(path);
    else if (/^lock(?:\.next)+$/.test(name) && (await claim(host, path, mine, 1)) === null)
      await host.fs.unlink(path);
  }
}

async function release(host: LockHost, at: Layout, mine: Holder): Promise<void> {
  const holder = await readHolder(host.fs, at.lock);
  // Somebody may have removed our lock by hand and started another goferry: that one's stays.
  if (holder !== null && holder !== "unreadable" && holder.token === mine.token)
    await host.fs.unlink(at.lock);
  if ((await host.fs.lstat(at.stateFile)) !== null) return;
  // Also where another one made it, whose own rmdir came too early: while our lock was in it.
  await host.fs.rmdir(at.state);
  // What a lock that was taken over says it made is a claim: of all folders only those that lead to state/ are meant.
  const made = mine.made.filter((folder) => isBelow(folder, at.state));
  for (const folder of made.toReversed()) await host.fs.rmdir(folder);
}

async function wait(signal: AbortSignal | undefined): Promise<void> {
  await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
    throw new GoferryError("INTERRUPTED", {
      subject: "lock",
      message: "interrupted while waiting for the lock",
      cause,
    });
  });
}

function locked(at: Layout, holder: Holder | "unreadable"): GoferryError {
  if (holder === "unreadable") {
    return new GoferryError("LOCKED", {
      subject: at.lock,
      message: "the lock of this root is a file that goferry did not write",
      next: `make sure that no goferry is running on ${at.root}, then remove ${at.lock}`,
    });
  }
  const { command } = holder;
  return new GoferryError("LOCKED", {
    subject: at.root,
    message: `another goferry is changing this root: ${command}`,
    found: holderText(holder),
    next: `wait until it ends, with --lock-timeout 10m for as long as that; or, if that process ran on another machine or in a container and is gone, remove ${at.lock}`,
  });
}

function holderText(holder: Holder | "unreadable"): string {
  if (holder === "unreadable") return "a file that goferry did not write";
  const { process: owner, command, since } = holder;
  return `pid ${owner.pid} on ${owner.host}, since ${since}: ${command}`;
}
