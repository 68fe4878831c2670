import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { Header, Pax } from "tar";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GoferryError, type ErrorCode } from "../errors.ts";
import { MAX_NAME_BYTES } from "./names.ts";
import { decodeHeader, encodeHeader, headerLength, MAX_FILE_BYTES, MTIME } from "./ustar.ts";
import type { TarEntry } from "./ustar.ts";

const d100 = "d".repeat(100);
const d155 = `${"e".repeat(77)}/${"f".repeat(77)}`;

/** Paths and the length of their header: what ustar holds, and what only a pax record does. */
const PATHS: [path: string, length: 512 | 1536, prefix?: string][] = [
  ["a", 512],
  ["sdk/go1.27.1/bin/go", 512],
  [d100, 512],
  [`${"d".repeat(49)}/${"d".repeat(50)}`, 512],
  [`${d100}/a`, 512, d100],
  [`a/${d100}`, 512, "a"],
  [`aa/bb/${"d".repeat(97)}`, 512, "aa/bb"],
  [`${d155}/${d100}`, 512, d155],
  [`${"g".repeat(60)}/${"h".repeat(60)}/${"i".repeat(60)}`, 512, `${"g".repeat(60)}/${"h".repeat(60)}`],
  [`a/${"d".repeat(156)}`, 1536],
  [`${d100}d`, 1536],
  [`a/${d100}d`, 1536],
  [`${d155}f/${"d".repeat(20)}`, 512, "e".repeat(77)],
  [`${d155}f/${d100}`, 1536],
  ["é", 1536],
  ["mod/example.com/日本語@v1.0.0/文.go", 1536],
  ["\u{20000}", 1536],
  [`/${d100}`, 1536],
  [`${d155}/`, 1536],
  ["x".repeat(88), 512],
  // Records of 99 and of 101 bytes: there is none of 100, because its own digits count.
  [`é${"x".repeat(88)}`, 1536],
  [`é${"x".repeat(89)}`, 1536],
  ["x".repeat(MAX_NAME_BYTES), 1536],
];

const SIZES = [0, 1, 7, 8, 511, 512, 2 ** 24, 2 ** 30 - 1, 2 ** 30, 2 ** 32 + 9, MAX_FILE_BYTES];

const entries = PATHS.map(([path], i): TarEntry => ({
  path,
  size: SIZES[i % SIZES.length] ?? 0,
  mode: i % 2 ? 0o755 : 0o644,
}));

describe("encodeHeader", () => {
  it.each(PATHS)("writes %s in %i bytes", (path, length, prefix = "") => {
    const header = Buffer.from(encodeHeader({ path, size: 1, mode: 0o644 }));
    expect(header).toHaveLength(length);
    expect(headerLength(header)).toBe(length);
    expect(header.toString("latin1", 345, 500).replace(/\0+$/, "")).toBe(prefix);
    expect(header.toString("utf8", 512).includes(` path=${path}\n`)).toBe(length === 1536);
  });

  it.each([
    ["an empty path", { path: "" }],
    ["NUL", { path: "a\0b" }],
    ["NUL in a long path", { path: `${d100}/\0/${d100}` }],
    ["half a surrogate pair", { path: "a\ud800" }],
    ["too long a path", { path: "x".repeat(MAX_NAME_BYTES + 1) }],
    ["too many bytes", { path: "é".repeat(MAX_NAME_BYTES / 2 + 1) }],
    ["8 GiB", { size: MAX_FILE_BYTES + 1 }],
    ["a negative size", { size: -1 }],
    ["half a byte", { size: 0.5 }],
    ["no number", { size: Number.NaN }],
    ["setuid", { mode: 0o4755 as 0o755 }],
    ["mode 0600", { mode: 0o600 as 0o644 }],
  ])("refuses %s", (_, change) => {
    const entry: TarEntry = { path: "a", size: 0, mode: 0o644, ...change };
    expect(() => encodeHeader(entry)).toThrow(expect.objectContaining({ code: "ENTRY_REFUSED" }));
  });
});

