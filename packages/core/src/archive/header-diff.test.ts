import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeHeader, encodeHeader } from "./ustar.ts";

/** What a header has instead: bytes at an offset, and what the refusal says it found. */
const CHANGES: [field: string, at: number, bytes: string, found: string][] = [
  ["type", 156, "1", "a hard link"],
  ["type", 156, "2", "a symbolic link"],
  ["type", 156, "3", "a character device"],
  ["type", 156, "4", "a block device"],
  ["type", 156, "5", "a folder"],
  ["type", 156, "6", "a FIFO"],
  ["type", 156, "7", 'type "7"'],
  ["type", 156, "g", "a global pax header"],
  ["type", 156, "L", "a long name of GNU tar"],
  ["type", 156, "S", "a sparse file"],
  ["type", 156, "\0", "a file of the old kind"],
  ["magic", 257, "ustar  \0", "ustar  "],
  ["magic", 257, "ustar\x0001", "ustar\\u{0}01"],
  ["mode", 100, "0004755\0", "0004755"],
  ["mode", 100, "0000755 ", "0000755 "],
  ["mode", 100, "0100644\0", "0100644"],
  ["mode", 100, "0000777\0", "0000777"],
  ["mode", 100, "   644 \0", "   644 "],
  ["owner", 108, "0001750\0", "0001750"],
  ["group", 116, "0001750\0", "0001750"],
  ["owner's name", 265, "root", "root"],
  ["group's name", 297, "root", "root"],
  [
    "size",
    124,
    "\u0080\0\0\0\0\0\0\0\0\0\0\u0005",
    "\\u{80}\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}\\u{5}",
  ],
  ["size", 124, "0000000005 \0", "0000000005 "],
  ["size", 124, "-0000000005\0", "-0000000005"],
  ["time", 136, "00000000000\0", "00000000000"],
  ["link target", 157, "/etc/passwd", "/etc/passwd"],
  ["device", 329, "\0\0\0\0\0\0\0\0", "\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}\\u{0}0000000"],
  ["rest", 500, "x", "x"],
  ["name", 90, "x", "aaa"],
  ["prefix", 400, "x", ""],
];

describe("a header that is not ours", () => {
  it.each(CHANGES)("is refused by its %s at %i: %j", (field, at, bytes, found) => {
    const header = Buffer.from(encodeHeader({ path: "aaa", size: 5, mode: 0o644 }));
    header.write(bytes, at, "latin1");
    mendChecksum(header, 0);
    expect(() => decodeHeader(header)).toThrow(
      expect.objectContaining({
        code: "ENTRY_REFUSED",
        message: expect.stringContaining(`The ${field} `),
        found: expect.stringContaining(found),
      }),
    );
  });

  it.each([
    ["a name that is not ASCII", "é\0"],
    ["no name", "\0\0\0"],
  ])("is refused for %s", (_, name) => {
    const header = Buffer.from(encodeHeader({ path: "aaa", size: 5, mode: 0o644 }));
    header.write(name, 0);
    mendChecksum(header, 0);
    expect(() => decodeHeader(header)).toThrow(expect.objectContaining({ code: "ENTRY_REFUSED" }));
  });

  it("is refused for its checksum in another form", () => {
    const header = Buffer.from(encodeHeader({ path: "aaa", size: 5, mode: 0o644 }));
    for (const form of [" $\0 ", "0$ \0", "00$\0", "0$\0\0", " $  "]) {
      header.write(form.replace("$", header.toString("latin1", 149, 154)), 148);
      expect(() => decodeHeader(header), form).toThrow(expect.objectContaining({ code: "ENTRY_REFUSED" }));
      header.set(encodeHeader({ path: "aaa", size: 5, mode: 0o644 }));
    }
  });

  it.each([
    ["zeros", Buffer.alloc(512)],
    ["text", Buffer.alloc(512, "not a tar at all\n")],
    ["a damaged checksum", damaged(150)],
    ["a damaged name", damaged(2)],
    ["a damaged magic", damaged(258)],
  ])("is malformed if it is %s", (_, header) => {
    expect(() => decodeHeader(header)).toThrow(expect.objectContaining({ code: "BUNDLE_MALFORMED" }));
  });

  it("is named even where its name cannot be shown as it is", () => {
    const header = Buffer.from(encodeHeader({ path: "a\u001b[2J", size: 5, mode: 0o644 }));
    header.write("2", 156);
    mendChecksum(header, 0);
    expect(() => decodeHeader(header)).toThrow(expect.objectContaining({ subject: "a\\u{1b}[2J" }));
  });
});

