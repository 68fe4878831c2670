import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withoutPrivileges } from "../../../../test/kit/unprivileged.ts";
import { openFileSource } from "./source.ts";

let folder: string;
const CONTENT = Buffer.from("0123456789");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "source-"));
  await writeFile(join(folder, "file"), CONTENT);
});
afterAll(() => rm(folder, { recursive: true }));

describe("a file", () => {
  it("is read by position, from several places at a time", async () => {
    await using source = await openFileSource(join(folder, "file"));
    expect(source.size).toBe(10);
    const reads = Array.from({ length: 10 }, (_, i) => source.read(i, 10 - i));
    for (const [i, bytes] of (await Promise.all(reads)).entries()) expect(bytes).toEqual(CONTENT.subarray(i));
    expect(await source.read(10, 0)).toHaveLength(0);
  });

  it("that ends too early is refused, with both sizes", async () => {
    await using source = await openFileSource(join(folder, "file"));
    const cutOff = { code: "BUNDLE_MALFORMED", expected: "at least 11 bytes", found: "10 bytes" };
    await expect(source.read(5, 6)).rejects.toMatchObject(cutOff);
    await expect(source.read(100, 1)).rejects.toMatchObject({ code: "BUNDLE_MALFORMED" });
  });

  it("gives worker threads its descriptor", async () => {
    await using source = await openFileSource(join(folder, "file"));
    expect(source.file(7)).toEqual({ fd: expect.any(Number), offset: 7 });
  });

  it("is closed in the end", async () => {
    const source = await openFileSource(join(folder, "file"));
    await source[Symbol.asyncDispose]();
    await expect(source.read(0, 1)).rejects.toMatchObject({ code: "IO_FAILED" });
  });
});

describe("what is no file", () => {
  it.each(["absent", "file/below"])("is not found: %s", async (name) => {
    await expect(openFileSource(join(folder, name))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("is a folder", async () => {
    await expect(openFileSource(folder)).rejects.toMatchObject({ code: "IO_FAILED", found: "a folder" });
  });

  it("is a named pipe, which is not waited for", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    await expect(openFileSource(pipe)).rejects.toMatchObject({ code: "IO_FAILED", found: "something else" });
  });

  it("is cut off: what was found is its size, even where the reader looked far behind its end", async () => {
    const cut = join(folder, "cut");
    await writeFile(cut, CONTENT);
    await using source = await openFileSource(cut);
    const refused = { code: "BUNDLE_MALFORMED", expected: "at least 1005 bytes", found: "10 bytes" };
    await expect(source.read(1000, 5)).rejects.toMatchObject(refused);
  });

  it("may not be read, and the next step says so", async () => {
    const secret = join(folder, "secret");
    await writeFile(secret, "");
    await chmod(folder, 0o755);
    await chmod(secret, 0);
    await withoutPrivileges(async () => {
      const refused = { code: "IO_FAILED", found: "EACCES", next: expect.stringContaining("permissions") };
      await expect(openFileSource(secret)).rejects.toMatchObject(refused);
    });
  });
});
