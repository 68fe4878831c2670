import { describe, expect, it } from "vitest";
import { isFolder, pathEntries, withFolder, withoutFolder } from "./path-text.ts";

const ENV = { SystemRoot: String.raw`C:\Windows`, ProgramFiles: String.raw`C:\Program Files` };
const BIN = String.raw`C:\Program Files\goferry\bin`;

describe("pathEntries", () => {
  it.each([
    ["", []],
    ["a", ["a"]],
    ["a;b;", ["a", "b"]],
    ["a;;b", ["a", "", "b"]],
    ['"a;b";c', ['"a;b"', "c"]],
    ['a;"b', ["a", '"b']],
  ])("of %j are %j", (text, entries) => {
    expect(pathEntries(text)).toEqual(entries);
  });
});

describe("isFolder", () => {
  it.each([
    BIN,
    `${BIN}\\`,
    `"${BIN}"`,
    BIN.toUpperCase(),
    "C:/Program Files/goferry/bin",
    String.raw`%PROGRAMFILES%\goferry\bin\\`,
  ])("knows %j", (entry) => {
    expect(isFolder(entry, BIN, ENV)).toBe(true);
  });

  it.each([String.raw`C:\Program Files\goferry`, `${BIN}2`, String.raw`%NOBODY%\goferry\bin`, ""])(
    "takes %j for another",
    (entry) => {
      expect(isFolder(entry, BIN, ENV)).toBe(false);
    },
  );
});

describe("withFolder", () => {
  it.each([
    ["", undefined, BIN],
    ["a", undefined, `a;${BIN}`],
    ["a;", undefined, `a;${BIN}`],
    ["%A%;b;c", 1, `%A%;${BIN};b;c`],
    ["a;b;", 0, `${BIN};a;b;`],
    ["a;;b", 2, `a;;${BIN};b`],
  ])("puts it into %j at %s", (text, at, after) => {
    expect(withFolder(text, BIN, ENV, at)).toBe(after);
  });

  it("makes no second entry, whatever the first looks like", () => {
    const text = String.raw`a;%ProgramFiles%\GOFERRY\bin\;b`;
    expect(withFolder(text, BIN, ENV)).toBe(text);
    expect(withoutFolder(text, BIN, ENV)).toBe("a;b");
    expect(withoutFolder("a;;b;", BIN, ENV)).toBe("a;;b;");
  });
});