describe("decodeHeader", () => {
  const path = fc.oneof(
    fc.string({ minLength: 1, maxLength: 250 }),
    fc.string({ unit: "binary", minLength: 1, maxLength: 160 }),
    fc
      .array(fc.string({ unit: fc.constantFrom("a", "b", "/"), minLength: 1, maxLength: 90 }), {
        minLength: 1,
      })
      .map((parts) => parts.join("/").slice(0, MAX_NAME_BYTES)),
  );
  const entry = fc.record({
    path: path.filter((text) => !text.includes("\0") && Buffer.byteLength(text) <= MAX_NAME_BYTES),
    size: fc.oneof(
      fc.integer({ min: 0, max: MAX_FILE_BYTES }),
      fc.constantFrom(0, 2 ** 30 - 1, 2 ** 30, 2 ** 32),
    ),
    mode: fc.constantFrom<0o644 | 0o755>(0o644, 0o755),
  });

  it("reads what encodeHeader wrote, at any offset", () => {
    fc.assert(
      fc.property(entry, fc.nat({ max: 700 }), (written, at) => {
        const bytes = Buffer.concat([Buffer.alloc(at, 0x78), encodeHeader(written), Buffer.alloc(3, 1)]);
        expect(decodeHeader(bytes, at)).toEqual(written);
        expect(decodeHeader(new Uint8Array(bytes.subarray(at)))).toEqual(written);
      }),
      { numRuns: 300 },
    );
  });

  it("refuses every header with a flipped bit, wherever a checksum covers it", () => {
    for (const written of entries) {
      const header = Buffer.from(encodeHeader(written));
      for (let at = 0; at < header.length; at += 1 + (at % 3)) {
        if (header.length === 1536 && at >= 512 && at < 1024) continue;
        header[at] = (header[at] ?? 0) ^ (1 << (at % 8));
        expect(tryDecode(header), `byte ${at} of ${written.path}`).toMatch(
          /^(BUNDLE_MALFORMED|ENTRY_REFUSED)$/,
        );
        header[at] = (header[at] ?? 0) ^ (1 << (at % 8));
      }
    }
  });

  it("takes no other bytes with a mended checksum, unless encodeHeader writes them", () => {
    for (const written of [entries[1], entries[4], entries[15]]) {
      const canonical = Buffer.from(encodeHeader(written ?? { path: "", size: 0, mode: 0o644 }));
      let taken = 0;
      for (let at = 0; at < canonical.length; at++) {
        for (const flip of [1, 2, 4, 0x10, 0x80, 0xff]) {
          const header = Buffer.from(canonical);
          header[at] = (header[at] ?? 0) ^ flip;
          if (at < 512 || at >= 1024) mendChecksum(header, at - (at % 512));
          const read = tryDecode(header);
          if (typeof read === "string") continue;
          taken++;
          expect(header.equals(encodeHeader(read)), `byte ${at} of ${written?.path}`).toBe(true);
        }
      }
      // Other letters in the path and other digits in the size are other entries.
      expect(taken).toBeGreaterThan(10);
    }
  });

  it("refuses a header that is cut off", () => {
    for (const { path: name } of [{ path: "a" }, { path: "é" }]) {
      const header = encodeHeader({ path: name, size: 7, mode: 0o644 });
      for (const length of [0, 1, 156, 157, 511, 512, 513, 1023, 1024, 1535]) {
        if (length >= header.length) continue;
        const cut = header.subarray(0, length);
        expect(() => decodeHeader(cut)).toThrow(expect.objectContaining({ code: "BUNDLE_MALFORMED" }));
      }
    }
  });
});

describe("other tars", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "ustar-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("writes the very bytes that GNU tar --format=ustar writes", () => {
    for (const [i, [path, length]] of PATHS.entries()) {
      if (length === 1536) continue;
      const root = join(folder, `${i}`);
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, "x".repeat(path.length), { mode: 0o644 });
      const options = ["--format=ustar", "--owner=0", "--group=0", "--numeric-owner", "--mode=0644"];
      const archive = execFileSync("tar", [...options, `--mtime=@${MTIME}`, "-b1", "-cf-", "-C", root, path]);
      const header = encodeHeader({ path, size: path.length, mode: 0o644 });
      expect(archive.subarray(0, 512).equals(header), path).toBe(true);
      expect(decodeHeader(archive)).toEqual({ path, size: path.length, mode: 0o644 });
    }
  });

  it("is listed by GNU tar with the same names, sizes, modes and time", () => {
    const file = join(folder, "all.tar");
    const listed = entries.filter(isFile);
    const blocks = listed.map((entry) => Buffer.concat([encodeHeader({ ...entry, size: 0 })]));
    writeFileSync(file, Buffer.concat([...blocks, Buffer.alloc(1024)]));
    const options = ["--utc", "--full-time", "--quoting-style=literal", "--numeric-owner"];
    const list = execFileSync("tar", [...options, "-tvf", file], {
      env: { LC_ALL: "C.UTF-8", PATH: process.env["PATH"] },
    });
    expect(list.toString().trimEnd().split("\n")).toEqual(
      listed.map(({ path, mode }) => {
        const permissions = mode === 0o755 ? "-rwxr-xr-x" : "-rw-r--r--";
        return `${permissions} 0/0               0 1980-01-01 00:00:00 ${path}`;
      }),
    );
  });

  it("is read by node-tar's header codec", () => {
    for (const entry of entries.filter(isFile)) {
      const header = Buffer.from(encodeHeader(entry));
      const first = new Header(header, 0);
      expect(first).toMatchObject({
        type: header.length === 512 ? "File" : "ExtendedHeader",
        cksumValid: true,
      });
      const pax =
        header.length === 512 ? undefined : Pax.parse(header.toString("utf8", 512, 512 + (first.size ?? 0)));
      const read = new Header(header, header.length - 512, pax);
      expect(read).toMatchObject({ ...entry, type: "File", cksumValid: true, uid: 0, gid: 0 });
      expect(read.mtime?.getTime()).toBe(MTIME * 1000);
    }
  });
});

/** Other tars take a trailing slash for a folder and drop a leading one; names.ts refuses both. */
function isFile({ path }: TarEntry): boolean {
  return !path.startsWith("/") && !path.endsWith("/");
}

function tryDecode(header: Buffer): TarEntry | ErrorCode {
  try {
    return decodeHeader(header);
  } catch (error) {
    if (error instanceof GoferryError) return error.code;
    throw error;
  }
}

function mendChecksum(header: Buffer, block: number): void {
  header.fill(0x20, block + 148, block + 156);
  const sum = header.subarray(block, block + 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, block + 148);
}
