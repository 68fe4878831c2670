// wrap, rows, units and printable: how results become lines.

import { countText } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable } from "./printable.ts";
import { beginning, rowsText } from "./rows.ts";
import { amountText, bytesText, timeText } from "./units.ts";
import { wrap } from "./wrap.ts";

describe("wrap", () => {
  it("breaks at spaces and indents what follows", () => {
    expect(wrap("one two three four five six seven", { columns: 22, indent: 2 })).toBe(
      "one two three four\n  five six seven",
    );
    expect(wrap("a\nb", { columns: undefined, indent: 3 })).toBe("a\n   b");
  });

  it("keeps every word, and fits unless a word does not", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme-ascii" }),
        fc.integer({ min: 20, max: 60 }),
        (text, columns) => {
          const wrapped = wrap(text, { columns, indent: 0 });
          expect(wrapped.trim().split(/\s+/u)).toEqual(text.trim().split(/\s+/u));
          const longest = Math.max(columns, ...text.split(" ").map((word) => word.length));
          for (const line of wrapped.split("\n"))
            expect(line.trimStart().length).toBeLessThanOrEqual(longest);
        },
      ),
    );
  });
});

describe("rowsText", () => {
  it("aligns, repeats no label, and leaves out what is not there", () => {
    const rows = rowsText([
      ["a", "1"],
      ["gone", undefined],
      ["empty", []],
      ["long", ["2", "3\n4"]],
    ]);
    expect(rows.split("\n")).toEqual(["  a     1", "  long  2", "        3", "        4"]);
  });

  it("says how much of a long list it leaves out", () => {
    expect(beginning(["a", "b", "c"], 2)).toEqual(["a", "b", "and 1 more (all with --json)"]);
    expect(beginning(["a", "b"], 2)).toEqual(["a", "b"]);
  });
});

describe("units", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [26_000_000, "26.0 MB"],
    [5e15, "5000.0 TB"],
  ])("writes %d bytes as %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it("writes counts, amounts and times the same everywhere", () => {
    expect(countText(71_834_221)).toBe("71,834,221");
    expect(amountText(1, "module")).toBe("1 module");
    expect(amountText(2, "module")).toBe("2 modules");
    expect(timeText(new Date("2026-11-21T05:00:00.123Z"))).toBe("2026-11-21T05:00:00Z");
  });
});

describe("printable", () => {
  it("shows letters of every script and hides what a terminal would obey", () => {
    expect(printable("naïve 漢字 😀\tx\r\ny")).toBe("naïve 漢字 😀  x\ny");
    expect(printable("\u001b[31mred\u0007\u202Eback\u009b")).toBe("\uFFFD[31mred\uFFFD\uFFFDback\uFFFD");
  });
});
