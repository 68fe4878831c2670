import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { realHost, testFolder } from "../../../test/kit/host-root.ts";
import { hasErrno, ioError, nodeFs } from "./node-fs.ts";

const fs = nodeFs(realHost);
const refused = (code: string): unknown => expect.objectContaining({ code });

describe("ioError", () => {
  it.each([
    ["EACCES", "PERMISSION_DENIED", 4],
    ["EPERM", "PERMISSION_DENIED", 4],
    ["EROFS", "READ_ONLY", 4],
    ["EXDEV", "IO_FAILED", 6],
    ["EIO", "IO_FAILED", 6],
  ])("%s is %s", (errno, code, exit) => {
    const error = ioError(Object.assign(new Error("failed"), { code: errno }), "write", "/opt/goferry/x");
    expect(error).toMatchObject({ code, subject: "/opt/goferry/x", found: errno, exitCode: exit });
    expect(error.next).toBeTruthy();
    expect(hasErrno(error, errno)).toBe(true);
  });

  it.each(["ENOSPC", "EDQUOT"])("%s is DISK_FULL, with what is free", (errno) => {
    const error = ioError(Object.assign(new Error("failed"), { code: errno }), "write", "/nowhere/goferry/x");
    expect(error).toMatchObject({
      code: "DISK_FULL",
      subject: "/nowhere/goferry/x",
      found: expect.stringMatching(
        new RegExp(`^${errno}: \\d+ bytes (and \\d+ inodes )?free for this user$`, "u"),
      ),
    });
    expect(hasErrno(error, errno)).toBe(true);
  });

  it("passes an error through that says already what is wrong", () => {
    const error = new GoferryError("LOCKED", { subject: "x", message: "y" });
    expect(ioError(error, "write", "/z")).toBe(error);
  });
});

describe("absence and presence are answers, not errors", () => {
  it("of nothing", async () => {
    await using folder = await testFolder();
    const path = join(folder.path, "nothing");
    expect(await fs.lstat(path)).toBeNull();
    expect(await fs.readFile(path)).toBeNull();
    expect(await fs.list(path)).toEqual([]);
    expect(await fs.unlink(path)).toBe(false);
    expect(await fs.rmdir(path)).toBe(false);
  });

  it("of something", async () => {
    await using folder = await testFolder();
    const path = join(folder.path, "file");
    await fs.createFile(path, Buffer.from("x"), { mode: 0o644 });
    expect(await fs.link(path, path)).toBe(false);
    expect(await fs.mkdir(folder.path, 0o755)).toBe(false);
    expect(await fs.rmdir(folder.path)).toBe(false);
    expect(await fs.lstat(join(path, "below"))).toBeNull();
  });
});

it("tells files, folders and links apart, and sorts", async () => {
  await using folder = await testFolder();
  await mkdir(join(folder.path, "b"));
  await writeFile(join(folder.path, "c"), "");
  await symlink("c", join(folder.path, "a"));
  expect(await fs.list(folder.path)).toEqual([
    { name: "a", kind: "link" },
    { name: "b", kind: "folder" },
    { name: "c", kind: "file" },
  ]);
});

it("names the path of a failure", async () => {
  await using folder = await testFolder();
  const path = join(folder.path, "no", "file");
  await expect(fs.createFile(path, Buffer.from("x"), { mode: 0o644 })).rejects.toMatchObject({
    code: "IO_FAILED",
    subject: path,
    found: "ENOENT",
  });
});

it("says that the disk is full when it is", async () => {
  await expect(fs.appendFile("/dev/full", Buffer.from("x"))).rejects.toEqual(refused("DISK_FULL"));
});

describe("syncTree", () => {
  it("runs the system's sync", async () => {
    await using folder = await testFolder();
    await fs.syncTree(folder.path);
    await expect(fs.syncTree(join(folder.path, "nothing"))).rejects.toEqual(refused("IO_FAILED"));
  });

  it("syncs file by file where there is no sync program", async () => {
    await using folder = await testFolder();
    await mkdir(join(folder.path, "a"));
    await writeFile(join(folder.path, "a", "b"), "x");
    const without = nodeFs({ ...realHost, env: { PATH: folder.path } });
    await without.syncTree(folder.path);
    await expect(without.syncTree(join(folder.path, "nothing"))).rejects.toEqual(refused("IO_FAILED"));
  });
});
