import { randomBytes } from "node:crypto";
import { open, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { FileWindow } from "./file-window.ts";

const MEBIBYTE = 1 << 20;

it.each([0, 1, 1000, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 3 * MEBIBYTE + 5])(
  "has what the file of %i bytes has, wherever it is asked for, and less only where that ends",
  async (size) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "file");
    const content = randomBytes(size);
    await writeFile(file, content);
    await using handle = await open(file);
    const window = new FileWindow(handle, size);
    const near = fc.integer({ min: Math.max(0, size - 70), max: size + 10 });
    const place = fc.tuple(fc.oneof(fc.nat({ max: size }), near), fc.nat({ max: Math.ceil(1.5 * MEBIBYTE) }));
    await fc.assert(
      fc.asyncProperty(fc.array(place, { maxLength: 8 }), async (places) => {
        for (const [at, length] of places) {
          const bytes = await window.at(at, length);
          expect(bytes.equals(content.subarray(at, at + length))).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  },
);

it("reads a small file once, and asks no more where it ends", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "file");
  await writeFile(file, "0123456789");
  await using handle = await open(file);
  const window = new FileWindow(handle, 10);
  expect((await window.at(8, 100)).toString()).toBe("89");
  // What is asked for again is not read again: the file is another one by now.
  await truncate(file, 0);
  expect((await window.at(9, 100)).toString()).toBe("9");
  expect((await window.at(0, 10)).toString()).toBe("0123456789");
});

it("has what is left of a file that got shorter", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "file");
  await writeFile(file, Buffer.alloc(3 * MEBIBYTE, 1));
  await using handle = await open(file);
  const window = new FileWindow(handle, 3 * MEBIBYTE);
  await truncate(file, MEBIBYTE + 10);
  expect(await window.at(MEBIBYTE, 1000)).toHaveLength(10);
  expect(await window.at(2 * MEBIBYTE, 1000)).toHaveLength(0);
});
