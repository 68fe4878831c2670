import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../test/kit/bundler-go.ts";
import { withoutPrivileges } from "../../../test/kit/unprivileged.ts";
import { checkWritable, draftOf, isDraftOf } from "./output.ts";

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

describe("draftOf", () => {
  it("has its name only when it is placed", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "goferry.lock");
    await writeFile(file, "old");
    {
      await using draft = draftOf(file, 0o600);
      await draft.write([Buffer.from("n"), Buffer.from("ew")]);
      expect(await readFile(file, "utf8")).toBe("old");
      await draft.place();
    }
    expect(await readFile(file, "utf8")).toBe("new");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder.path)).toEqual(["goferry.lock"]);
  });

  it("leaves nothing when it is not placed", async () => {
    await using folder = await temporaryFolder();
    {
      await using draft = draftOf(join(folder.path, "goferry.lock"));
      await draft.write([Buffer.from("new")]);
      expect(await readdir(folder.path)).toHaveLength(1);
    }
    expect(await readdir(folder.path)).toEqual([]);
    await using absent = draftOf(join(folder.path, "absent", "x"));
    expect(await codeOf(absent.write([]))).toBe("IO_FAILED");
  });

  it("is not touched by another draft of the same file", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "site.tar");
    await using first = draftOf(file);
    await first.write([Buffer.from("first")]);
    {
      await using second = draftOf(file);
      await second.write([Buffer.from("second")]);
    }
    await first.place();
    expect(await readFile(file, "utf8")).toBe("first");
  });

  it("is known by its name", async () => {
    expect(isDraftOf(draftOf("/out/site.tar").path, "/out/site.tar")).toBe(true);
    expect(isDraftOf(draftOf("/out/site.tar.gz").path, "/out/site.tar")).toBe(false);
    expect(isDraftOf("/out/site.tar.part", "/out/site.tar")).toBe(false);
  });
});
