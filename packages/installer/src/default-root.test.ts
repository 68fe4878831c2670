import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ADMINISTRATOR, fakeWindows, ORDINARY } from "../../../test/kit/windows-system.ts";
import { defaultPath, defaultRoot } from "./default-root.ts";
import { elevationFindings } from "./windows/elevation.ts";

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
    expect(defaultRoot({ platform: "linux/amd64", ...facts })).toBe(root);
  });

  it("asks for a folder where there is none", () => {
    expect(() => defaultRoot({ platform: "linux/amd64", uid: 1000, home: undefined, env: {} })).toThrow(
      expect.objectContaining({ code: "HOME_MISSING", next: expect.stringContaining("--root") }),
    );
  });
});

describe("on Windows", () => {
  const env = {
    PROGRAMFILES: String.raw`C:\Program Files`,
    LOCALAPPDATA: String.raw`C:\Users\ü\AppData\Local`,
  };
  const facts = { platform: "windows/amd64", uid: undefined, home: String.raw`C:\Users\ü`, env };
  const as = (elevated: boolean) => ({
    windows: { system: fakeWindows(), account: elevated ? ADMINISTRATOR : ORDINARY },
  });

  it("is the machine's with an administrator's rights, else the user's", () => {
    expect(defaultRoot({ ...facts, ...as(true) })).toBe(join(env.PROGRAMFILES, "goferry"));
    expect(defaultRoot({ ...facts, ...as(false) })).toBe(join(env.LOCALAPPDATA, "goferry"));
    expect(defaultRoot({ ...facts, env: {}, ...as(false) })).toBe(
      join(facts.home, "AppData", "Local", "goferry"),
    );
    expect(defaultPath({ uid: undefined, ...as(true) }, undefined)).toBe("usual");
    expect(defaultPath({ uid: undefined, ...as(false) }, undefined)).toBe("none");
  });

  it("a root of the machine is refused without those rights, and it is said what to do", () => {
    const root = String.raw`c:\program files\goferry`;
    expect(elevationFindings({ env, ...as(true) }, root)).toEqual([]);
    expect(elevationFindings({ env, ...as(false) }, String.raw`C:\Users\ü\goferry`)).toEqual([]);
    expect(elevationFindings({ env, ...as(false) }, root)).toMatchObject([
      { code: "ELEVATION_MISSING", level: "refuse", next: expect.stringContaining("leave out --root") },
    ]);
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
