import fc from "fast-check";
import * as z from "zod";
import { describe, expect, it } from "vitest";
import { GoferryError } from "../errors.ts";
import { MAX_DOCUMENT_BYTES } from "../limits.ts";
import { canonicalJson, parseCanonicalJson, type Json } from "./json.ts";

const REFUSED = expect.objectContaining({ code: "DOCUMENT_INVALID", subject: "the document" });

const ANY: z.ZodType = z.unknown();
const ONE = z.strictObject({ a: z.int() });

function parse<T>(text: string | Uint8Array, schema: z.ZodType<T>): T {
  return parseCanonicalJson(Buffer.from(text), schema, "the document");
}

/** The bytes that are written for what was read, in hexadecimal, or the code of the refusal. */
function rewritten(bytes: Uint8Array): string {
  try {
    return Buffer.from(canonicalJson(parse(bytes, ANY) as Json)).toString("hex");
  } catch (error) {
    return error instanceof GoferryError ? error.code : String(error);
  }
}

const text = fc.string({ unit: "grapheme" });
const { value } = fc.letrec<{ value: Json; list: Json[]; map: { [key: string]: Json } }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger().map((number) => number + 0),
    text,
    tie("list"),
    tie("map"),
  ),
  list: fc.array(tie("value"), { maxLength: 5 }),
  map: fc.dictionary(text, tie("value"), { maxKeys: 5, noNullPrototype: true }),
}));

describe("canonicalJson", () => {
  it("writes what parseCanonicalJson reads back, for every value", () => {
    fc.assert(
      fc.property(value, (original) => {
        const bytes = canonicalJson(original);
        expect(parse(bytes, ANY)).toEqual(original);
        expect(JSON.parse(Buffer.from(bytes).toString())).toEqual(original);
      }),
    );
  });

  it("does not depend on the order in which keys were set", () => {
    fc.assert(
      fc.property(fc.dictionary(text, fc.nat(), { noNullPrototype: true }), (map) => {
        const reversed = Object.fromEntries(Object.entries(map).toReversed());
        expect(canonicalJson(reversed)).toEqual(canonicalJson(map));
      }),
    );
  });

  it("sorts keys by UTF-16 units, leaves undefined out, and escapes as little as JSON allows", () => {
    const written = canonicalJson({
      b: '\u0001\n"\\/é\u2028',
      a: undefined,
      "\ufb00": 1,
      "\u{1f600}": [-1, 0],
      B: {},
    });
    expect(Buffer.from(written).toString()).toBe(
      '{"B":{},"b":"\\u0001\\n\\"\\\\/é\u2028","\u{1f600}":[-1,0],"\ufb00":1}',
    );
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "\ud800", { "\udc00": 1 }])(
    "has no spelling for %j, and says so instead of writing something else",
    (bad) => expect(() => canonicalJson([bad])).toThrow(expect.objectContaining({ code: "INTERNAL" })),
  );
});

describe("parseCanonicalJson", () => {
  it("takes what the schema allows, in the one spelling", () => {
    expect(parse('{"a":1}', ONE)).toEqual({ a: 1 });
  });

  it.each([
    ["a key twice", '{"a":1,"a":1}'],
    ["a key twice, the second escaped", '{"a":1,"\\u0061":1}'],
    ["an escape that need not be", '{"\\u0061":1}'],
    ["a byte order mark", '\ufeff{"a":1}'],
    ["white space inside", '{"a": 1}'],
    ["white space before", ' {"a":1}'],
    ["a newline after", '{"a":1}\n'],
    ["an exponent", '{"a":1e3}'],
    ["a fraction that is none", '{"a":1.0}'],
    ["minus zero", '{"a":-0}'],
    ["2^53 + 1, which would be read as 2^53", '{"a":9007199254740993}'],
    ["2^53", '{"a":9007199254740992}'],
    ["a number beyond all numbers", '{"a":1e999}'],
    ["a fraction", '{"a":0.5}'],
    ["a key of nobody", '{"a":1,"b":1}'],
    ["no key", "{}"],
    ["__proto__", '{"__proto__":{"b":1},"a":1}'],
    ["__proto__ that would be the document", '{"__proto__":{"a":1}}'],
    ["constructor", '{"a":1,"constructor":1}'],
    ["a word of ours for what has no spelling", '{"a":not a safe integer}'],
    ["another type", '{"a":"1"}'],
    ["a list", "[]"],
    ["nothing", ""],
    ["two documents", '{"a":1}{"a":1}'],
    ["a comment", '{"a":1/**/}'],
    ["a single quote", "{'a':1}"],
    ["NUL behind it", '{"a":1}\0'],
  ])("refuses %s", (_, document) => expect(() => parse(document, ONE)).toThrow(REFUSED));

  it.each([
    ["unsorted keys", '{"b":1,"a":1}'],
    ["half of a surrogate pair", '{"a":"\\ud800"}'],
    ["half of a surrogate pair in a key", '{"\\udfff":1}'],
    ["an upper-case escape", '{"a":"\\u001F"}'],
    ["an escaped slash", '{"a":"\\/"}'],
    ["the long escape of a newline", '{"a":"\\u000a"}'],
    ["a pair of surrogates as escapes", '{"a":"\\ud83d\\ude00"}'],
    ["leading zeros", "[01]"],
  ])("refuses %s whatever the schema", (_, document) => {
    expect(() => parse(document, ANY)).toThrow(REFUSED);
  });

  it.each([
    ["a lone continuation byte", [0x22, 0x80, 0x22]],
    ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
    ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["half a character", [0x22, 0xc3]],
    ["UTF-16", [0xff, 0xfe, 0x5b, 0x00, 0x5d, 0x00]],
  ])("refuses %s", (_, bytes) => expect(() => parse(Uint8Array.from(bytes), ANY)).toThrow(REFUSED));

  it.each([100_000, MAX_DOCUMENT_BYTES / 2])("refuses %i levels and does not crash", (levels) => {
    const lists = "[".repeat(levels) + "]".repeat(levels);
    expect(() => parse(lists, ANY)).toThrow(REFUSED);
    expect(() => parse("[".repeat(levels), ANY)).toThrow(REFUSED);
    const maps = '{"a":'.repeat(levels / 10) + "1" + "}".repeat(levels / 10);
    expect(() => parse(maps, ONE)).toThrow(REFUSED);
  });

  it("refuses any document with one bit changed, unless that is another canonical document", () => {
    const original = canonicalJson({ a: 1, list: ["x", null, { deep: true }], é: -12 });
    for (let bit = 0; bit < original.length * 8; bit++) {
      const changed = Buffer.from(original);
      changed.writeUInt8((original[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      expect(["DOCUMENT_INVALID", changed.toString("hex")]).toContain(rewritten(changed));
    }
  });

  it("names the field that is wrong and does not repeat the document", () => {
    const schema = z.strictObject({ list: z.array(z.strictObject({ a: z.int() })) });
    const error = expect.objectContaining({ found: expect.stringMatching(/^list\.1\.a: /) });
    expect(() => parse('{"list":[{"a":1},{"a":"secret"}]}', schema)).toThrow(error);
  });
});
