import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPattern, matchingPattern, proposePatterns, splitPatterns } from "./patterns.ts";

describe("matchingPattern", () => {
  // The answers are those of golang.org/x/mod/module MatchPrefixPatterns.
  it.each([
    ["", "example.com/a", false],
    [",,", "example.com/a", false],
    ["*", "example.com/a", true],
    ["example.com", "example.com/a/b", true],
    ["example.com/", "example.com/a/b", true],
    ["example.com/a", "example.com", false],
    ["example.com/a", "example.com/ab", false],
    ["*.example.com", "git.example.com/team/app", true],
    ["*.example.com", "example.com/team", false],
    ["*/team", "example.com/team/app", true],
    ["*/team", "example.com/other", false],
    ["x.org,example.com/te?m", "example.com/team/app", true],
    ["example.com/te?m", "example.com/te/m", false],
    ["example.com/[a-c]*", "example.com/bee", true],
    ["example.com/[^a-c]*", "example.com/bee", false],
    ["example.com/[c-a]*", "example.com/bee", false],
    ["example.com/[\\]]", "example.com/]", true],
    [String.raw`example.com/\*`, "example.com/*", true],
    [String.raw`example.com/\*`, "example.com/a", false],
    ["example.com/[", "example.com/[", false],
    ["example.com/[]", "example.com/]", false],
    ["example.com/[^]", "example.com/^", false],
    ["example.com/[^]", "example.com/a", false],
    ["example.com/[a", "example.com/a", false],
    ["example.com/a\\", "example.com/a", false],
    ["example.com/[-]", "example.com/-", false],
    [" example.com", "example.com/a", false],
    ["example.com/a.c", "example.com/abc", false],
  ])("%j for %s: %s", (globs, target, expected) => {
    expect(matchingPattern(splitPatterns(globs), target) !== undefined).toBe(expected);
  });

  it("takes a module path literally when every special character is escaped", () => {
    const part = fc.string({ unit: fc.constantFrom(..."ab.*?[]^-$(){}+|"), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.array(part, { maxLength: 2 }),
        (path, rest) => {
          const glob = path.join("/").replaceAll(/[*?[\]\\]/gu, String.raw`\$&`);
          expect(matchingPattern([glob], [...path, ...rest].join("/"))).toBe(glob);
          expect(matchingPattern([glob], `x${path.join("/")}`)).toBeUndefined();
        },
      ),
    );
  });
});

describe("proposePatterns", () => {
  it.each([
    [["git.corp.example/lib", "git.corp.example/tool/v3"], ["git.corp.example/*"]],
    [
      ["github.com/us/b", "github.com/us/a/sub", "github.com/us/a"],
      ["github.com/us/*", "github.com/us/a/*"],
    ],
    [["corp.example"], ["corp.example"]],
    [["corp.example/v2"], ["corp.example"]],
    [[], []],
  ])("covers %j by %j", (paths, patterns) => {
    expect(proposePatterns(paths)).toEqual(patterns);
    for (const path of paths) expect(matchingPattern(patterns, path)).toBeDefined();
  });
});

describe("isPattern", () => {
  it.each(["*", "git.example.com", "git.example.com/", "*.example.com/te?m/[a-c]*"])("takes %j", (pattern) =>
    expect(isPattern(pattern)).toBe(true),
  );

  it.each(["", "/", "/git.example.com", "a//b", "https://git.example.com/*", "ssh:", "a/[", "a\\"])(
    "refuses %j",
    (pattern) => expect(isPattern(pattern)).toBe(false),
  );
});
