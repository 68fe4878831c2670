import { chmod, mkdir, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../test/kit/bundler-go.ts";
import { inWorkFolder } from "./work-folder.ts";

const at = (cacheDir: string): Parameters<typeof inWorkFolder>[0] => ({ cacheDir, uid: process.geteuid?.() });

describe("inWorkFolder", () => {
  it.each([".", "work"])("does nothing in a cache where others may write in %s", async (name) => {
    await using cache = await temporaryFolder();
    await mkdir(join(cache.path, "work", "build-of-others"), { recursive: true });
    await chmod(join(cache.path, name), 0o777);
    const refused = inWorkFolder(at(cache.path), () => Promise.reject(new Error("it began")));
    expect(await codeOf(refused)).toBe("CACHE_UNSAFE");
    expect(await readdir(join(cache.path, "work"))).toEqual(["build-of-others"]);
  });

  it("gives a private folder, and removes it after success and after failure", async () => {
    await using cache = await temporaryFolder();
    const made = await inWorkFolder(at(join(cache.path, "made", "when needed")), async (workDir) => {
      await writeFile(join(workDir, "file"), "content");
      return { workDir, mode: (await stat(workDir)).mode & 0o777 };
    });
    expect(made.mode).toBe(0o700);
    await expect(stat(made.workDir)).rejects.toMatchObject({ code: "ENOENT" });

    const failing = inWorkFolder(at(cache.path), async (workDir) => {
      await mkdir(join(workDir, "deep", "er"), { recursive: true });
      throw new Error("of the work");
    });
    await expect(failing).rejects.toThrow("of the work");
    expect(await readdir(join(cache.path, "work"))).toEqual([]);
  });

  it("removes what killed builds left a day ago, and nothing younger or of others", async () => {
    await using cache = await temporaryFolder();
    const work = join(cache.path, "work");
    for (const name of ["build-killed", "build-running", "notes"]) {
      await mkdir(join(work, name, "modcache"), { recursive: true });
    }
    const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const name of ["build-killed", "notes"]) await utimes(join(work, name), yesterday, yesterday);
    await inWorkFolder(at(cache.path), async () => undefined);
    expect((await readdir(work)).sort()).toEqual(["build-running", "notes"]);
  });

  it("says where it could not be made", async () => {
    await using cache = await temporaryFolder();
    await writeFile(join(cache.path, "work"), "a file in its place");
    expect(await codeOf(inWorkFolder(at(cache.path), async () => undefined))).toBe("IO_FAILED");
  });
});
