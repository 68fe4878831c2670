import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../test/kit/bundler-go.ts";
import { withoutPrivileges } from "../../../test/kit/unprivileged.ts";
import { checkWritable, draftFile } from "./output.ts";

describe("checkWritable", () => {
  it("accepts a new file and one that is there, and leaves both as they are", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "old.tar"), "old");
    await checkWritable(join(folder.path, "old.tar"));
    await checkWritable(join(folder.path, "new.tar"));
    expect(await readdir(folder.path)).toEqual(["old.tar"]);
    expect(await readFile(join(folder.path, "old.tar"), "utf8")).toBe("old");
  });

  it("refuses a folder that is not there, may not be written, or has the name of the file", async () => {
    await using folder = await temporaryFolder();
    const closed = join(folder.path, "closed");
    await mkdir(closed, { mode: 0o555 });
    expect(await codeOf(checkWritable(join(folder.path, "absent", "a.tar")))).toBe("IO_FAILED");
    expect(await codeOf(checkWritable(closed))).toBe("IO_FAILED");
    expect(await codeOf(withoutPrivileges(() => checkWritable(join(closed, "a.tar"))))).toBe("IO_FAILED");
  });
});

describe("draftFile", () => {
  it("has its name only when it is placed", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "goferry.lock");
    await writeFile(file, "old");
    {
      await using draft = await draftFile(file, "new");
      expect(await readFile(file, "utf8")).toBe("old");
      await draft.place();
    }
    expect(await readFile(file, "utf8")).toBe("new");
    expect(await readdir(folder.path)).toEqual(["goferry.lock"]);
  });

  it("leaves nothing when it is not placed", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "goferry.lock");
    const draft = await draftFile(file, "new");
    expect(await readdir(folder.path)).toHaveLength(1);
    await draft[Symbol.asyncDispose]();
    expect(await readdir(folder.path)).toEqual([]);
    expect(await codeOf(draftFile(join(folder.path, "absent", "x"), "new"))).toBe("IO_FAILED");
  });
});
