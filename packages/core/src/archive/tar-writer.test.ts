import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { paddingAfter, paddingBytes, trailer } from "./tar-writer.ts";
import { encodeHeader, MTIME, type TarEntry } from "./ustar.ts";

describe("the pieces of an archive", () => {
  it.each([
    [0, 0],
    [1, 511],
    [511, 1],
    [512, 0],
    [513, 511],
    [8 * 1024 ** 3 - 1, 1],
  ])("fill the last block of %i bytes with %i zeros", (size, zeros) => {
    expect(paddingBytes(size)).toBe(zeros);
    expect(paddingAfter(size)).toEqual(new Uint8Array(zeros));
  });

  it("are no memory that a caller could spoil for the next", () => {
    trailer().fill(1);
    paddingAfter(1).fill(1);
    expect(trailer()).toEqual(new Uint8Array(1024));
    expect(paddingAfter(1)).toEqual(new Uint8Array(511));
  });

  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tar-writer-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("make what GNU tar unpacks, with a warning from nobody", () => {
    const files: [path: string, size: number, mode: TarEntry["mode"]][] = [
      ["a/empty", 0, 0o644],
      ["a/exactly one block", 512, 0o755],
      ["a/one byte more", 513, 0o644],
      [`b/${"long/".repeat(40)}name`, 5, 0o644],
      [`b/${"l".repeat(200)}`, 7, 0o755],
      ["c/日本語/ü.go", 9, 0o644],
    ];
    const pieces = files.flatMap(([path, size, mode]) => [
      encodeHeader({ path, size, mode }),
      Buffer.alloc(size, path),
      paddingAfter(size),
    ]);
    const archive = Buffer.concat([...pieces, trailer()]);
    expect(archive.length % 512).toBe(0);
    const env = { LC_ALL: "C.UTF-8", PATH: process.env["PATH"] };
    const output = execFileSync("tar", ["-xf-", "-p", "-C", folder], { input: archive, env, stdio: "pipe" });
    expect(output.toString()).toBe("");
    for (const [path, size, mode] of files) {
      const found = statSync(join(folder, path));
      expect(found.mode & 0o7777).toBe(mode);
      expect(found.mtimeMs).toBe(MTIME * 1000);
      expect(readFileSync(join(folder, path))).toEqual(Buffer.alloc(size, path));
    }
  });
});
