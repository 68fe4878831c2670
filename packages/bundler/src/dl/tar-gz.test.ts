import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { Header } from "tar";
import { describe, expect, it } from "vitest";
import { temporaryFolder, writeFiles } from "../../../../test/kit/bundler-go.ts";
import { readTarGz } from "./tar-gz.ts";

/** An archive by hand: a header for each entry, its content, and what ends it. */
interface TestEntry {
  path: string;
  content?: string;
  type?: string;
  linkpath?: string;
  size?: number;
  /** Changes the header, whose checksum is made right again. */
  change?: (block: Buffer) => void;
}

const END = Buffer.alloc(1024);

function tarOf(entries: readonly TestEntry[]): Buffer {
  return Buffer.concat(
    entries.flatMap(({ path, content = "", type = "0", linkpath = "", size, change }) => {
      const body = Buffer.from(content);
      const block = Buffer.alloc(512);
      new Header({
        path,
        mode: 0o644,
        uid: 0,
        gid: 0,
        size: size ?? body.length,
        mtime: new Date(0),
        linkpath,
      }).encode(block, 0);
      block.write(type, 156, "latin1");
      change?.(block);
      block.fill(0x20, 148, 156);
      const sum = block.reduce((total, byte) => total + byte, 0);
      block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
      return [block, body, Buffer.alloc(-body.length & 511)];
    }),
  );
}

async function read(bytes: Uint8Array): Promise<Record<string, string>> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "go.tar.gz");
  await writeFile(file, bytes);
  const found: Record<string, string> = {};
  for await (const { path, size, content } of readTarGz(file, "go.tar.gz")) {
    const pieces: Uint8Array[] = [];
    for await (const piece of content()) pieces.push(piece);
    found[path] = Buffer.concat(pieces).toString();
    expect(Buffer.concat(pieces)).toHaveLength(size);
  }
  return found;
}

const readEntries = (...entries: TestEntry[]): Promise<Record<string, string>> =>
  read(gzipSync(Buffer.concat([tarOf(entries), END])));

const good: TestEntry = { path: "go/VERSION", content: "go1.27.1\n" };
const record = (text: string): TestEntry => ({ path: "PaxHeaders/x", content: text, type: "x" });
const pax = (name: string): TestEntry => {
  const rest = Buffer.byteLength(` path=${name}\n`);
  const digits = String(rest + String(rest + 3).length).length;
  return record(`${rest + digits} path=${name}\n`);
};

