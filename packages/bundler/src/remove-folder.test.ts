import { execFileSync } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { expect, it } from "vitest";
import { temporaryFolder } from "../../../test/kit/bundler-go.ts";
import { removeFolder } from "./remove-folder.ts";

it("removes a folder with all in it, and nothing that a link in it leads to", async () => {
  await using at = await temporaryFolder();
  const folder = join(at.path, "folder");
  await mkdir(join(folder, "deep", "er"), { recursive: true });
  await mkdir(join(at.path, "other"));
  for (const name of ["folder/a", "folder/deep/b", "folder/deep/er/c", "other/d"])
    await writeFile(join(at.path, name), name);
  await symlink(join(at.path, "other"), join(folder, "deep", "link"));
  await symlink(join(at.path, "nowhere"), join(folder, "dangling"));
  await removeFolder(folder);
  expect(await readdir(at.path, { recursive: true })).toEqual(["other", join("other", "d")]);
});

it("removes a link in the place of the folder, and has nothing to do where there is nothing", async () => {
  await using at = await temporaryFolder();
  await mkdir(join(at.path, "other", "deep"), { recursive: true });
  await symlink(join(at.path, "other"), join(at.path, "link"));
  for (const name of ["link", "nothing"]) await removeFolder(join(at.path, name));
  expect((await readdir(at.path, { recursive: true })).sort()).toEqual(["other", join("other", "deep")]);
});

it.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
  "leaves what cannot be removed, takes the rest, and says what it was",
  async () => {
    await using at = await temporaryFolder();
    const folder = join(at.path, "folder");
    for (const name of ["a", "b", "c"]) {
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, name, "file"), name);
    }
    const held = join(folder, "b");
    execFileSync("mount", ["--bind", held, held]);
    try {
      await expect(removeFolder(folder)).rejects.toMatchObject({ code: "EBUSY", path: held });
      expect(await readdir(folder)).toEqual(["b"]);
    } finally {
      execFileSync("umount", [held]);
    }
    await removeFolder(folder);
    expect(await readdir(at.path)).toEqual([]);
  },
);
