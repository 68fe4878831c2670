import { expect, it } from "vitest";
import layOut from "./no-help.ts";

it("gives yargs what it takes for a page and for a width", () => {
  expect(layOut("three")).toBe(5);
  expect(String(layOut({ width: 80, wrap: true }))).toBe("");
});
