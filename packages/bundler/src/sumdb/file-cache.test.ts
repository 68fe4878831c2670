import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { fileLogCache } from "./file-cache.ts";

const LOOKUP = "sum.golang.org/lookup/github.com/!burnt!sushi/toml@v1.5.0";
const TILE = "sum.golang.org/tile/8/0/x071/825.p/12";

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

describe("fileLogCache", () => {
  it("hands out what was put in, also to a later run, and nothing else", async () => {
    await using folder = await temporaryFolder();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (data) => {
        await fileLogCache(folder.path).put(LOOKUP, data);
        expect(Buffer.from((await fileLogCache(folder.path).get(LOOKUP)) ?? "none")).toEqual(
          Buffer.from(data),
        );
      }),
      { numRuns: 20 },
    );
    expect(await fileLogCache(folder.path).get(TILE)).toBeUndefined();
    // A partial tile and a full one of the same number.
    const cache = fileLogCache(join(folder.path, "tiles"));
    await cache.put(TILE, Buffer.from("part"));
    await cache.put(TILE.replace(".p/12", ""), Buffer.from("full"));
    expect(Buffer.from((await cache.get(TILE)) ?? "").toString()).toBe("part");
    expect(Buffer.from((await cache.get(TILE.replace(".p/12", ""))) ?? "").toString()).toBe("full");
  });

  it("never hands out half of what several builds write at once", async () => {
    await using folder = await temporaryFolder();
    const values = Array.from({ length: 8 }, (_, i) => randomBytes(1000 * (i + 1)));
    const wholes = new Set(values.map((value) => value.toString("hex")));
    let found = 0;
    const writers = { done: false };
    const write = async (value: Uint8Array): Promise<void> => {
      const cache = fileLogCache(folder.path);
      for (let i = 0; i < 20; i++) await cache.put(LOOKUP, value);
    };
    const look = async (): Promise<void> => {
      const cache = fileLogCache(folder.path);
      while (!writers.done) {
        await setImmediate();
        const value = await cache.get(LOOKUP);
        if (value === undefined) continue;
        found += 1;
        expect(wholes.has(Buffer.from(value).toString("hex"))).toBe(true);
      }
    };
    const writing = Promise.all(values.map(write)).finally(() => (writers.done = true));
    await Promise.all([writing, look(), look()]);
    expect(found).toBeGreaterThan(0);
    expect(await filesIn(folder.path)).toHaveLength(1);
  });

  // Whoever takes an answer verifies it, and says LOG_MISMATCH: for a power cut that would be a false alarm for ever.
  it("takes a file that was cut or changed on this disk for none", async () => {
    await using folder = await temporaryFolder();
    const cache = fileLogCache(folder.path);
    await cache.put(LOOKUP, Buffer.from("an answer"));
    const [file = ""] = await filesIn(folder.path);
    const bytes = await readFile(file);
    for (const size of [bytes.length - 1, 32, 31, 0]) {
      await truncate(file, size);
      expect(await cache.get(LOOKUP)).toBeUndefined();
    }
    for (const at of [0, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      await writeFile(file, changed);
      expect(await cache.get(LOOKUP)).toBeUndefined();
    }
    await cache.put(LOOKUP, Buffer.from("an answer"));
    expect(await cache.get(LOOKUP)).toEqual(Buffer.from("an answer"));
  });

  it("is no obstacle where it cannot be read or written", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "file"), "");
    const cache = fileLogCache(join(folder.path, "file"));
    await cache.put(LOOKUP, Buffer.from("an answer"));
    expect(await cache.get(LOOKUP)).toBeUndefined();

    const blocked = fileLogCache(join(folder.path, "blocked"));
    await mkdir(join(folder.path, "blocked", ...LOOKUP.split("/")), { recursive: true });
    await blocked.put(LOOKUP, Buffer.from("an answer"));
    expect(await blocked.get(LOOKUP)).toBeUndefined();
    expect(await filesIn(join(folder.path, "blocked"))).toEqual([]);
  });
});
