import { createHash } from "node:crypto";
import { link, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testFolder } from "../../../../test/kit/host-root.ts";
import { copyWithHash, isSameFile } from "./same-file.ts";

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

  it("takes two names of one file for the same", async () => {
    await using folder = await testFolder();
    const [one, two] = [join(folder.path, "one"), join(folder.path, "two")];
    await writeFile(one, "x");
    await link(one, two);
    expect(await isSameFile(one, two)).toBe(true);
    expect(await isSameFile(one, one)).toBe(true);
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

describe("copyWithHash", () => {
  it.each([0, 1, 1 << 20, (1 << 20) + 1, 3_000_001])("copies %i bytes and knows their hash", async (size) => {
    await using folder = await testFolder();
    const [source, copy] = [join(folder.path, "source"), join(folder.path, "copy")];
    const bytes = Buffer.from(Array.from({ length: 251 }, (_, i) => i));
    const content = Buffer.alloc(size, bytes);
    await writeFile(source, content, { mode: 0o600 });
    const sha256 = createHash("sha256").update(content).digest("hex");
    expect(await copyWithHash(source, copy, { mode: 0o755 })).toEqual({ sha256, size });
    expect((await readFile(copy)).equals(content)).toBe(true);
    expect((await stat(copy)).mode & 0o777).toBe(0o755);
  });

  it.each([0, 1, 1 << 20, 2_500_000])(
    "copies no more than the first %i bytes if it is asked to",
    async (limit) => {
      await using folder = await testFolder();
      const [source, copy] = [join(folder.path, "source"), join(folder.path, "copy")];
      const content = Buffer.alloc(3_000_000, "program, then a bundle; ");
      await writeFile(source, content);
      const program = content.subarray(0, limit);
      const sha256 = createHash("sha256").update(program).digest("hex");
      expect(await copyWithHash(source, copy, { mode: 0o755, limit })).toEqual({ sha256, size: limit });
      expect((await readFile(copy)).equals(program)).toBe(true);
      expect(await isSameFile(source, copy, limit)).toBe(true);
      expect(await isSameFile(source, copy)).toBe(false);
    },
  );

  it("does not write over what is there", async () => {
    await using folder = await testFolder();
    const [source, copy] = [join(folder.path, "source"), join(folder.path, "copy")];
    await writeFile(source, "new");
    await writeFile(copy, "old");
    await expect(copyWithHash(source, copy, { mode: 0o755 })).rejects.toThrow("EEXIST");
    expect(await readFile(copy, "utf8")).toBe("old");
  });
});
