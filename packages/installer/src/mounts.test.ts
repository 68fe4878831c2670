import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findMount, parseMounts } from "./mounts.ts";

const TEXT = [
  "/dev/vda / ext4 rw,relatime 0 0",
  "proc /proc proc rw,nosuid,nodev,noexec 0 0",
  "/dev/vdb /mnt/usb\\040stick\\134x vfat ro,noexec 0 0",
  "tmpfs /opt tmpfs rw 0 0",
  "tmpfs /opt tmpfs rw,noexec 0 0",
  "",
].join("\n");

describe("findMount", () => {
  it.each([
    ["/", "/"],
    ["/home/me", "/"],
    ["/mnt/usb stick\\x/go", "/mnt/usb stick\\x"],
    ["/mnt/usb stick\\xy", "/"],
    ["/proc", "/proc"],
    ["/procession", "/"],
  ])("knows that %s lies on %s", (path, point) => {
    expect(findMount(TEXT, path)?.point).toBe(point);
  });

  it("takes the later of two mounts at one place, which hides the earlier", () => {
    expect(findMount(TEXT, "/opt/goferry")?.options).toEqual(["rw", "noexec"]);
  });

  it("finds the real mount of /proc, and none in no text", async () => {
    expect(findMount(await readFile("/proc/self/mounts", "utf8"), "/proc/self")).toMatchObject({
      type: "proc",
    });
    expect(findMount("", "/")).toBeUndefined();
    expect(findMount("rubbish\n\n /", "/")).toBeUndefined();
  });
});

describe("parseMounts", () => {
  it("reads what the kernel writes, whatever the name", () => {
    const escape = (name: string) =>
      name.replace(/[ \t\n\\#]/gu, (c) => `\\${(c.codePointAt(0) ?? 0).toString(8).padStart(3, "0")}`);
    const name = fc.string({ unit: fc.constantFrom(" ", "\t", "\n", "\\", "#", "0", "4", "ü", "x") });
    fc.assert(
      fc.property(name, name, (a, b) => {
        const text = `dev /${escape(a)} ext4 rw 0 0\ndev /${escape(b)} xfs ro 0 0\n`;
        expect(parseMounts(text).map(({ point }) => point)).toEqual([`/${a}`, `/${b}`]);
      }),
    );
  });
});
