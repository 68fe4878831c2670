import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { openNote, parseTreeHead, parseVerifier, SUM_GOLANG_ORG_KEY } from "./note.ts";

const REFUSED = expect.objectContaining({ code: "LOG_MISMATCH" });
const log = checksumLog();
log.add({ path: "example.com/m", version: "v1.0.0" });
const verifier = parseVerifier(log.vkey);

describe("parseVerifier", () => {
  it("reads the key of sum.golang.org", () => {
    const { name, keyHash, key } = parseVerifier(SUM_GOLANG_ORG_KEY);
    expect([name, Buffer.from(keyHash).toString("hex"), key.asymmetricKeyType]).toEqual([
      "sum.golang.org",
      "033de0ae",
      "ed25519",
    ]);
  });

  it.each([
    ["", "nothing"],
    ["sum.golang.org", "a name only"],
    ["sum.golang.org+033de0ae", "no key"],
    [SUM_GOLANG_ORG_KEY.replace("033de0ae", "033de0af"), "another hash"],
    [SUM_GOLANG_ORG_KEY.replace("sum.golang.org", "sum.golang.com"), "another name"],
    [SUM_GOLANG_ORG_KEY.replace("OuAn8", "OuAn9"), "another key"],
    [SUM_GOLANG_ORG_KEY.slice(0, -4), "a short key"],
    [`${SUM_GOLANG_ORG_KEY} https://sum.golang.org`, "a URL after it"],
  ])("refuses %j: %s", (vkey) => {
    expect(() => parseVerifier(vkey)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
  });
});

it("never shows a private key that was given by mistake", () => {
  const secret = "PRIVATE+KEY+sum.example.com+0123abcd+AXNlY3JldA==";
  expect(() => parseVerifier(secret)).toThrow(expect.objectContaining({ found: "PRIVATE+…" }));
});

it("refuses keys of another kind or length, truly hashed", () => {
  for (const key of [Buffer.alloc(33, 2), Buffer.alloc(32, 1), Buffer.alloc(34, 1), Buffer.of(1)]) {
    const keyHash = createHash("sha256").update("a\n").update(key).digest("hex").slice(0, 8);
    const vkey = `a+${keyHash}+${key.toString("base64")}`;
    expect(() => parseVerifier(vkey)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
  }
});

describe("openNote", () => {
  it("opens a real tree head of sum.golang.org", async () => {
    const note = await readFile(new URL("testdata/latest", import.meta.url), "utf8");
    const head = parseTreeHead(openNote(note, parseVerifier(SUM_GOLANG_ORG_KEY)));
    expect(head.size).toBe(71_769_961);
    expect(Buffer.from(head.hash).toString("base64")).toBe("O0jlIxwRb2vZYS1na726XLlaDCtCqKUVLld+AY32AGA=");
  });

  it("refuses a real tree head with any byte changed, dropped or doubled", async () => {
    const note = await readFile(new URL("testdata/latest", import.meta.url));
    const key = parseVerifier(SUM_GOLANG_ORG_KEY);
    for (const at of note.keys()) {
      const changed = [
        Buffer.from(note.map((byte, i) => (i === at ? byte ^ 1 : byte))),
        Buffer.concat([note.subarray(0, at), note.subarray(at + 1)]),
        Buffer.concat([note.subarray(0, at + 1), note.subarray(at)]),
      ];
      for (const bad of changed) {
        expect(() => openNote(bad.toString("utf8"), key)).toThrow(REFUSED);
      }
    }
  });

  it("gives back any text that was signed, and nothing else", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (signed, other) => {
        const clean = (text: string): string => `${text.replaceAll(/\p{Cc}/gu, "?")}\n`;
        fc.pre(clean(signed) !== clean(other));
        const note = log.note(clean(signed));
        expect(openNote(note, verifier)).toBe(clean(signed));
        const forged = clean(other) + note.slice(clean(signed).length);
        expect(() => openNote(forged, verifier)).toThrow(REFUSED);
      }),
    );
  });

  it("counts a signature by another key for nothing", () => {
    const other = checksumLog("sum.example.org");
    const line = other.note("a\n").slice("a\n\n".length);
    expect(openNote(log.note("a\n") + line, verifier)).toBe("a\n");
    expect(() => openNote(other.note("a\n"), verifier)).toThrow(REFUSED);
    expect(() => openNote(checksumLog().note("a\n"), verifier)).toThrow(REFUSED);
  });

  it("refuses a second signature by the key that is wrong", () => {
    const wrong = log.note("b\n").slice("b\n\n".length);
    expect(() => openNote(log.note("a\n") + wrong, verifier)).toThrow(REFUSED);
  });

  const line = log.note("a\n").slice("a\n\n".length);
  it.each([
    ["empty", ""],
    ["a text only", "a\n"],
    ["no signature", "a\n\n"],
    ["no final newline", `a\n\n${line.slice(0, -1)}`],
    ["another character for the final newline", `a\n\n${line.slice(0, -1)}x`],
    ["no blank line", `a\n${line}`],
    ["a line that is no signature", `a\n\n${line}hello\n`],
    ["a hyphen for the dash", `a\n\n${line.replace("—", "-")}`],
    ["two spaces", `a\n\n${line.replace("— ", "—  ")}`],
    ["base64 without padding", `a\n\n${line.replace("=", "")}`],
    ["a carriage return", `a\n\n${line.replace("\n", "\r\n")}`],
    ["a control character", log.note("a\u0001\n")],
    ["half a surrogate pair", log.note("a\ud800\n")],
    ["more than a hundred signatures", `a\n\n${line.repeat(101)}`],
  ])("refuses %s", (_, note) => {
    expect(() => openNote(note, verifier)).toThrow(REFUSED);
  });

  it("takes as many as a hundred", () => {
    expect(openNote(`a\n\n${line.repeat(100)}`, verifier)).toBe("a\n");
  });
});

describe("parseTreeHead", () => {
  const hash = Buffer.alloc(32, 7).toString("base64");

  it("reads back what it is given", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, root) => {
        const text = `go.sum database tree\n${size}\n${Buffer.from(root).toString("base64")}\n`;
        expect(parseTreeHead(text)).toEqual({ size, hash: Buffer.from(root) });
        expect(parseTreeHead(`${text}a later line\n`).size).toBe(size);
      }),
    );
  });

  it.each([
    ["nothing", ""],
    ["another title", `go.sum database tree v2\n1\n${hash}\n`],
    ["no final newline", `go.sum database tree\n1\n${hash}`],
    ["no hash", "go.sum database tree\n1\n"],
    ["a leading zero", `go.sum database tree\n01\n${hash}\n`],
    ["a sign", `go.sum database tree\n+1\n${hash}\n`],
    ["a negative size", `go.sum database tree\n-1\n${hash}\n`],
    ["an exponent", `go.sum database tree\n1e3\n${hash}\n`],
    ["a size of 2^53", `go.sum database tree\n9007199254740992\n${hash}\n`],
    ["a short hash", `go.sum database tree\n1\n${hash.slice(4)}\n`],
    ["another spelling of the hash", `go.sum database tree\n1\n${hash.replace("c=", "d=")}\n`],
  ])("refuses %s", (_, text) => {
    expect(() => parseTreeHead(text)).toThrow(REFUSED);
  });
});
