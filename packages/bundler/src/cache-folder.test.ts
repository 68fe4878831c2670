import { chmod, chown, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../test/kit/bundler-go.ts";
import { makeOwnFolder } from "./cache-folder.ts";

const UID = process.geteuid?.() ?? 0;

describe("makeOwnFolder", () => {
  it("makes a folder that nobody else may enter", async () => {
    await using folder = await temporaryFolder();
    const cache = join(folder.path, "a", "cache");
    await makeOwnFolder(cache, UID);
    expect((await stat(cache)).mode & 0o777).toBe(0o700);
    await makeOwnFolder(cache, UID);
  });

  it.each([
    [0o755, "no error"],
    [0o1777, "no error"],
    [0o777, "CACHE_UNSAFE"],
    [0o775, "CACHE_UNSAFE"],
    [0o757, "CACHE_UNSAFE"],
  ])("judges a folder of mode %o: %s", async (mode, code) => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, mode);
    expect(await codeOf(makeOwnFolder(folder.path, UID))).toBe(code);
    // Where there are no users, there are no modes either.
    expect(await codeOf(makeOwnFolder(folder.path, undefined))).toBe("no error");
  });

  it.skipIf(UID !== 0)("refuses a folder of another user, but not one of root", async () => {
    await using folder = await temporaryFolder();
    expect(await codeOf(makeOwnFolder(folder.path, 1000))).toBe("no error");
    await chown(folder.path, 1001, 1001);
    expect(await codeOf(makeOwnFolder(folder.path, 1001))).toBe("no error");
    for (const uid of [0, 1000]) {
      await expect(makeOwnFolder(folder.path, uid)).rejects.toMatchObject({
        code: "CACHE_UNSAFE",
        exitCode: 2,
        subject: folder.path,
      });
    }
  });

  it("says where it could not be made", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "a"));
    await writeFile(join(folder.path, "a", "cache"), "a file in its place");
    expect(await codeOf(makeOwnFolder(join(folder.path, "a", "cache"), UID))).toBe("IO_FAILED");
  });
});
