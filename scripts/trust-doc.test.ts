// docs/TRUST.md names the codes that stop somebody, the tests that show it and the commands to type: all of them are there.

import { access, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { CODES } from "../packages/core/src/index.ts";
import { COMMANDS } from "../packages/goferry/src/commands/all.ts";

const ROOT = new URL("../", import.meta.url);
const text = await readFile(new URL("packages/goferry/docs/TRUST.md", ROOT), "utf8");

it("names codes that there are", () => {
  const named = new Set(Array.from(text.matchAll(/`([A-Z]+_[A-Z_]+)`/gu), ([, code = ""]) => code));
  expect(named.size).toBeGreaterThan(20);
  // The format's document and Go's settings are no codes.
  expect([...named].filter((code) => !(code in CODES))).toEqual([]);
});

it("names tests that there are", async () => {
  const paths = new Set(text.match(/\b(?:test|core|installer|bundler|goferry)\/[\w/.-]*(?:\.test\.ts|\/)/gu));
  expect(paths.size).toBeGreaterThan(15);
  const absent: string[] = [];
  for (const path of paths) {
    const place = path.startsWith("test/") ? path : `packages/${path}`;
    await access(new URL(place, ROOT)).catch(() => absent.push(path));
  }
  expect(absent).toEqual([]);
});

it("names commands and flags that there are", () => {
  const names = new Set(COMMANDS.map(({ name }) => name));
  const lines = Array.from(text.matchAll(/`goferry ([^`]+)`/gu), ([, line = ""]) => line);
  expect(lines.length).toBeGreaterThan(8);
  for (const line of lines) {
    const words = line.split(" ");
    const command = [words.slice(0, 2).join(" "), words[0] ?? ""].find((name) => names.has(name));
    expect(command, line).toBeDefined();
    const options = COMMANDS.find(({ name }) => name === command)?.options ?? {};
    for (const [, flag = ""] of line.matchAll(/--([a-z-]+)/gu)) {
      expect(flag === "json" || flag in options, `--${flag} of ${command}`).toBe(true);
    }
  }
});
