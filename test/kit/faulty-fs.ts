// A real file system that breaks at its N-th changing call: by an error, by errors from there on, or as if the
// machine had stopped, after which nothing goes through any more, so no clean-up can cheat. Calls that make things
// durable are counted and may fail like the others, but are not passed on: tests lose no power, only time.

import type { HostFs } from "../../packages/installer/src/fs.ts";

export interface Fault {
  /**
   * "error": that call fails, later ones work. "errors": all from there on fail. "full": those that need space on the
   * disk do. "crash": the process ended there.
   */
  kind: "error" | "errors" | "full" | "crash";
  /** Which changing call, from 1; 0 for none. */
  at: number;
}

export interface FaultyFs extends HostFs {
  /** The changing calls so far, such as "rename /a/b". */
  readonly calls: string[];
}

/** What a process that was killed would throw if it still could. */
export class CrashSignal extends Error {
  override readonly name = "CrashSignal";
}

export function faultyFs(fs: HostFs, fault: Fault): FaultyFs {
  const calls: string[] = [];
  let crashed = false;

  const read = async <T>(call: () => Promise<T>): Promise<T> => {
    if (crashed) throw new CrashSignal("the process is gone");
    return call();
  };
  /** `half` is what a killed call may have done already. */
  const change = async <T>(
    name: string,
    call: () => Promise<T>,
    half?: () => Promise<unknown>,
  ): Promise<T> => {
    if (crashed) throw new CrashSignal("the process is gone");
    calls.push(name);
    if (fault.at === 0 || !isHit(fault, calls.length, name)) return call();
    if (fault.kind !== "crash") throw failure(fault.kind === "full" ? "ENOSPC" : "EIO", name);
    await half?.();
    crashed = true;
    throw new CrashSignal(`killed at call ${fault.at}: ${name}`);
  };
  const firstHalf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, Math.floor(bytes.length / 2));
  const nothing = async (): Promise<void> => {};

  return {
    calls,
    lstat: (path) => read(() => fs.lstat(path)),
    readFile: (path) => read(() => fs.readFile(path)),
    readLink: (path) => read(() => fs.readLink(path)),
    list: (path) => read(() => fs.list(path)),

    mkdir: (path, mode) => change(`mkdir ${path}`, () => fs.mkdir(path, mode)),
    createFile: (path, bytes, mode) =>
      change(
        `create ${path}`,
        () => fs.createFile(path, bytes, mode),
        () => fs.createFile(path, firstHalf(bytes), mode),
      ),
    appendFile: (path, bytes) =>
      change(
        `append ${path}`,
        () => fs.appendFile(path, bytes),
        () => fs.appendFile(path, firstHalf(bytes)),
      ),
    rename: (from, to) => change(`rename ${from} ${to}`, () => fs.rename(from, to)),
    link: (from, to) => change(`link ${from} ${to}`, () => fs.link(from, to)),
    symlink: (target, path) => change(`symlink ${path}`, () => fs.symlink(target, path)),
    chmod: (path, mode) => change(`chmod ${path}`, () => fs.chmod(path, mode)),
    unlink: (path) => change(`unlink ${path}`, () => fs.unlink(path)),
    rmdir: (path) => change(`rmdir ${path}`, () => fs.rmdir(path)),

    syncFile: (path) => change(`sync ${path}`, nothing),
    syncFolder: (path) => change(`sync ${path}`, nothing),
    syncTree: (path) => change(`sync ${path}`, nothing),
    syncsEachFile: fs.syncsEachFile,
  };
}

function isHit({ kind, at }: Fault, call: number, name: string): boolean {
  if (kind === "full") return call >= at && /^(?:create|append|mkdir|symlink) /.test(name);
  return kind === "errors" ? call >= at : call === at;
}

function failure(code: string, name: string): Error {
  return Object.assign(new Error(`${code}: ${name}`), { code });
}
