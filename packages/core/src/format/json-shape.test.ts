import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_JSON_DEPTH, MAX_JSON_MEMBERS, MAX_JSON_VALUES } from "../limits.ts";
import { beyondShape } from "./json-shape.ts";

const shape = (text: string): string | undefined => beyondShape(Buffer.from(text))?.expected;
const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
const members = (count: number): string =>
  `{${Array.from({ length: count }, (_, i) => `"k${i}":[1,2,{"a":{}}]`).join(",")}}`;

describe("beyondShape", () => {
  it("lets pass what keeps to the limits, and nothing more", () => {
    expect(shape(nested(MAX_JSON_DEPTH))).toBeUndefined();
    expect(shape(nested(MAX_JSON_DEPTH + 1))).toContain("levels");
    expect(shape(members(MAX_JSON_MEMBERS))).toBeUndefined();
    expect(shape(members(MAX_JSON_MEMBERS + 1))).toContain("members");
    expect(shape(`[${"1,".repeat(MAX_JSON_VALUES - 2)}1]`)).toBeUndefined();
    expect(shape(`[${"1,".repeat(MAX_JSON_VALUES - 1)}1]`)).toContain("values");
    expect(shape(`[${"[],".repeat(MAX_JSON_VALUES / 2)}1]`)).toContain("values");
  });

  it("counts each object by itself, also after others", () => {
    const one = members(MAX_JSON_MEMBERS);
    expect(shape(`[${one},${one},{"a":${one}}]`)).toBeUndefined();
    expect(shape(`[${one},${members(MAX_JSON_MEMBERS + 1)}]`)).toContain("members");
  });

  it("takes what stands in texts for text", () => {
    const text = JSON.stringify('[{"a":1},'.repeat(1000) + '\\"\\\\');
    expect(shape(`{"a":${text},"b":[${text}]}`)).toBeUndefined();
  });

  it("takes any bytes and does not fail on them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(["object", "undefined"]).toContain(typeof beyondShape(bytes));
      }),
    );
    expect(shape("]]]}}}")).toBeUndefined();
    expect(shape('"\\')).toBeUndefined();
  });
});
