import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { CrashSignal, faultyFs } from "../../../../test/kit/faulty-fs.ts";
import { realHost, testFolder, testHost } from "../../../../test/kit/host-root.ts";
import type { RootEvent } from "../events.ts";
import type { HostFs } from "../fs.ts";
import { layout } from "../layout.ts";
import { nodeFs } from "../node-fs.ts";
import { acquireLock, lookAtLock } from "./lock.ts";
import type { LockHost } from "./lock.ts";

const refused = (code: string): unknown => expect.objectContaining({ code });

/** A host whose processes are these: the first is our own, and only the named ones are alive. */
function pretend(pid: number, alive: ReadonlySet<number>, fs: HostFs = nodeFs(realHost)): LockHost {
  const id = { started: "1", boot: "b", namespace: "n", machine: "m", host: "h" };
  return {
    ...testHost(fs),
    processes: {
      self: async () => ({ ...id, pid }),
      look: async (other) => (other.machine !== "m" ? "unknown" : alive.has(other.pid) ? "running" : "gone"),
    },
  };
}

describe("acquireLock", () => {
  it("keeps a second writer out, and tells who holds it", async () => {
    await using folder = await testFolder();
    const at = layout(folder.root);
    const lock = await acquireLock(testHost(), at, { command: "install site.tar" });
    const second = acquireLock(testHost(), at, { command: "use 1.26.8" });
    await expect(second).rejects.toMatchObject({
      code: "LOCKED",
      exitCode: 5,
      subject: folder.root,
      message: expect.stringContaining("install site.tar"),
      found: expect.stringMatching(new RegExp(`pid ${process.pid} .*2026-03-04T05:06:07`)),
    });
    await lock.release();
    await (await acquireLock(testHost(), at, { command: "use 1.26.8" })).release();
  });

  it("waits as long as it was told, and takes the lock when it is given back", async () => {
    await using folder = await testFolder();
    const at = layout(folder.root);
    const lock = await acquireLock(testHost(), at, { command: "a" });
    await expect(acquireLock({ ...testHost(), lockWaitMs: 100 }, at, { command: "b" })).rejects.toEqual(
      refused("LOCKED"),
    );
    const events: RootEvent[] = [];
    const onEvent = (event: RootEvent): void => void events.push(event);
    const third = acquireLock({ ...testHost(), lockWaitMs: 10_000, onEvent }, at, { command: "c" });
    await vi.waitFor(() =>
      expect(events).toEqual([{ kind: "waiting", holder: expect.stringMatching(/: a$/) }]),
    );
    await lock.release();
    await (await third).release();
    expect(events[1]).toEqual({ kind: "locked", waitedMs: expect.any(Number) });
  });

  it("stops waiting when interrupted", async () => {
    await using folder = await testFolder();
    const at = layout(folder.root);
    const lock = await acquireLock(testHost(), at, { command: "a" });
    const signal = AbortSignal.timeout(30);
    const waiting = acquireLock({ ...testHost(), lockWaitMs: 60_000 }, at, { command: "b", signal });
    await expect(waiting).rejects.toEqual(refused("INTERRUPTED"));
    await lock.release();
  });

  it("removes the folders it made for itself, and no others", async () => {
    await using folder = await testFolder();
    await mkdir(dirname(folder.root));
    const host = testHost();
    await (await acquireLock(host, layout(folder.root), { command: "a" })).release();
    expect(await readdir(dirname(folder.root))).toEqual([]);
    await mkdir(folder.root);
    await (await acquireLock(host, layout(folder.root), { command: "a" })).release();
    expect(await readdir(folder.root)).toEqual([]);
    expect((await stat(folder.root)).isDirectory()).toBe(true);
  });

  it("takes over from a process that died, with the folders that one had made", async () => {
    await using folder = await testFolder();
    const at = layout(folder.root);
    await acquireLock(pretend(1, new Set()), at, { command: "killed" });
    const lock = await acquireLock(pretend(2, new Set([2])), at, { command: "next" });
    expect(await readdir(at.state)).toEqual(["lock"]);
    expect(JSON.parse(await readFile(at.lock, "utf8"))).toMatchObject({
      process: { pid: 2 },
      command: "next",
    });
    await lock.release();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("is told by who only looks, and whether its process is gone", async () => {
    await using folder = await testFolder();
    const at = layout(folder.root);
    expect(await lookAtLock(testHost(), at)).toBeNull();
    await acquireLock(pretend(1, new Set()), at, { command: "killed" });
    const look = { holder: "pid 1 on h, since 2026-03-04T05:06:07.000Z: killed", command: "killed" };
    expect(await lookAtLock(pretend(2, new Set([1, 2])), at)).toEqual({ ...look, isDead: false });
    expect(await lookAtLock(pretend(2, new Set([2])), at)).toEqual({ ...look, isDead: true });
  });

  it("removes no folder that a dead lock claims to have made, unless it leads to the state folder", async () => {
    await using folder = await testFolder();
    const at = layout(folder.root);
    const elsewhere = join(folder.path, "empty");
    await mkdir(elsewhere);
    await acquireLock(pretend(1, new Set()), at, { command: "killed" });
    const dead = JSON.parse(await readFile(at.lock, "utf8")) as { made: string[] };
    await writeFile(at.lock, JSON.stringify({ ...dead, made: [...dead.made, elsewhere] }));
    await (await acquireLock(pretend(2, new Set([2])), at, { command: "next" })).release();
    expect(await readdir(folder.path)).toEqual(["empty"]);
  });

  it("never takes over from another machine, nor a lock it cannot read", async () => {
    await using folder = await testFolder();
    const at = layout(folder.root);
    const host = pretend(2, new Set([2]));
    const elsewhere: LockHost = {
      ...host,
      processes: {
        ...host.processes,
        self: async () => ({ ...(await host.processes.self()), pid: 1, machine: "x" }),
      },
    };
    await acquireLock(elsewhere, at, { command: "install over NFS" });
    await expect(acquireLock(host, at, { command: "b" })).rejects.toEqual(refused("LOCKED"));
    await writeFile(at.lock, "mine!");
    await expect(acquireLock(host, at, { command: "b" })).rejects.toMatchObject({
      code: "LOCKED",
      subject: at.lock,
    });
    expect(await readFile(at.lock, "utf8")).toBe("mine!");
  });

  it("leaves a lock alone that was made after somebody removed its own", async () => {
    await using folder = await testFolder();
    const at = layout(folder.root);
    const lock = await acquireLock(testHost(), at, { command: "a" });
    await nodeFs(realHost).unlink(at.lock);
    const other = await acquireLock(testHost(), at, { command: "b" });
    await lock.release();
    expect(JSON.parse(await readFile(at.lock, "utf8"))).toMatchObject({ command: "b" });
    await other.release();
  });

  it.each(["error", "crash"] as const)(
    "can be taken by the next, after %s at any call of a take-over",
    async (kind) => {
      const fs = nodeFs(realHost);
      for (let n = 1, taken = false; !taken; n++) {
        await using folder = await testFolder();
        const at = layout(folder.root);
        await acquireLock(pretend(1, new Set()), at, { command: "killed" });
        const broken = pretend(2, new Set([2]), faultyFs(fs, { kind, at: n }));
        taken = await acquireLock(broken, at, { command: "breaks" }).then(
          () => true,
          () => false,
        );
        const lock = await acquireLock(pretend(3, new Set([3])), at, { command: "next" });
        expect(await readdir(at.state)).toEqual(["lock"]);
        await lock.release();
        expect(await readdir(folder.path)).toEqual([]);
        expect(n).toBeLessThan(50);
      }
    },
  );
});

describe("two never hold it", () => {
  it("in any interleaving of takers, some killed on the way, after a dead lock or none", async () => {
    const taker = fc.record({ killedAt: fc.option(fc.integer({ min: 1, max: 25 })) });
    const takers = fc.array(taker, { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), takers, fc.boolean(), async (scheduler, plans, deadLock) => {
        const fs = memoryFs();
        const alive = new Set(plans.map((_plan, index) => index + 1));
        const at = layout("/root");
        if (deadLock) await acquireLock(pretend(99, alive, fs), at, { command: "killed" });

        let holders = 0;
        let most = 0;
        const run = async (pid: number, killedAt: number | null): Promise<void> => {
          const host = pretend(pid, alive, scheduled(fs, scheduler, { pid, killedAt, alive }));
          for (let round = 0; round < 2; round++) {
            const lock = await acquireLock(host, at, { command: `taker ${pid}` }).catch(() => null);
            if (lock === null) continue;
            most = Math.max(most, ++holders);
            await host.fs.lstat("/root").catch(() => null);
            holders--;
            await lock.release();
          }
        };
        await scheduler.waitFor(Promise.all(plans.map(({ killedAt }, index) => run(index + 1, killedAt))));
        expect(most).toBeLessThanOrEqual(1);
        const last = await acquireLock(pretend(100, new Set([100]), fs), at, { command: "last" });
        expect((await fs.list(at.state)).map(({ name }) => name)).toEqual(["lock"]);
        await last.release();
      }),
      { numRuns: 400 },
    );
  });

  it("in processes of their own, two of which are killed while they hold it", async () => {
    await using folder = await testFolder();
    await mkdir(folder.root, { recursive: true });
    await writeFile(join(folder.root, "count"), "0");
    const script = fileURLToPath(new URL("../../../../test/kit/lock-taker.ts", import.meta.url));
    const runs = ["0", "3", "0", "5"].map(async (killed) => {
      const child = spawn(process.execPath, [script, folder.root, "8", killed]);
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (data: Buffer) => (output += String(data)));
      const [code, signal] = (await once(child, "close")) as [number | null, string | null];
      return { output, end: code ?? signal };
    });
    expect(await Promise.all(runs)).toEqual([
      { output: "", end: 0 },
      { output: "", end: "SIGKILL" },
      { output: "", end: 0 },
      { output: "", end: "SIGKILL" },
    ]);
    expect(await readFile(join(folder.root, "count"), "utf8")).toBe(String(8 + 3 + 8 + 5));
    const last = await acquireLock(testHost(), layout(folder.root), { command: "last" });
    expect(await readdir(layout(folder.root).state)).toEqual(["lock"]);
    await last.release();
    expect(await readdir(folder.root)).toEqual(["count"]);
  });
});

