import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testFolder } from "../../../../test/kit/host-root.ts";
import { isSameFile } from "./same-file.ts";

describe("isSameFile", () => {
  it.each([
    ["same", "same", true],
    ["", "", true],
    ["same size", "SAME SIZE", false],
    ["longer", "long", false],
    ["x", "", false],
    ["x".repeat(3_000_001), "x".repeat(3_000_000) + "y", false],
    ["x".repeat(3_000_001), "x".repeat(3_000_001), true],
  ])("compares contents", async (a, b, same) => {
    await using folder = await testFolder();
    const [one, two] = [join(folder.path, "one"), join(folder.path, "two")];
    await writeFile(one, a);
    await writeFile(two, b, { mode: 0o600 });
    expect(await isSameFile(one, two)).toBe(same);
  });

  it("says no where there is nothing, or a folder, or a link that leads nowhere", async () => {
    await using folder = await testFolder();
    const file = join(folder.path, "file");
    await writeFile(file, "x");
    await mkdir(join(folder.path, "folder"));
    await symlink("nothing", join(folder.path, "link"));
    for (const name of ["absent", "folder", "link", "file/below"]) {
      expect(await isSameFile(file, join(folder.path, name))).toBe(false);
    }
  });

  it("cannot compare with what cannot be read", async () => {
    await using folder = await testFolder();
    const file = join(folder.path, "file");
    await writeFile(file, "x");
    await expect(isSameFile(join(folder.path, "absent"), file)).rejects.toMatchObject({
      code: "IO_FAILED",
      subject: join(folder.path, "absent"),
    });
  });
});
