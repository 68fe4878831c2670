import { mkdir, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../test/kit/bundler-go.ts";
import { inWorkFolder } from "./work-folder.ts";

describe("inWorkFolder", () => {
  it("gives a private folder, and removes it after success and after failure", async () => {
    await using cache = await temporaryFolder();
    const made = await inWorkFolder(join(cache.path, "made", "when needed"), async (workDir) => {
      await writeFile(join(workDir, "file"), "content");
      return { workDir, mode: (await stat(workDir)).mode & 0o777 };
    });
    expect(made.mode).toBe(0o700);
    await expect(stat(made.workDir)).rejects.toMatchObject({ code: "ENOENT" });

    const failing = inWorkFolder(cache.path, async (workDir) => {
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
    await inWorkFolder(cache.path, async () => undefined);
    expect((await readdir(work)).sort()).toEqual(["build-running", "notes"]);
  });

  it("says where it could not be made", async () => {
    await using cache = await temporaryFolder();
    await writeFile(join(cache.path, "work"), "a file in its place");
    expect(await codeOf(inWorkFolder(cache.path, async () => undefined))).toBe("IO_FAILED");
  });
});
