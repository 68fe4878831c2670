// The rules of Windows, on the file system of this machine. On Windows itself they are tried by test/windows.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { replaceLink, type HostFs } from "./fs.ts";
import { nodeFs } from "./node-fs.ts";
import { windowsFs, type WindowsFsOptions } from "./windows-fs.ts";

const LAUNCHER = Buffer.alloc(3000, "MZ");
const posix = nodeFs({ env: {}, run: async () => await Promise.reject(new Error("nothing is run")) });

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "windows-fs-"));
});
afterEach(() => rm(folder, { recursive: true }));

function open(options: Partial<WindowsFsOptions> = {}): HostFs {
  const holders = async (): Promise<string[]> => await Promise.resolve([]);
  return windowsFs({ posix, launcher: LAUNCHER, holders, patienceMs: 200, ...options });
}

/** A file system in which the first `times` calls of one kind fail as they do on Windows when a file is in use. */
function busy(
  name: "rename" | "unlink" | "rmdir",
  times: number,
  errno = "EBUSY",
): { fs: HostFs; calls: () => number } {
  let calls = 0;
  const call = async (...args: [string, string]): Promise<never> => {
    if (++calls > times)
      return (await (posix[name] as (...all: string[]) => Promise<unknown>)(...args)) as never;
    throw new GoferryError("IO_FAILED", {
      subject: args[0],
      message: "in use",
      cause: Object.assign(new Error(errno), { code: errno }),
    });
  };
  return { fs: { ...posix, [name]: call }, calls: () => calls };
}

describe("links on Windows", () => {
  it("are files that are links to everybody who asks by this interface", async () => {
    const fs = open();
    const [current, go] = [join(folder, "current"), join(folder, "go.exe")];
    await fs.symlink("sdk/go1.27.1", current);
    await fs.symlink("../current/bin/go.exe", go);
    for (const [path, target] of [
      [current, "sdk/go1.27.1"],
      [go, "../current/bin/go.exe"],
    ] as const) {
      expect((await posix.lstat(path))?.kind).toBe("file");
      expect((await fs.lstat(path))?.kind).toBe("link");
      expect(await fs.readLink(path)).toBe(target);
    }
    expect(await fs.list(folder)).toEqual([
      { name: "current", kind: "file" },
      { name: "go.exe", kind: "file" },
    ]);
  });

  it("are turned by one rename", async () => {
    const fs = open();
    const current = join(folder, "current");
    await fs.symlink("sdk/go1.26.8", current);
    await replaceLink(fs, current, "sdk/go1.27.1");
    expect(await fs.readLink(current)).toBe("sdk/go1.27.1");
    expect(await fs.list(folder)).toHaveLength(1);
  });

  it("to programs need the launcher", async () => {
    const fs = open({ launcher: undefined });
    await expect(fs.symlink("../sdk/go1.27.1/bin/go.exe", join(folder, "go.exe"))).rejects.toMatchObject({
      code: "IO_FAILED",
      found: "goferry from source",
    });
  });
});

describe("modes on Windows", () => {
  it("are those that goferry gives, whatever the system says", async () => {
    const fs = open();
    const file = join(folder, "file");
    await fs.createFile(file, Buffer.from("text"), { mode: 0o600, owner: { uid: 5, gid: 5 } });
    await fs.chmod(file, 0o700);
    expect(await fs.lstat(file)).toMatchObject({ kind: "file", mode: 0o644, uid: 0, gid: 0 });
    expect(await fs.lstat(folder)).toMatchObject({ kind: "folder", mode: 0o755, uid: 0, gid: 0 });
  });
});

describe("what is in use on Windows", () => {
  it.each(["rename", "unlink", "rmdir"] as const)("is tried again: %s", async (name) => {
    const { fs: broken, calls } = busy(name, 3);
    const fs = open({ posix: broken, patienceMs: 60_000 });
    const path = join(folder, "x");
    await (name === "rmdir" ? fs.mkdir(path, 0o755) : fs.createFile(path, Buffer.from(""), { mode: 0o644 }));
    await (name === "rename" ? fs.rename(path, join(folder, "y")) : fs[name](path));
    expect(calls()).toBe(4);
    expect(await fs.lstat(path)).toBeNull();
  });

  it.each(["EBUSY", "EPERM", "EACCES"])(
    "is given up after a while, and who holds it is named (%s)",
    async (errno) => {
      const { fs: broken } = busy("rename", Number.POSITIVE_INFINITY, errno);
      const [from, to] = [join(folder, "new"), join(folder, "go.exe")];
      const holders = async (path: string): Promise<string[]> =>
        await Promise.resolve(path === to ? ["go.exe (pid 7)"] : []);
      await expect(open({ posix: broken, holders }).rename(from, to)).rejects.toMatchObject({
        code: "FILE_IN_USE",
        subject: to,
        found: "go.exe (pid 7)",
      });
    },
  );

  it("is told without a name where nobody knows one", async () => {
    const { fs: broken } = busy("unlink", Number.POSITIVE_INFINITY);
    const holders = async (): Promise<string[]> =>
      await Promise.reject(new Error("there is no Restart Manager"));
    const path = join(folder, "x");
    await expect(open({ posix: broken, holders }).unlink(path)).rejects.toMatchObject({
      code: "FILE_IN_USE",
      subject: path,
    });
  });

  it("does not hide another error", async () => {
    const { fs: broken, calls } = busy("rename", 1, "ENOSPC");
    await expect(open({ posix: broken }).rename(join(folder, "a"), join(folder, "b"))).rejects.toMatchObject({
      message: "in use",
    });
    expect(calls()).toBe(1);
  });
});

describe("syncing on Windows", () => {
  it("syncs files and leaves folders to the file system", async () => {
    const fs = open();
    const file = join(folder, "file");
    await fs.createFile(file, Buffer.from("text"), { mode: 0o644 });
    await fs.syncFile(file);
    await fs.syncFolder(join(folder, "absent"));
    await fs.syncTree(folder);
    await expect(fs.syncFile(join(folder, "absent"))).rejects.toMatchObject({
      subject: join(folder, "absent"),
    });
  });

  it("does not open again what was synced as it was written", async () => {
    const fs = open();
    const [synced, rest] = [join(folder, "synced"), join(folder, "rest")];
    for (const each of [synced, rest]) await fs.mkdir(each, 0o755);
    await fs.createFile(join(rest, "file"), Buffer.from("text"), { mode: 0o644 });
    // Linux lets nobody open a program for writing while it runs.
    const program = join(synced, "sleep");
    await copyFile("/bin/sleep", program);
    const running = spawn(program, ["60"]);
    await once(running, "spawn");
    try {
      await expect(fs.syncTree(folder)).rejects.toMatchObject({ subject: program });
      await fs.syncTree(folder, [synced]);
    } finally {
      running.kill();
      await once(running, "exit");
    }
  });
});
