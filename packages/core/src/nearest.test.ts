import { describe, expect, it } from "vitest";
import { nearest } from "./nearest.ts";

describe("nearest", () => {
  it.each([
    ["platfroms", "platforms"],
    ["Project", "projects"],
    ["goo", "go"],
    ["os", undefined],
    ["colour", undefined],
  ])("takes %j for %j", (word, meant) => {
    expect(nearest(word, ["name", "go", "platforms", "projects", "modules", "tools"])).toBe(meant);
  });
});
