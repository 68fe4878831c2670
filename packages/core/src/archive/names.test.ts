import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkEntryName, compareNames, EntryNames, NAME_RULES, OrderedNames, visibleName } from "./names.ts";
import type { NameRule } from "./names.ts";

const refused = testdata("names-refused.txt").map((line) => {
  const [rule = "", name = ""] = line.split("\t");
  return { rule: NAME_RULES[rule as NameRule], name: JSON.parse(name) as string };
});
const accepted = testdata("names-accepted.txt").map((line) => JSON.parse(line) as string);

describe("checkEntryName", () => {
  it.each(refused)("refuses $name", ({ rule, name }) => {
    expect(rule).toBeDefined();
    expect(() => checkEntryName(name)).toThrow(refusalBy(rule));
    expect(() => new EntryNames().add(name)).toThrow(refusalBy(rule));
    expect(() => checkEntryName(`folder/${name}`)).toThrow(
      expect.objectContaining({ code: "ENTRY_REFUSED" }),
    );
  });

  it.each(accepted)("takes %j", (name) => {
    expect(() => checkEntryName(name)).not.toThrow();
    expect(() => new EntryNames().add(name)).not.toThrow();
  });

  it("has no rule without a case that breaks it", () => {
    const covered = new Set(refused.map(({ rule }) => rule));
    const ofTrees = [NAME_RULES.duplicate, NAME_RULES.folder, NAME_RULES.collision, NAME_RULES.order];
    expect([...covered, ...ofTrees].toSorted()).toEqual(Object.values(NAME_RULES).toSorted());
  });

  it("shows a name without what would act on a terminal or hide", () => {
    const name = "a\u001b[2J\n\u202egpj.exe\u3164";
    expect(() => checkEntryName(name)).toThrow(
      expect.objectContaining({ subject: "a\\u{1b}[2J\\u{a}\\u{202e}gpj.exe\\u{3164}" }),
    );
    expect(visibleName("ü ö/日本")).toBe("ü ö/日本");
    expect(visibleName("x".repeat(1000))).toHaveLength(203);
  });

  it("takes nothing that leaves its folder, on any system", () => {
    const hostile = fc
      .array(fc.constantFrom("..", ".", "/", "\\", "a", "C:", " ", "~", "\0", "é", "nul"), { maxLength: 9 })
      .map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(hostile, (name) => {
        if (!passes(name)) return;
        expect(name).not.toMatch(/[\\:\0]|^\/|\/$|\/\//);
        for (const part of name.split("/")) expect(part).not.toMatch(/^\.*$|[. ]$|^nul(\.|$)/i);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("EntryNames", () => {
  it.each([
    ["duplicate", ["a/b", "a/c", "a/b"], "file a/b"],
    ["duplicate", ["é", "é"], "file é"],
    ["folder", ["a", "a/b"], "file a"],
    ["folder", ["a/b/c", "a/b"], "folder a/b"],
    ["folder", ["a/b", "a/b/c/d/e"], "file a/b"],
    ["collision", ["README", "readme"], "file README"],
    ["collision", ["src/a.go", "SRC/b.go"], "folder src"],
    ["collision", ["x/Src/a", "x/y", "x/src"], "folder x/Src"],
    ["collision", ["a/B", "a/b/c"], "file a/B"],
    ["collision", ["ß", "SS"], "file ß"],
    ["collision", ["ẞ", "ß"], "file ẞ"],
    ["collision", ["ς", "σ"], "file ς"],
    ["collision", ["ſ", "S"], "file ſ"],
    ["collision", ["É/x", "é/y"], "folder É"],
    ["collision", ["ﬁ", "FI"], "file ﬁ"],
    ["collision", ["ᾳ", "ᾼ"], "file ᾳ"],
    ["collision", ["Ꭰ", "ꭰ"], "file Ꭰ"],
    ["collision", ["ı", "i"], "file ı"],
    ["collision", ["𐐀", "𐐨"], "file 𐐀"],
  ] as const)("refuses by the rule %s: %j", (rule, tree, found) => {
    const names = new EntryNames();
    for (const name of tree.slice(0, -1)) names.add(name);
    expect(() => names.add(tree.at(-1) ?? "")).toThrow(
      expect.objectContaining({ code: "ENTRY_REFUSED", expected: NAME_RULES[rule], found }),
    );
  });

  it("keeps apart what only begins alike", () => {
    const tree = ["a/b", "a/bc/d", "ab", "a.b", "abc/d", "a/bc/e", "b/a/b", "b/a/c", "a/b.c/x", "b/d"];
    const names = new EntryNames();
    expect(() => {
      for (const name of tree) names.add(name);
    }).not.toThrow();
  });

  it("refuses the second of two parts that Unicode calls equal but for case, whatever the code point", () => {
    const letters = /^\p{L}$/u;
    for (let point = 0x80; point < 0x20000; point++) {
      const name = String.fromCodePoint(point);
      if (!letters.test(name) || !passes(name)) continue;
      for (const other of [name.toLowerCase(), name.toUpperCase()]) {
        if (other === name || !passes(other)) continue;
        const names = new EntryNames();
        names.add(name);
        expect(() => names.add(other), `${name} ${other}`).toThrow(refusalBy(NAME_RULES.collision));
      }
    }
  });

  const part = fc.constantFrom("a", "A", "b", "bb", "é", "É", "ß", "ss", "nul", "x.", "1", "ſ");
  const tree = fc.array(fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")));

  it("agrees with a plain quadratic check of every pair", () => {
    fc.assert(
      fc.property(tree, (all) => {
        const names = new EntryNames();
        const before: string[] = [];
        for (const name of all) {
          const fits = passes(name) && before.every((other) => fitTogether(name, other));
          let added = true;
          try {
            names.add(name);
          } catch {
            added = false;
          }
          expect(added, name).toBe(fits);
          if (!added) return;
          before.push(name);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("OrderedNames", () => {
  it("takes ascending bytes and nothing else", () => {
    const names = new OrderedNames();
    for (const name of [
      "a",
      "a-b",
      "a.b/c",
      "a/b".replace("a", "b"),
      "z",
      "é",
      "文",
      "\ufb50",
      "\u{20000}",
    ]) {
      names.add(name);
    }
    expect(() => names.add("文a")).toThrow(refusalBy(NAME_RULES.order));
    expect(() => names.add("\u{20000}")).toThrow(refusalBy(NAME_RULES.duplicate));
  });

  it("still knows all names after one was refused", () => {
    const names = new OrderedNames();
    names.add("b");
    expect(() => names.add("a")).toThrow(refusalBy(NAME_RULES.order));
    expect(() => names.add("B")).toThrow(refusalBy(NAME_RULES.collision));
  });
});

describe("compareNames", () => {
  it("orders as the UTF-8 bytes do", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "b", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"),
      maxLength: 5,
    });
    fc.assert(
      fc.property(text, text, text, (start, a, b) => {
        const bytes = Buffer.compare(Buffer.from(start + a), Buffer.from(start + b));
        expect(Math.sign(compareNames(start + a, start + b))).toBe(bytes);
      }),
      { numRuns: 2000 },
    );
  });
});

function testdata(file: string): string[] {
  const text = readFileSync(new URL(`testdata/${file}`, import.meta.url), "utf8");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

function refusalBy(rule: string): unknown {
  return expect.objectContaining({ code: "ENTRY_REFUSED", expected: rule });
}

function passes(name: string): boolean {
  try {
    checkEntryName(name);
    return true;
  } catch {
    return false;
  }
}

/** Whether two files can be in one tree: no part in the same place folds alike, but for equal folders. */
function fitTogether(a: string, b: string): boolean {
  const xs = a.split("/");
  const ys = b.split("/");
  for (const [i, x] of xs.entries()) {
    const y = ys[i];
    if (y === undefined || fold(x) !== fold(y)) return y !== undefined;
    const bothFolders = i < xs.length - 1 && i < ys.length - 1;
    if (x !== y || !bothFolders) return false;
  }
  return false;
}

function fold(part: string): string {
  return part.toLowerCase().toUpperCase();
}
