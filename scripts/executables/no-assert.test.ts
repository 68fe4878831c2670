import { expect, it } from "vitest";
import { notStrictEqual, strictEqual } from "./no-assert.ts";

it("throws what node:assert would throw about, with the message", () => {
  expect(() => notStrictEqual(1, 2, "the same")).not.toThrow();
  expect(() => notStrictEqual(NaN, NaN, "the same")).toThrow("the same");
  expect(() => strictEqual("a", "a", "another")).not.toThrow();
  expect(() => strictEqual("a", "b", new TypeError("another"))).toThrow(TypeError);
});
