import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { CODES, EXIT } from "../packages/core/src/index.ts";

const DOC = new URL("../packages/goferry/docs/EXIT-CODES.md", import.meta.url);

describe("EXIT-CODES.md", () => {
  it("has a row for every error code, with its exit code", async () => {
    const text = await readFile(DOC, "utf8");
    const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gmu)].map(([, code, exit]) => [
      code,
      Number(exit),
    ]);
    const expected = Object.entries(CODES).map(([code, name]) => [code, EXIT[name]]);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
    expect(rows).toHaveLength(expected.length);
  });

  it("has a row for every exit code", async () => {
    const text = await readFile(DOC, "utf8");
    const rows = [...text.matchAll(/^\| (\d+) \| [^|]+ \|$/gmu)].map(([, exit]) => Number(exit));
    expect(rows.toSorted((a, b) => a - b)).toEqual(Object.values(EXIT).toSorted((a, b) => a - b));
  });
});
