import { stripVTControlCharacters } from "node:util";
import { GoferryError } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asGoferryError, debugText, errorJson, errorText } from "./errors.ts";

const PLAIN = { columns: undefined, color: false };
const { signal } = new AbortController();

const ERROR = new GoferryError("HASH_MISMATCH", {
  subject: "example.com/a@v1.0.0",
  message: "the module is not what was announced",
  expected: "h1:aaaa",
  found: "h1:bbbb",
  next: "Do not use it",
});

describe("errorText", () => {
  it("has a line for each part, and none for parts that are not there", () => {
    expect(errorText(ERROR, PLAIN).split("\n")).toEqual([
      "goferry: HASH_MISMATCH example.com/a@v1.0.0: the module is not what was announced",
      "  expected: h1:aaaa",
      "  found: h1:bbbb",
      "  next: Do not use it",
      "",
    ]);
    const short = new GoferryError("LOCKED", { subject: "/opt/goferry", message: "in use" });
    expect(errorText(short, PLAIN)).toBe("goferry: LOCKED /opt/goferry: in use\n");
  });

  it("wraps and colors on a terminal, with the same words", () => {
    const shown = errorText(ERROR, { columns: 40, color: true });
    expect(shown).toContain("\u001b[");
    const plain = stripVTControlCharacters(shown);
    for (const line of plain.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
    expect(plain.replaceAll(/\s+/gu, " ")).toBe(errorText(ERROR, PLAIN).replaceAll(/\s+/gu, " "));
  });

  it("shows the end of what a compiler printed", () => {
    const found = Array.from({ length: 40 }, (_, i) => `main.go:${i}: wrong`).join("\n");
    const text = errorText(
      new GoferryError("REHEARSAL_FAILED", { subject: "app", message: "no", found }),
      PLAIN,
    );
    expect(text).toContain("(28 lines before)");
    expect(text).toContain("main.go:39");
    expect(text.split("\n").length).toBeLessThan(16);
  });

  it("lets nothing through that a terminal would act on, and no password of a URL", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (subject, found) => {
        const text = errorText(new GoferryError("NOT_FOUND", { subject, message: "m", found }), PLAIN);
        expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
    const found = "Get https://user:pl4nted@proxy.example.com/x and http://tok3n@h/: refused";
    const text = errorText(new GoferryError("NOT_FOUND", { subject: "x", message: "m", found }), PLAIN);
    expect(text).toContain("https://***@proxy.example.com/x and http://***@h/");
    expect(text).not.toMatch(/pl4nted|tok3n/u);
  });
});

describe("errorJson", () => {
  it("is what GoferryError says of itself, without passwords of URLs", () => {
    expect(errorJson(ERROR)).toEqual({ error: ERROR.toJSON() });
    const error = new GoferryError("NOT_FOUND", { subject: "https://u:pl4nted@h/", message: "m" });
    expect(JSON.stringify(errorJson(error))).not.toContain("pl4nted");
  });
});

describe("asGoferryError", () => {
  it("keeps ours, and takes the reason of an aborted signal for what aborting caused", () => {
    const reason = new GoferryError("INTERRUPTED", { subject: "goferry", message: "stopped" });
    expect(asGoferryError(ERROR, AbortSignal.abort(reason))).toBe(ERROR);
    const elsewhere = new GoferryError("INTERRUPTED", { subject: "proxy", message: "stopped" });
    expect(asGoferryError(elsewhere, signal)).toBe(elsewhere);
    expect(asGoferryError(elsewhere, AbortSignal.abort(reason))).toBe(reason);
    expect(asGoferryError(new Error("aborted"), AbortSignal.abort(reason))).toBe(reason);
  });

  it("makes others INTERNAL with exit code 1, short, without a stack", () => {
    const error = asGoferryError(new TypeError("x is not a function"), signal);
    expect(error).toMatchObject({ code: "INTERNAL", exitCode: 1, found: "x is not a function" });
    expect(errorText(error, PLAIN)).not.toContain("errors.test.ts");
    expect(asGoferryError("text", signal)).toMatchObject({ code: "INTERNAL", found: "'text'" });
  });

  it.each([
    ["ENOSPC", "DISK_FULL"],
    ["EDQUOT", "DISK_FULL"],
    ["EIO", "IO_FAILED"],
  ])("takes %s of the system for %s", (code, expected) => {
    const thrown = Object.assign(new Error(code), { code, syscall: "write", path: "/x" });
    expect(asGoferryError(thrown, signal)).toMatchObject({ code: expected, subject: "/x", exitCode: 6 });
  });
});

describe("debugText", () => {
  it("has the stacks of an error and its causes", () => {
    const text = debugText(new Error("outer", { cause: new Error("inner https://u:pl4nted@h/") }));
    expect(text).toMatch(/outer[\s\S]*errors\.test\.ts[\s\S]*caused by: Error: inner https:\/\/\*\*\*@h/u);
  });
});
