import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { GoferryError } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createCache } from "./cache.ts";

const KEY = "golang.org/toolchain/@v/v0.0.1-go1.27.1.linux-amd64.zip";
const folder = (): Promise<string> => mkdtemp(join(tmpdir(), "goferry-cache-"));
const leftovers = async (dir: string): Promise<string[]> => await readdir(join(dir, "tmp"));

describe("createCache", () => {
  it("produces a file once and finds it afterwards", async () => {
    const dir = join(await folder(), "made", "when needed");
    const cache = createCache(dir);
    let produced = 0;
    const produce = async (file: string): Promise<void> => {
      produced++;
      await writeFile(file, "content");
    };
    const path = await cache.fetchInto(KEY, produce);
    expect(path).toBe(cache.file(KEY));
    expect(await readFile(path, "utf8")).toBe("content");
    expect(await createCache(dir).fetchInto(KEY, produce)).toBe(path);
    expect(produced).toBe(1);
    expect(await leftovers(dir)).toEqual([]);
  });

  it("produces once for calls at the same time, and again after a failure", async () => {
    const dir = await folder();
    const cache = createCache(dir);
    let produced = 0;
    const fail = async (file: string): Promise<void> => {
      produced++;
      await writeFile(file, "half");
      throw new GoferryError("NOT_FOUND", { subject: "x", message: "x" });
    };
    const results = await Promise.allSettled([cache.fetchInto(KEY, fail), cache.fetchInto(KEY, fail)]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(produced).toBe(1);
    await expect(cache.fetchInto(KEY, fail)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await leftovers(dir)).toEqual([]);
    await cache.fetchInto(KEY, (file) => writeFile(file, "whole"));
    expect(await readFile(cache.file(KEY), "utf8")).toBe("whole");
  });

  it("drops a file that turned out to be wrong", async () => {
    const cache = createCache(await folder());
    await cache.fetchInto(KEY, (file) => writeFile(file, "wrong"));
    await cache.drop(KEY);
    await cache.drop(KEY);
    await cache.fetchInto(KEY, (file) => writeFile(file, "right"));
    expect(await readFile(cache.file(KEY), "utf8")).toBe("right");
  });

  it("removes what a killed build left a day ago, and nothing younger", async () => {
    const dir = await folder();
    await mkdir(join(dir, "tmp"));
    await writeFile(join(dir, "tmp", "old"), "");
    await writeFile(join(dir, "tmp", "young"), "");
    const yesterday = Date.now() / 1000 - 25 * 3600;
    await utimes(join(dir, "tmp", "old"), yesterday, yesterday);
    await createCache(dir).fetchInto(KEY, (file) => writeFile(file, ""));
    expect(await leftovers(dir)).toEqual(["young"]);
  });

  it("reports the disk's errors", async () => {
    const dir = await folder();
    const cache = createCache(dir);
    const full = async (file: string): Promise<void> => {
      await symlink("/dev/full", file);
      await writeFile(file, "x");
    };
    await expect(cache.fetchInto(KEY, full)).rejects.toMatchObject({
      code: "DISK_FULL",
      subject: cache.file(KEY),
    });
    expect(await leftovers(dir)).toEqual([]);
    await expect(cache.fetchInto(KEY, async () => undefined)).rejects.toMatchObject({ code: "IO_FAILED" });
    const nowhere = createCache("/dev/null/cache");
    await expect(nowhere.fetchInto(KEY, async () => undefined)).rejects.toMatchObject({ code: "IO_FAILED" });
  });

  it("gives every key a file of its own below its folder", () => {
    const cache = createCache("/cache");
    const hash = fc.stringMatching(/^sha256:[0-9a-f]{64}$/u);
    const name = fc.stringMatching(/^[a-z0-9!@._~+-]{1,9}(?:\/[a-z0-9!@._~+-]{1,9}){0,3}$/u);
    const usable = name.filter((text) => !/\.(?:\/|$)/u.test(text));
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(hash, usable), { minLength: 2, maxLength: 2 }),
        ([one = "", other = ""]) => {
          expect(cache.file(one)).toMatch(/^\/cache\/(?:sha256|name)\/./u);
          expect(cache.file(one)).not.toBe(cache.file(other));
        },
      ),
    );
  });

  it.each([
    "",
    "..",
    "../x",
    "a/../b",
    "a//b",
    "/a",
    "a/",
    "a.",
    "A",
    "sha256:00",
    "a:b",
    "a\\b",
    "a\0",
    "ä",
  ])("refuses the key %j", async (key) => {
    const cache = createCache(await folder());
    expect(() => cache.file(key)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
    await expect(cache.fetchInto(key, async () => undefined)).rejects.toMatchObject({
      code: "ARGUMENT_INVALID",
    });
  });

  it("leaves a whole file to two processes that produce it at once", async () => {
    const dir = await folder();
    const size = 3_000_000;
    const program = `
      import { createCache } from ${JSON.stringify(new URL("cache.ts", import.meta.url).href)};
      import { open, readFile } from "node:fs/promises";
      const path = await createCache(${JSON.stringify(dir)}).fetchInto(${JSON.stringify(KEY)}, async (file) => {
        const handle = await open(file, "w");
        for (let i = 0; i < 30; i++) await handle.write(Buffer.alloc(${size / 30}, process.argv.at(-1)));
        await handle.close();
      });
      const bytes = await readFile(path);
      if (bytes.length !== ${size} || !bytes.every((byte) => byte === bytes[0])) throw new Error("not whole");
    `;
    const run = (letter: string): Promise<unknown> =>
      promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program, letter]);
    await Promise.all([run("a"), run("b")]);
    expect(await leftovers(dir)).toEqual([]);
    const bytes = await readFile(createCache(dir).file(KEY));
    expect(bytes.equals(Buffer.alloc(size, bytes.subarray(0, 1)))).toBe(true);
  });
});
