import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dirhash, dirhashLines, goModHash, hashLines } from "./dirhash.ts";

/** The files of github.com/google/uuid v1.6.0 by sha256sum, and what go.sum and the checksum database say of it. */
const UUID = readFileSync(new URL("gomodule/testdata/google-uuid-v1.6.0.txt", import.meta.url), "utf8");
const UUID_H1 = "h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=";
const UUID_MOD_H1 = "h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=";

const uuidFiles = UUID.trimEnd()
  .split("\n")
  .map((line) => ({ sha256: line.slice(0, 64), name: line.slice(66) }));

const empty = hash("sha256", "", "hex");

describe("dirhash", () => {
  it("is what go.sum has for a real module, in any order", () => {
    expect(uuidFiles).toHaveLength(31);
    expect(dirhash(uuidFiles)).toBe(UUID_H1);
    expect(dirhash(uuidFiles.toReversed())).toBe(UUID_H1);
    expect(dirhash(new Set(uuidFiles.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1))))).toBe(UUID_H1);
  });

  it("is what go.sum has for a real go.mod", () => {
    const goMod = Buffer.from("module github.com/google/uuid\n");
    expect(goModHash(goMod)).toBe(UUID_MOD_H1);
    expect(hash("sha256", goMod, "hex")).toBe(uuidFiles.find(({ name }) => name.endsWith("/go.mod"))?.sha256);
  });

  it("changes with any name, any content and any file", () => {
    for (const [i, file] of uuidFiles.entries()) {
      expect(dirhash(uuidFiles.with(i, { ...file, sha256: empty }))).not.toBe(UUID_H1);
      expect(dirhash(uuidFiles.with(i, { ...file, name: `${file.name}x` }))).not.toBe(UUID_H1);
      expect(dirhash(uuidFiles.toSpliced(i, 1))).not.toBe(UUID_H1);
    }
  });

  it("is that of nothing for no files", () => {
    expect(dirhash([])).toBe("h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  });
});

describe("dirhashLines", () => {
  it("is the text that the hash is of", () => {
    expect(dirhashLines(uuidFiles.toReversed())).toBe(UUID);
    expect(hashLines(UUID)).toBe(UUID_H1);
  });

  it("sorts by bytes, as Go does and JavaScript does not", () => {
    const names = ["b", "a/b", "a.b", "é", "\ufb50", "\u{20000}", "B"];
    const lines = dirhashLines(names.map((name) => ({ name, sha256: empty })));
    const sorted = lines.trimEnd().split("\n");
    expect(sorted.map((line) => line.slice(66))).toEqual([
      "B",
      "a.b",
      "a/b",
      "b",
      "é",
      "\ufb50",
      "\u{20000}",
    ]);
  });

  it("is what sha256sum prints for the same files", () => {
    const folder = mkdtempSync(join(tmpdir(), "dirhash-"));
    try {
      const files = ["z", "a/b", "a.b", "é/ü", "with space"];
      for (const name of files) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), name.repeat(9));
      }
      const sha256sum = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum";
      const printed = execFileSync("sh", ["-c", sha256sum], { cwd: folder }).toString();
      expect(
        dirhashLines(files.map((name) => ({ name, sha256: hash("sha256", name.repeat(9), "hex") }))),
      ).toBe(printed);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("cannot be the text of two trees", () => {
    const name = fc.string({ unit: fc.constantFrom("a", "b", " ", "/", "\r", "é"), maxLength: 6 });
    const tree = fc.dictionary(
      name,
      fc.constantFrom("1", "2").map((content) => hash("sha256", content, "hex")),
    );
    fc.assert(
      fc.property(tree, (files) => {
        const list = Object.entries(files).map(([file, sha256]) => ({ name: file, sha256 }));
        const lines = dirhashLines(list).split("\n").slice(0, -1);
        expect(Object.fromEntries(lines.map((line) => [line.slice(66), line.slice(0, 64)]))).toEqual(files);
      }),
    );
  });

  it.each([
    ["ENTRY_REFUSED", [{ name: "a\nb", sha256: empty }]],
    [
      "ENTRY_REFUSED",
      [
        { name: "a", sha256: empty },
        { name: "b", sha256: empty },
        { name: "a", sha256: empty },
      ],
    ],
    ["INTERNAL", [{ name: "a", sha256: empty.toUpperCase() }]],
    ["INTERNAL", [{ name: "a", sha256: `${empty}0` }]],
    ["INTERNAL", [{ name: "a", sha256: "" }]],
    ["INTERNAL", [{ name: "a", sha256: `sha256:${empty}` }]],
  ])("throws %s for %j", (code, files) => {
    expect(() => dirhashLines(files)).toThrow(expect.objectContaining({ code }));
  });
});
