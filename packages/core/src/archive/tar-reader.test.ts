import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EntryNames } from "./names.ts";
import { TarReader, type TarHandler, type TarLimits } from "./tar-reader.ts";
import { paddingAfter, trailer } from "./tar-writer.ts";
import { encodeHeader, type TarEntry } from "./ustar.ts";

interface ReadFile extends TarEntry {
  content: Buffer;
  parts: Uint8Array[];
  ended: boolean;
}

const LIMITS: TarLimits = { subject: "layer", maxEntries: 1000, maxBytes: 1_000_000 };

const file = (path: string, content = ""): [TarEntry, Buffer] => [
  { path, size: Buffer.byteLength(content), mode: 0o644 },
  Buffer.from(content),
];

describe("TarReader", () => {
  const contents = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.uint8Array({ minLength: 500, maxLength: 1600 }),
  );
  const part = fc.constantFrom("a", "b", "é", "n".repeat(120), "x");
  const paths = fc.array(part, { minLength: 3, maxLength: 3 }).map((parts) => parts.join("/"));
  const tree = fc.uniqueArray(
    fc.record({ path: paths, content: contents, mode: fc.constantFrom<0o644 | 0o755>(0o644, 0o755) }),
    {
      selector: (entry) => entry.path,
      maxLength: 8,
    },
  );
  const cuts = fc.array(fc.oneof(fc.nat({ max: 5000 }), fc.integer({ min: 1, max: 3 })), { minLength: 1 });

  it("gives back any tree, whatever the chunks", () => {
    fc.assert(
      fc.property(tree, cuts, (files, sizes) => {
        const archive = pack(
          files.map(({ content, ...entry }) => [{ ...entry, size: content.length }, content]),
        );
        const read = readAll(cut(archive, sizes), { ...LIMITS, names: new EntryNames() });
        expect(
          read.map(({ path, size, mode, content, ended }) => ({ path, size, mode, content, ended })),
        ).toEqual(
          files.map((f) => ({ ...f, size: f.content.length, content: Buffer.from(f.content), ended: true })),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("takes one byte at a time", () => {
    const archive = pack([file("a", "x".repeat(600)), file("é", "y"), file("\u{20000}")]);
    const read = readAll([...archive].map((byte) => Uint8Array.of(byte)));
    expect(read.map(({ path, size, content }) => [path, size, content.length])).toEqual([
      ["a", 600, 600],
      ["é", 1, 1],
      ["\u{20000}", 0, 0],
    ]);
  });

  it("gives a file within a chunk in one piece, without a copy, and an empty one in none", () => {
    const archive = pack([file("a", "one"), file("b"), file("c", "x".repeat(2000))]);
    const chunk = new Uint8Array(archive);
    const read = readAll([chunk]);
    expect(read.map(({ parts }) => parts.length)).toEqual([1, 0, 1]);
    for (const { parts } of read) for (const bytes of parts) expect(bytes.buffer).toBe(chunk.buffer);
    const split = readAll([archive.subarray(0, 2100), new Uint8Array(0), archive.subarray(2100)]);
    expect(split.map(({ parts }) => parts.length)).toEqual([1, 0, 2]);
  });

  it("reads what GNU tar packs with the same owner, time and order", () => {
    const folder = mkdtempSync(join(tmpdir(), "tar-reader-"));
    try {
      for (const name of ["a", "b", "c"])
        writeFileSync(join(folder, name), name.repeat(700), { mode: 0o644 });
      const options = [
        "--format=ustar",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mtime=@315532800",
        "-b1",
      ];
      const archive = execFileSync("tar", [...options, "--mode=0644", "-cf-", "-C", folder, "a", "b", "c"]);
      expect(readAll([archive]).map(({ path, content }) => [path, content.toString()])).toEqual(
        ["a", "b", "c"].map((name) => [name, name.repeat(700)]),
      );
      const padded = execFileSync("tar", [...options, "-b20", "--mode=0644", "-cf-", "-C", folder, "a"]);
      expect(() => readAll([padded])).toThrow(malformed);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("reads an archive of nothing", () => {
    expect(readAll([trailer()])).toEqual([]);
  });

  it.each<[string, Uint8Array]>([
    ["nothing at all", Buffer.alloc(0)],
    ["one zero block", Buffer.alloc(512)],
    ["three zero blocks", Buffer.alloc(1536)],
    ["a byte after the end", Buffer.concat([pack([file("a", "x")]), Buffer.from([0])])],
    ["another archive after the end", Buffer.concat([pack([file("a", "x")]), pack([file("b")])])],
    ["a byte in the trailer", change(pack([file("a")]), (b) => (b[b.length - 1] = 1))],
    ["a header after one zero block", Buffer.concat([Buffer.alloc(512), pack([file("a")])])],
    ["a byte in the padding", change(pack([file("a", "x")]), (b) => (b[1023] = 1))],
    ["another byte in the padding", change(pack([file("a", "x")]), (b) => (b[513] = 0x80))],
    ["text", Buffer.alloc(2048, "text")],
    ["no padding", Buffer.concat([encodeHeader(file("a", "x")[0]), Buffer.from("x"), trailer()])],
    ["a header of zeros but for the end", change(pack([]), (b) => (b[511] = 1))],
  ])("calls %s malformed", (_, archive) => {
    expect(() => readAll([archive])).toThrow(malformed);
    expect(() => readAll([...archive].map((byte) => Uint8Array.of(byte)))).toThrow(malformed);
  });

  it("calls every beginning of an archive malformed", () => {
    const archive = pack([file("a", "x".repeat(513)), file("é", "y"), file("\u{20000}")]);
    for (let length = 0; length < archive.length; length += 7) {
      expect(() => readAll([archive.subarray(0, length)]), `${length}`).toThrow(malformed);
    }
  });

  it.each([
    ["out of order", [file("b"), file("a")]],
    ["in the order of UTF-16", [file("\u{20000}"), file("\ufb50")]],
    ["twice", [file("a"), file("a")]],
    ["in two cases", [file("A"), file("a")]],
    ["as file and folder", [file("a"), file("a/b")]],
    ["that climbs", [file("../a")]],
    ["that is absolute", [file("/etc/passwd")]],
    ["for a device", [file("src/aux.go")]],
  ])("refuses a name %s before begin is called", (_, files) => {
    const seen: string[] = [];
    const handler: TarHandler = { begin: ({ path }) => seen.push(path), data() {}, end() {} };
    const reader = new TarReader(handler, LIMITS);
    expect(() => reader.write(pack(files))).toThrow(refused);
    expect(seen).toEqual(files.slice(0, -1).map(([{ path }]) => path));
  });

  it("asks the names it was given, and no others", () => {
    const asked: string[] = [];
    const names = { add: (path: string) => void asked.push(path) };
    expect(readAll([pack([file("b"), file("a"), file("b")])], { ...LIMITS, names })).toHaveLength(3);
    expect(asked).toEqual(["b", "a", "b"]);
  });

  it("refuses what is beyond the limits before its content comes", () => {
    const header = encodeHeader({ path: "b", size: 1_000_000, mode: 0o644 });
    const first = pack([file("a", "x")]).subarray(0, 1024);
    expect(() => readAll([first, header])).toThrow(refused);
    expect(() => readAll([pack([file("a", "x"), file("b", "y")])], { ...LIMITS, maxBytes: 1 })).toThrow(
      refused,
    );
    expect(() => readAll([pack([file("a"), file("b")])], { ...LIMITS, maxEntries: 1 })).toThrow(refused);
    expect(
      readAll([pack([file("a", "x"), file("b", "y")])], { ...LIMITS, maxBytes: 2, maxEntries: 2 }),
    ).toHaveLength(2);
  });

  it("takes nothing more after an error, its own or the handler's", () => {
    const archive = pack([file("a", "x"), file("b")]);
    const reader = new TarReader(ignore, LIMITS);
    expect(() => reader.write(Buffer.concat([archive, Buffer.from("x")]))).toThrow(malformed);
    expect(() => reader.finish()).toThrow(malformed);
    expect(() => reader.write(trailer())).toThrow(malformed);

    for (const event of ["begin", "data", "end"] as const) {
      const own = new Error("disk full");
      const failing = new TarReader(
        {
          ...ignore,
          [event]: () => {
            throw own;
          },
        },
        LIMITS,
      );
      expect(() => failing.write(archive)).toThrow(own);
      expect(() => failing.write(archive)).toThrow(malformed);
      expect(() => failing.finish()).toThrow(malformed);
    }
  });
});

const ignore: TarHandler = { begin() {}, data() {}, end() {} };
const malformed = expect.objectContaining({ code: "BUNDLE_MALFORMED" });
const refused = expect.objectContaining({ code: "ENTRY_REFUSED" });

function pack(files: [TarEntry, Uint8Array][]): Buffer {
  const pieces = files.flatMap(([entry, content]) => [
    encodeHeader(entry),
    content,
    paddingAfter(entry.size),
  ]);
  return Buffer.concat([...pieces, trailer()]);
}

function change(archive: Buffer, edit: (archive: Buffer) => void): Buffer {
  edit(archive);
  return archive;
}

/** Cuts into chunks of these sizes, over and over. */
function cut(archive: Uint8Array, sizes: number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < archive.length; i++) {
    const size = Math.max(sizes[i % sizes.length] ?? 1, i % sizes.length === 0 ? 1 : 0);
    chunks.push(archive.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

function readAll(chunks: Iterable<Uint8Array>, limits = LIMITS): ReadFile[] {
  const files: ReadFile[] = [];
  let open: ReadFile | undefined;
  const reader = new TarReader(
    {
      begin(entry) {
        open = { ...entry, content: Buffer.alloc(0), parts: [], ended: false };
        files.push(open);
      },
      data(bytes) {
        open?.parts.push(bytes);
      },
      end() {
        if (open === undefined) return;
        open.content = Buffer.concat(open.parts);
        open.ended = true;
        open = undefined;
      },
    },
    limits,
  );
  for (const chunk of chunks) reader.write(chunk);
  reader.finish();
  return files;
}
