import { GoferryError } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGoMod } from "./go-mod.ts";
import type { GoMod } from "./go-mod.ts";

/** Requirements without their order. */
function textOf(requires: GoMod["requires"]): string {
  return requires
    .map(({ path, version }) => `${path} ${version}`)
    .toSorted()
    .join();
}

// Every case was compared with what `go mod edit -json` of go1.26.8 says to the same text.

describe("parseGoMod", () => {
  it.each([
    ["quoted", 'module "example.com/app"\ngo 1.21\n', "example.com/app", "1.21", undefined],
    [
      "a block",
      "module (\n  example.com/app // x\n)\r\n\ngo 1.27rc1 // c\n",
      "example.com/app",
      "1.27rc1",
      undefined,
    ],
    ["a custom toolchain", "module a\ngo 1.22\ntoolchain go1.27.1-x\n", "a", "1.22", "go1.27.1-x"],
    ["the default toolchain", "module a\ngo 1.22\ntoolchain default", "a", "1.22", "default"],
    ["no go line", "// A comment.\n\nmodule a.b/c // Deprecated: x\n", "a.b/c", undefined, undefined],
    ["a comment in a path", "module a.b/c//d\ngo 1.9\n", "a.b/c", "1.9", undefined],
    ["odd punctuation", "module a.b/c;\n", "a.b/c;", undefined, undefined],
    ["an empty block", "module a\nrequire ()\ngo 1.21", "a", "1.21", undefined],
    ["unknown directives", "module a\nfuture x => y\nfuture (\n  go 1.99\n)\n", "a", undefined, undefined],
    ["old line ends", "module a\r\ngo 1.21.0\r\n", "a", "1.21.0", undefined],
  ])("reads %s", (_, text, module, go, toolchain) => {
    expect(parseGoMod(text, "go.mod")).toMatchObject({ module, go, toolchain, requires: [] });
  });

  it.each([
    ["nothing", "", [], []],
    ["a line", "require a.b/c v1.0.0", ["a.b/c v1.0.0"], []],
    [
      "a block",
      'require (\n a.b/c v1.0.0 // indirect\n "a.b/d" v0.1.0\n)',
      ["a.b/c v1.0.0", "a.b/d v0.1.0"],
      [],
    ],
    ["a folder", 'replace a.b/c => "./c d"', [], ["a.b/c => ./c d"]],
    ["a folder above", "replace a.b/c => ../..", [], ["a.b/c => ../.."]],
    ["a folder for one version", "replace a.b/c v1.0.0 => ../c", [], ["a.b/c@v1.0.0 => ../c"]],
    ["a folder of Windows", "replace (\n a.b/c => C:\\c\n)", [], ["a.b/c => C:\\c"]],
    ["a module", "replace a.b/c => x.y/c v1.0.1", [], ["a.b/c => a module"]],
    ["a replace without an end", "replace a.b/c =>", [], []],
  ])("reads %s of what is required and replaced", (_, lines, requires, replaces) => {
    const goMod = parseGoMod(`module a\n${lines}\n`, "go.mod");
    expect(goMod.requires.map(({ path, version }) => `${path} ${version}`)).toEqual(requires);
    const texts = goMod.replaces.map(
      ({ path, version, folder }) =>
        `${path}${version === undefined ? "" : `@${version}`} => ${folder ?? "a module"}`,
    );
    expect(texts).toEqual(replaces);
  });

  it.each([
    ["no module line", "go 1.21\n", 1],
    ["two module lines", "module a\nmodule b\n", 2],
    ["two go lines", "module a\ngo 1.21\ngo 1.22\n", 3],
    ["a go block", "module a\ngo (\n1.21\n)\n", 2],
    ["an empty go block", "module a\ngo ()\n", 2],
    ["a comment of C", "module a\n/* c */\n", 2],
    ["a comment of C in a word", "module a\nrequire b/*c v1.0.0\n", 2],
    ["raw quotes", "module `a`\n", 1],
    ["a quote in the path", "module it's\n", 1],
    ["a quoted version", 'module a\ngo "1.21"\n', 2],
    ["a version with x", "module a\ngo 1.21.x\n", 2],
    ["a version with a leading zero", "module a\ngo 1.021\n", 2],
    ["no version", "module a\n\ngo\n", 3],
    ["two versions", "module a\ngo 1.21 1.22\n", 2],
    ["another toolchain", "module a\ntoolchain gccgo-1.21\n", 2],
    ["a byte order mark", "\uFEFFmodule a\n", 1],
    ["a form feed", "module a\n\f\n", 2],
    ["an open block", "module a\n\nrequire (\n b v1.0.0\n", 3],
    ["an open string", 'module a\nreplace b => "./c\n', 2],
    ["words after a block", "module a\nrequire (\n) b\n", 3],
  ])("refuses %s", (_, text, line) => {
    expect(() => parseGoMod(text, "app/go.mod")).toThrow(
      expect.objectContaining({ code: "PROJECT_INVALID", subject: `app/go.mod:${line}` }),
    );
  });

  it("finds what was written, whatever stands around it", () => {
    const blank = fc.constantFrom("", "\n", "// module x\n", "  \t\r\n", "// go 1.99 (\n");
    const gap = fc.constantFrom(" ", "\t", "   ");
    const end = fc.constantFrom("\n", "\r\n", " // c\n", "//\n");
    const path = fc.stringMatching(/^[a-z][a-z0-9]{0,8}\.[a-z]{2,3}(?:\/[A-Za-z0-9._~-]{1,9}){0,3}$/u);
    const go = fc.stringMatching(/^1\.(?:0|[1-9][0-9]?)(?:\.(?:0|[1-9][0-9]?)|rc[1-9])?$/u);
    const required = fc.array(fc.tuple(path, fc.constantFrom("v1.0.0", "v0.0.1-rc.1")), { maxLength: 4 });
    const model = fc.record({ module: path, go: fc.option(go), required, grouped: fc.boolean() });
    const layout = fc.record({ blank, gap, end, quoted: fc.boolean() });
    fc.assert(
      fc.property(
        model,
        layout,
        fc.array(fc.nat(), { maxLength: 4 }),
        ({ module, ...rest }, style, order) => {
          const line = (...words: string[]): string => `${style.blank}${words.join(style.gap)}${style.end}`;
          const needs = rest.required.map(([name, version]) => [name, version] as const);
          const parts = [
            line("module", style.quoted ? `"${module}"` : module),
            ...(rest.go === null ? [] : [line("go", rest.go), line("toolchain", `go${rest.go}`)]),
            ...(rest.grouped
              ? [`${line("require", "(")}${needs.map((words) => line(...words)).join("")}${line(")")}`]
              : needs.map((words) => line("require", ...words))),
          ];
          const shuffled = parts.toSorted((a, b) => (order[a.length % 4] ?? 0) - (order[b.length % 4] ?? 0));
          const version = rest.go ?? undefined;
          expect(parseGoMod(shuffled.join(""), "go.mod")).toEqual({
            module,
            go: version,
            toolchain: version === undefined ? undefined : `go${version}`,
            replaces: [],
            requires: expect.toSatisfy(
              (found: GoMod["requires"]) =>
                textOf(found) === textOf(needs.map(([name, at]) => ({ path: name, version: at }))),
            ),
          });
        },
      ),
    );
  });

  it("reads or refuses any text, and does nothing else", () => {
    const token = fc.constantFrom(
      "module",
      "go",
      "toolchain",
      "require",
      "(",
      ")",
      "\n",
      '"',
      "`",
      "//",
      "/*",
      "1.2",
      " ",
    );
    const text = fc
      .array(
        fc.oneof(
          token,
          fc.constantFrom("é", "\u00a0", "\ufeff", "\0", "\ud800"),
          fc.string({ unit: "binary-ascii", maxLength: 5 }),
        ),
        { maxLength: 30 },
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (source) => {
        try {
          expect(parseGoMod(source, "go.mod").module).not.toBe("");
        } catch (error) {
          if (!(error instanceof GoferryError) || error.code !== "PROJECT_INVALID") throw error;
        }
      }),
    );
  });
});