/** Every call waits for its turn; a killed taker makes no call after its last, and is dead for the others. */
function scheduled(
  fs: HostFs,
  scheduler: fc.Scheduler,
  { pid, killedAt, alive }: { pid: number; killedAt: number | null; alive: Set<number> },
): HostFs {
  let calls = 0;
  const turn = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    if (!alive.has(pid)) throw new CrashSignal("killed");
    await scheduler.schedule(Promise.resolve(), `${pid} ${name}`);
    if (++calls === killedAt) alive.delete(pid);
    if (!alive.has(pid)) throw new CrashSignal("killed");
    return call();
  };
  return {
    ...fs,
    lstat: (path) => turn(`lstat ${path}`, () => fs.lstat(path)),
    readFile: (path) => turn(`read ${path}`, () => fs.readFile(path)),
    list: (path) => turn(`list ${path}`, () => fs.list(path)),
    mkdir: (path, mode) => turn(`mkdir ${path}`, () => fs.mkdir(path, mode)),
    createFile: (path, bytes, mode) => turn(`create ${path}`, () => fs.createFile(path, bytes, mode)),
    rename: (from, to) => turn(`rename ${from}`, () => fs.rename(from, to)),
    link: (from, to) => turn(`link ${to}`, () => fs.link(from, to)),
    unlink: (path) => turn(`unlink ${path}`, () => fs.unlink(path)),
    rmdir: (path) => turn(`rmdir ${path}`, () => fs.rmdir(path)),
  };
}

