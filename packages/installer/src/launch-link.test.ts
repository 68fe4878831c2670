import { describe, expect, it } from "vitest";
import { LINE_LIMIT, linkFile, linkTarget, mayBeLink } from "./launch-link.ts";

const LAUNCHER = Buffer.from(`MZ\0${"goferry-link: no\n".repeat(100)}`);
const PROGRAM = "../sdk/go1.27.1/bin/go.exe";

describe("a file that stands for a link", () => {
  it.each([
    ["a folder", "sdk/go1.27.1"],
    ["a program", PROGRAM],
    ["a name beyond ASCII", "../sdk/ü/bin/go.exe"],
  ])("says where it leads: to %s", (_what, target) => {
    const file = linkFile(target, LAUNCHER) ?? Buffer.alloc(0);
    expect(linkTarget(file, LAUNCHER)).toBe(target);
    expect(mayBeLink(file.length, LAUNCHER)).toBe(true);
  });

  it("is, for a program, the launcher and one line behind it, as installer/launcher reads it", () => {
    const file = Buffer.from(linkFile(PROGRAM, LAUNCHER) ?? []);
    expect(file.subarray(0, LAUNCHER.length).equals(LAUNCHER)).toBe(true);
    expect(file.subarray(LAUNCHER.length).toString()).toBe(`\ngoferry-link: ${PROGRAM}\n`);
  });

  it("cannot be made for a program where there is no launcher", () => {
    expect(linkFile(PROGRAM, undefined)).toBeUndefined();
    expect(linkTarget(linkFile("sdk/go1.27.1", undefined) ?? Buffer.alloc(0), undefined)).toBe(
      "sdk/go1.27.1",
    );
  });

  it.each([
    [
      "a launcher that somebody changed",
      Buffer.concat([Buffer.from("X"), linkFile(PROGRAM, LAUNCHER) ?? LAUNCHER]),
    ],
    ["a launcher without a line", LAUNCHER],
    ["another launcher", linkFile(PROGRAM, Buffer.from("MZ")) ?? LAUNCHER],
    ["a line that is cut off", (linkFile("sdk/go1.27.1", LAUNCHER) ?? LAUNCHER).subarray(0, -1)],
    ["a line and more", Buffer.from("goferry-link: sdk/go1.27.1\nmore\n")],
    ["another text", Buffer.from('{"Version":"v1.0.0"}')],
    ["nothing", Buffer.alloc(0)],
  ])("is not %s", (_what, bytes) => {
    expect(linkTarget(bytes, LAUNCHER)).toBeNull();
  });

  it("is told by its size from what need not be read", () => {
    expect(mayBeLink(LINE_LIMIT + 1, LAUNCHER)).toBe(false);
    expect(mayBeLink(LAUNCHER.length, LAUNCHER)).toBe(false);
    expect(mayBeLink(LAUNCHER.length + LINE_LIMIT + 1, LAUNCHER)).toBe(false);
  });
});
