// The worked example of FORMAT.md, and what else in it can be held against the code.

import { glob, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { zstdDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { exampleBlocks, exampleFile, namedBlocks, readParts } from "../../../../test/kit/format-example.ts";
import { memorySource } from "../../../../test/kit/small-bundle.ts";
import { MAX_NAME_BYTES } from "../archive/names.ts";
import { MAX_FILE_BYTES, MTIME } from "../archive/ustar.ts";
import { openBundle } from "../bundle/open.ts";
import { verifyBundle } from "../bundle/verify.ts";
import { digestOf } from "../digest.ts";
import { CODES } from "../errors.ts";
import * as limits from "../limits.ts";
import { readTrustedKey } from "../signature/verify.ts";
import { CONTENTS_SCHEMA } from "./contents.ts";
import { CHUNK_BYTES } from "./consistency.ts";

const top = new URL("../../../../", import.meta.url);
const text = await readFile(new URL("../../FORMAT.md", import.meta.url), "utf8");
const blocks = namedBlocks(text);
const parts = readParts(blocks);

describe("the worked example", () => {
  it("has contents that the schema accepts", () => {
    expect(CONTENTS_SCHEMA.parse(parts.contents)).toEqual(parts.contents);
  });

  it("has every document, digest, hash, record and offset that the code makes of its parts", () => {
    const expected = exampleBlocks(parts);
    expect([...blocks.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
    for (const [name, block] of expected) expect(blocks.get(name), name).toBe(block);
  });

  it("has layers that are what the contents say, whatever compresses today", () => {
    for (const [i, bytes] of parts.layers.entries()) {
      const layer = parts.contents.layers[i];
      const tar = zstdDecompressSync(bytes);
      expect([digestOf(bytes), bytes.length]).toEqual([layer?.digest, layer?.size]);
      expect([digestOf(tar), tar.length]).toEqual([layer?.diffId, layer?.tarSize]);
    }
  });

  it("is a bundle that opens and verifies with its keys, and with no others", async () => {
    const source = memorySource(exampleFile(parts));
    const now = new Date("2030-01-01T00:00:00Z");
    const keys = [await readTrustedKey(Buffer.from(parts.publicKey))];
    const bundle = await openBundle(source, { keys, now });
    const policy = { logKey: parts.logKey, privatePatterns: [] };
    expect(await verifyBundle(bundle, { policy })).toMatchObject({ logged: 3, private: 0 });
    await expect(openBundle(source, { keys: [], now })).rejects.toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
    });
  });
});

describe("the text", () => {
  it("has the limits of the code", () => {
    const values = { ...limits, CHUNK_BYTES, MAX_FILE_BYTES, MAX_NAME_BYTES };
    const rows = Array.from(text.matchAll(/^\| `([A-Z_]+)` \| ([0-9]+) \|/gm), ([, name, value]) => [
      name,
      Number(value),
    ]);
    expect(Object.fromEntries(rows)).toEqual(values);
    expect(text).toContain(`\`0${MTIME.toString(8)}\``);
  });

  it("names error codes that there are", () => {
    const [, reading = ""] = /^## 9\.([\s\S]*?)^## 10\./m.exec(text) ?? [];
    const named = new Set(Array.from(reading.matchAll(/`([A-Z]+_[A-Z_]+)`/g), ([, code = ""]) => code));
    expect(named.size).toBeGreaterThan(10);
    expect([...named].filter((code) => !(code in CODES))).toEqual([]);
  });

  it("has every section that the sources send their readers to", async () => {
    const sections = new Set(Array.from(text.matchAll(/^## ([0-9]+)\. /gm), ([, number]) => number));
    expect(sections.size).toBe(13);
    const missing: string[] = [];
    for await (const file of glob("packages/*/src/**/*.ts", { cwd: fileURLToPath(top) })) {
      const source = await readFile(new URL(file, top), "utf8");
      for (const [reference, number] of source.matchAll(/FORMAT\.md[\s/*]+section[\s/*]+([0-9]+)/g)) {
        if (!sections.has(number)) missing.push(`${file}: ${reference}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it("links to its own headings", () => {
    const anchors = Array.from(text.matchAll(/^##+ (.+)$/gm), ([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    );
    const links = Array.from(text.matchAll(/\]\(#([^)]+)\)/g), ([, link]) => link);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !anchors.includes(link ?? ""))).toEqual([]);
  });
});