/** As much of a file system as a lock needs, without a clock of its own, so that an interleaving can be repeated. */
function memoryFs(): HostFs {
  const files = new Map<string, Uint8Array | null>([["/", null]]);
  const missing = (path: string): Error => Object.assign(new Error(`ENOENT ${path}`), { code: "ENOENT" });
  const parentOf = (path: string): void => {
    if (!files.has(dirname(path))) throw missing(path);
  };
  const below = (path: string): string[] =>
    [...files.keys()].filter((one) => one !== path && dirname(one) === path);
  const status = { mode: 0o755, size: 0, modified: 0, uid: 0, gid: 0 };
  return {
    ...nodeFs(realHost),
    lstat: async (path) =>
      files.has(path) ? { ...status, kind: files.get(path) ? "file" : "folder" } : null,
    readFile: async (path) => files.get(path) ?? null,
    list: async (path) =>
      below(path)
        .sort()
        .map((one) => ({ name: basename(one), kind: "file" })),
    mkdir: async (path) => {
      parentOf(path);
      if (files.has(path)) return false;
      files.set(path, null);
      return true;
    },
    createFile: async (path, bytes) => {
      parentOf(path);
      files.set(path, bytes);
    },
    rename: async (from, to) => {
      const bytes = files.get(from);
      if (bytes === undefined) throw missing(from);
      files.set(to, bytes);
      files.delete(from);
    },
    link: async (from, to) => {
      const bytes = files.get(from);
      if (bytes === undefined) throw missing(from);
      parentOf(to);
      if (files.has(to)) return false;
      files.set(to, bytes);
      return true;
    },
    unlink: async (path) => files.delete(path),
    rmdir: async (path) => files.has(path) && below(path).length === 0 && files.delete(path),
    syncFile: async () => {},
  };
}