describe("readTarGz", () => {
  it("reads what tar makes, folders left out, long and other names too", async () => {
    await using folder = await temporaryFolder();
    const long = `go/src/${"x".repeat(90)}/${"y".repeat(96)}.go`;
    const files = {
      "go/VERSION": "go1.27.1\n",
      "go/bin/go": "x".repeat(300_000),
      "go/empty": "",
      [long]: "long",
    };
    await writeFiles(folder.path, files);
    await mkdir(join(folder.path, "go", "folder"));
    const out = join(folder.path, "go.tar.gz");
    await promisify(execFile)("tar", ["--format=ustar", "-czf", out, "-C", folder.path, "go"]);
    const found: string[] = [];
    for await (const { path } of readTarGz(out, "go.tar.gz")) found.push(`go/${path}`);
    expect(found.toSorted()).toEqual(Object.keys(files).toSorted());
  });

  it("hands out contents whole, also after one that nobody read", async () => {
    const entries = [good, { path: "go/a", content: "a".repeat(70_000) }, { path: "go/b", content: "b" }];
    expect(await readEntries(...entries)).toEqual({ VERSION: "go1.27.1\n", a: "a".repeat(70_000), b: "b" });
    await using folder = await temporaryFolder();
    const file = join(folder.path, "go.tar.gz");
    await writeFile(file, gzipSync(Buffer.concat([tarOf(entries), END])));
    const paths: string[] = [];
    for await (const each of readTarGz(file, "go.tar.gz")) {
      paths.push(each.path);
      for await (const piece of each.content()) if (piece.length > 0) break;
    }
    expect(paths).toEqual(["VERSION", "a", "b"]);
  });

  it("takes the name of a pax record, as Go writes one for a name that is not ASCII", async () => {
    const name = "go/src/Þfoo.go";
    expect(await readEntries(pax(name), { path: "go/src/?", content: "x" })).toEqual({ "src/Þfoo.go": "x" });
  });

  it.each<[string, TestEntry[], string]>([
    ["a name that climbs", [{ path: "go/../etc/passwd" }], "ENTRY_REFUSED"],
    ["an absolute name", [{ path: "/etc/passwd" }], "ENTRY_REFUSED"],
    ["a name that climbs in a pax record", [pax("go/../../x"), { path: "go/x" }], "ENTRY_REFUSED"],
    ["a name outside of go/", [good, { path: "etc/passwd" }], "ARCHIVE_INVALID"],
    ["a folder outside of go/", [{ path: "etc/", type: "5" }], "ARCHIVE_INVALID"],
    ["a name twice", [good, good], "ENTRY_REFUSED"],
    ["two names that differ in case", [good, { path: "go/version" }], "ENTRY_REFUSED"],
    ["a file that is a folder too", [{ path: "go/a" }, { path: "go/a/b" }], "ENTRY_REFUSED"],
    ["a device of Windows", [{ path: "go/src/NUL.go" }], "ENTRY_REFUSED"],
    ["a symbolic link", [{ path: "go/x", type: "2", linkpath: "/etc/passwd" }], "ARCHIVE_INVALID"],
    ["a hard link", [{ path: "go/x", type: "1", linkpath: "go/VERSION" }], "ARCHIVE_INVALID"],
    ["a file with the name of a link", [{ path: "go/x", linkpath: "y" }], "ARCHIVE_INVALID"],
    ["a device", [{ path: "go/x", type: "3" }], "ARCHIVE_INVALID"],
    ["a pipe", [{ path: "go/x", type: "6" }], "ARCHIVE_INVALID"],
    ["a pax header for everything", [{ path: "g", type: "g", content: "9 a=b\n" }], "ARCHIVE_INVALID"],
    ["a name in GNU's notation", [{ path: "././@LongLink", type: "L", content: "go/x" }], "ARCHIVE_INVALID"],
    ["a folder with content", [{ path: "go/x/", type: "5", content: "x" }], "ARCHIVE_INVALID"],
    ["a pax record of another kind", [record("16 size=1000000\n"), good], "ARCHIVE_INVALID"],
    ["two pax records", [record("12 path=abc\n12 path=abd\n"), good], "ARCHIVE_INVALID"],
    ["a pax record of another length", [record("13 path=abc\n"), good], "ARCHIVE_INVALID"],
    ["two pax headers for one file", [pax("go/a"), pax("go/b"), good], "ARCHIVE_INVALID"],
    ["a pax header that is too large", [pax(`go/${"x".repeat(1100)}`), good], "ARCHIVE_INVALID"],
    [
      "a size in GNU's notation",
      [{ ...good, change: (block) => block.fill(0x80, 124, 125) }],
      "ARCHIVE_INVALID",
    ],
    [
      "another format",
      [{ ...good, change: (block) => void block.write("ustar  \0", 257) }],
      "ARCHIVE_INVALID",
    ],
  ])("refuses %s", async (_name, entries, code) => {
    await expect(readEntries(...entries)).rejects.toMatchObject({ code });
  });

  it("refuses an archive that unpacks to more than Go has, before it does", async () => {
    await expect(readEntries(good, { path: "go/bomb", size: 2 ** 30 })).rejects.toMatchObject({
      code: "ARCHIVE_INVALID",
      message: "the archive unpacks to more than any of Go",
      found: "more, at go/bomb",
    });
  });

  it("refuses what is damaged, cut or has something appended", async () => {
    const tar = tarOf([good]);
    const whole = Buffer.concat([tar, END]);
    const padded = Buffer.from(whole).fill(1, 600, 601);
    const wrongSum = Buffer.from(whole).fill(0x39, 120, 121);
    const cut = [600, 1000, tar.length, tar.length + 512].map((size) => whole.subarray(0, size));
    const more = [Buffer.from("x"), tar, Buffer.alloc(20_000)].map((rest) => Buffer.concat([whole, rest]));
    for (const bytes of [padded, wrongSum, ...cut, ...more]) {
      await expect(read(gzipSync(bytes))).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
    }
    const packed = gzipSync(whole);
    const changed = Buffer.from(packed).fill(0, packed.length - 6, packed.length - 4);
    for (const bytes of [packed.subarray(0, -9), changed, Buffer.from("<html>"), Buffer.alloc(0)]) {
      await expect(read(bytes)).rejects.toMatchObject({ code: "ARCHIVE_INVALID", subject: "go.tar.gz" });
    }
  });

  it("says which file cannot be read", async () => {
    const files = readTarGz("/nonexistent/go.tar.gz", "go.tar.gz");
    await expect(files.next()).rejects.toMatchObject({
      code: "IO_FAILED",
      subject: "/nonexistent/go.tar.gz",
    });
  });
});
