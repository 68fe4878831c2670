import { GoferryError } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfig } from "./config-yaml.ts";
import { COMMANDS } from "./commands/all.ts";
import { settingsOf } from "./settings.ts";

const SETTINGS = settingsOf(COMMANDS);

function parse(text: string): Record<string, unknown> {
  const config = parseConfig(text, "/etc/c.yaml", SETTINGS);
  return Object.fromEntries([...config].map(([name, { value }]) => [name, value]));
}

/** The keys that were found; none for a text that is refused as it should be. */
function keysOrRefusal(text: string): string[] {
  try {
    return Object.keys(parse(text));
  } catch (error) {
    if (error instanceof GoferryError && error.code === "ARGUMENT_INVALID") return [];
    throw error;
  }
}

describe("parseConfig", () => {
  it("takes values as they are written", () => {
    const text =
      "root: /opt/go\nkey:\n  - a.asc\n  - b.asc\nmin-signatures: 2\nno-zips: true\nlog-key: 'x+y+z'\n";
    expect(parse(text)).toEqual({
      root: "/opt/go",
      key: ["a.asc", "b.asc"],
      "min-signatures": "2",
      "no-zips": true,
      "log-key": "x+y+z",
    });
  });

  it.each(["", "# nothing\n", "root:\n", "---\n"])("finds nothing in %j", (text) => {
    expect(parse(text)).toEqual({});
  });

  it.each([
    ["rooot: x", ":1:1"],
    ["json: true\njson: false", ":2:1"],
    ["json: yes", ":1:7"],
    ["root: [a]", ":1:7"],
    ["root: {a: b}", ":1:7"],
    ["root: 1", ":1:7"],
    ["key: [a, 1]", ":1:6"],
    ["key: &a x\nroot: *a", ":2:7"],
    ["- json", ":1:1"],
    ["json: [", ":1:"],
    ["__proto__: x", ":1:1"],
    ["toString: x", ":1:1"],
    ["out: x", ":1:1"],
    ["key-passphrase: x", ":1:1"],
    ["1: x", ":1:1"],
  ])("refuses %j at %s", (text, place) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: "ARGUMENT_INVALID",
        subject: expect.stringContaining(`/etc/c.yaml${place}`),
      }),
    );
  });

  it("refuses or understands any text", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...Object.keys(SETTINGS)), (text, name) => {
        for (const each of [text, `${name}: ${text}`]) {
          expect(Object.keys(SETTINGS)).toEqual(expect.arrayContaining(keysOrRefusal(each)));
        }
      }),
    );
  });
});