describe("a pax record that is not ours", () => {
  it.each([
    ["another keyword", "21 size=00000000099\n"],
    ["a second record", "12 path=é/é\n15 size=99999\n"],
    ["a second path", "11 path=é\n13 path=é/x\n"],
    ["a length with a zero in front", "012 path=é\n"],
    ["a length that is too long", "13 path=é\n"],
    ["a length that is too short", "10 path=é\n"],
    ["no length", "path=é\n"],
    ["no newline", "10 path=é"],
    ["a path that ustar can hold", "10 path=a\n"],
    ["an empty path", "8 path=\n"],
    ["NUL in the path", "13 path=é\0x\n"],
    ["nothing", ""],
    ["bytes after the record", "11 path=é\nx"],
    ["a byte order mark", "\ufeff11 path=é\n"],
  ])("is refused: %s", (_, record) => {
    expect(() => decodeHeader(withRecord(Buffer.from(record)))).toThrow(refused);
  });

  it.each([
    ["a lone byte", [0xff]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["half of a surrogate pair", [0xed, 0xa0, 0x80]],
    ["more than U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ])("is refused if it is not UTF-8: %s", (_, bytes) => {
    const record = Buffer.concat([
      Buffer.from(`${10 + bytes.length} path=`),
      Buffer.from([0x61, ...bytes, 10]),
    ]);
    expect(() => decodeHeader(withRecord(record))).toThrow(refused);
  });

  it("is read if it is ours", () => {
    expect(decodeHeader(withRecord(Buffer.from("11 path=é\n")))).toEqual({ path: "é", size: 5, mode: 0o644 });
  });

  it.each([
    ["before a symbolic link", 1024 + 156, "2"],
    ["before another pax header", 1024 + 156, "x"],
    ["with an owner", 108, "0000001\0"],
    ["with another name", 0, "./PaxHeaders/x"],
    ["before a header with the name it replaces", 1024, "e\0"],
  ])("is refused %s", (_, at, bytes) => {
    const header = withRecord(Buffer.from("11 path=é\n"));
    header.write(bytes, at, "latin1");
    mendChecksum(header, at - (at % 512));
    expect(() => decodeHeader(header)).toThrow(refused);
  });
});

describe("headers of GNU tar", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "header-"));
    mkdirSync(join(folder, "folder"));
    writeFileSync(join(folder, "file"), "x");
    writeFileSync(join(folder, "long".repeat(30)), "x");
    symlinkSync("/etc/passwd", join(folder, "link"));
    execFileSync("mkfifo", [join(folder, "fifo")]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const ours = ["--owner=0", "--group=0", "--numeric-owner", "--mtime=@315532800", "--mode=0644"];
  it.each([
    ["a folder", [...ours, "--format=ustar"], "folder", "a folder"],
    ["a symbolic link", [...ours, "--format=ustar"], "link", "a symbolic link"],
    ["a FIFO", [...ours, "--format=ustar"], "fifo", "a FIFO"],
    ["its own format", [...ours, "--format=gnu"], "file", "ustar  "],
    ["its own long names", [...ours, "--format=gnu"], "long".repeat(30), "a long name of GNU tar"],
    ["a time of today", [...ours, "--mtime=@1700000000", "--format=ustar"], "file", "14524770400"],
    ["an owner", [...ours, "--owner=7", "--format=ustar"], "file", "0000007"],
    ["setuid", [...ours, "--mode=4755", "--format=ustar"], "file", "0004755"],
    ["its pax header for a long name", [...ours, "--format=pax"], "long".repeat(30), "PaxHeaders"],
  ])("are refused: %s", (_, options, name, found) => {
    const archive = execFileSync("tar", [...options, "-cf-", "-C", folder, name]);
    expect(() => decodeHeader(archive)).toThrow(
      expect.objectContaining({ code: "ENTRY_REFUSED", found: expect.stringContaining(found) }),
    );
  });
});

const refused = expect.objectContaining({
  code: expect.stringMatching(/^(ENTRY_REFUSED|BUNDLE_MALFORMED)$/),
});

function damaged(at: number): Buffer {
  const header = Buffer.from(encodeHeader({ path: "aaa", size: 5, mode: 0o644 }));
  header[at] = (header[at] ?? 0) ^ 1;
  return header;
}

/** The long form of an entry with this as the pax data, and checksums that fit. */
function withRecord(record: Buffer): Buffer {
  const header = Buffer.from(encodeHeader({ path: "é", size: 5, mode: 0o644 }));
  header.fill(0, 512, 1024);
  record.copy(header, 512);
  header.write(record.length.toString(8).padStart(11, "0"), 124);
  mendChecksum(header, 0);
  return header;
}

function mendChecksum(header: Buffer, block: number): void {
  header.fill(0x20, block + 148, block + 156);
  const sum = header.subarray(block, block + 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, block + 148);
}
