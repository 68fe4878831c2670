import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkModule,
  checkModulePath,
  checkVersion,
  compareVersions,
  encodedZipPrefix,
  escapePath,
  escapeVersion,
  isModule,
  unescapePath,
  unescapeVersion,
  zipPrefix,
} from "./path.ts";

const verdicts = readFileSync(new URL("testdata/verdicts-of-go.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [kind, question, answer] = line.split("\t");
    return { kind, question: JSON.parse(question ?? "") as string, answer: answer ?? "" };
  });

const invalid = expect.objectContaining({ code: "MODULE_INVALID" });

describe("as Go says", () => {
  const of = (kind: string) => verdicts.filter((verdict) => verdict.kind === kind);
  const refused = (kind: string) => of(kind).filter(({ answer }) => answer === "refused");
  const taken = (kind: string) => of(kind).filter(({ answer }) => answer !== "refused");

  it.each(refused("path"))("the path $question is refused", ({ question }) => {
    expect(() => checkModulePath(question)).toThrow(invalid);
    expect(() => escapePath(question)).toThrow(invalid);
    expect(isModule({ path: question, version: "v1.0.0" })).toBe(false);
  });

  it.each(taken("path"))("the path $question is escaped as $answer", ({ question, answer }) => {
    expect(() => checkModulePath(question)).not.toThrow();
    expect(escapePath(question)).toBe(JSON.parse(answer));
    expect(unescapePath(escapePath(question))).toBe(question);
  });

  it.each(refused("version"))("the version $question is refused", ({ question }) => {
    expect(() => checkVersion(question)).toThrow(invalid);
    expect(() => escapeVersion(question)).toThrow(invalid);
    expect(isModule({ path: "a.b/c", version: question })).toBe(false);
  });

  it.each(taken("version"))("the version $question is escaped as $answer", ({ question, answer }) => {
    expect(() => checkVersion(question)).not.toThrow();
    expect(escapeVersion(question)).toBe(JSON.parse(answer));
    expect(unescapeVersion(escapeVersion(question))).toBe(question);
  });

  it.each(refused("unescape"))("$question is no escaped path", ({ question }) => {
    expect(() => unescapePath(question)).toThrow(invalid);
  });

  it.each(taken("unescape"))("$question stands for $answer", ({ question, answer }) => {
    expect(unescapePath(question)).toBe(JSON.parse(answer));
  });

  it.each(refused("module"))("$question is refused", ({ question }) => {
    const [path = "", version = ""] = question.split("@");
    expect(isModule({ path, version })).toBe(false);
    expect(() => checkModule({ path, version })).toThrow(invalid);
  });

  it.each(taken("module"))("$question fits", ({ question }) => {
    const [path = "", version = ""] = question.split("@");
    expect(isModule({ path, version })).toBe(true);
    expect(() => checkModule({ path, version })).not.toThrow();
  });

  it.each(of("compare"))("$question compare as $answer", ({ question, answer }) => {
    const [a = "", b = ""] = question.split(" ");
    expect(Math.sign(compareVersions(a, b))).toBe(Number(answer));
    expect(Math.sign(compareVersions(b, a))).toBe(0 - Number(answer));
  });
});

describe("compareVersions", () => {
  const identifier = fc.constantFrom("0", "1", "2", "10", "a", "A", "rc", "-", "1a");
  const version = fc
    .tuple(fc.array(fc.constantFrom(0, 1, 2, 10), { minLength: 3, maxLength: 3 }), fc.array(identifier))
    .map(([numbers, pre]) => `v${numbers.join(".")}${pre.length === 0 ? "" : `-${pre.join(".")}`}`);

  it("is a total order", () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, b) === 0).toBe(a === b);
        expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)));
        const [x = "", y = "", z = ""] = [a, b, c].toSorted(compareVersions);
        expect(
          [compareVersions(x, y), compareVersions(y, z), compareVersions(x, z)].every((n) => n <= 0),
        ).toBe(true);
      }),
    );
  });
});

describe("prefixes", () => {
  it("are those of zips and of GOMODCACHE", () => {
    const azure = { path: "github.com/Azure/go-x/v2", version: "v2.0.0-RC1" };
    expect(zipPrefix(azure)).toBe("github.com/Azure/go-x/v2@v2.0.0-RC1/");
    expect(encodedZipPrefix(azure)).toBe("github.com/!azure/go-x/v2@v2.0.0-!r!c1/");
  });

  it.each([
    { path: "../../etc", version: "v1.0.0" },
    { path: "a.b/c", version: "v1.0.0/../../x" },
    { path: "a.b/c", version: "v2.0.0" },
  ])("are refused for %j", (module) => {
    expect(() => zipPrefix(module)).toThrow(invalid);
    expect(() => encodedZipPrefix(module)).toThrow(invalid);
  });
});
