import { describe, expect, it } from "vitest";
import { defaultPath, defaultRoot } from "./default-root.ts";

describe("defaultRoot", () => {
  it.each([
    [
      "root, for the machine",
      { uid: 0, home: "/root", env: { XDG_DATA_HOME: "/root/data" } },
      "/opt/goferry",
    ],
    ["a user", { uid: 1000, home: "/home/u", env: {} }, "/home/u/.local/share/goferry"],
    [
      "a user with a folder for data",
      { uid: 1000, home: "/home/u", env: { XDG_DATA_HOME: "/data/u" } },
      "/data/u/goferry",
    ],
    // XDG base directory specification: relative paths are to be ignored.
    [
      "a user with a wrong folder for data",
      { uid: 1000, home: "/home/u", env: { XDG_DATA_HOME: "data" } },
      "/home/u/.local/share/goferry",
    ],
    [
      "a user with an empty variable",
      { uid: 1000, home: "/home/u", env: { XDG_DATA_HOME: "" } },
      "/home/u/.local/share/goferry",
    ],
    [
      "a user who has only a folder for data",
      { uid: 1000, home: undefined, env: { XDG_DATA_HOME: "/data" } },
      "/data/goferry",
    ],
  ])("knows where for %s", (_, facts, root) => {
    expect(defaultRoot(facts)).toBe(root);
  });

  it("asks for a folder where there is none", () => {
    expect(() => defaultRoot({ uid: 1000, home: undefined, env: {} })).toThrow(
      expect.objectContaining({ code: "HOME_MISSING", next: expect.stringContaining("--root") }),
    );
  });
});

describe("defaultPath", () => {
  it("sets up the machine for its default root only, and nothing of a user's", () => {
    expect(defaultPath({ uid: 0 }, undefined)).toBe("usual");
    expect(defaultPath({ uid: 0 }, "/opt/goferry")).toBe("none");
    expect(defaultPath({ uid: 1000 }, undefined)).toBe("none");
    expect(defaultPath({ uid: undefined }, undefined)).toBe("none");
  });
});
