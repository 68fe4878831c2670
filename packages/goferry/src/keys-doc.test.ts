// The command lines of KEYS.md are for people at night: each must be one that goferry understands.

import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { parseLine } from "./cli.ts";
import { COMMANDS } from "./commands/all.ts";
import { splitWords } from "./testing/words.ts";

it("has only command lines that are understood", async () => {
  const text = await readFile(new URL("../docs/KEYS.md", import.meta.url), "utf8");
  const inline = [...text.matchAll(/`(goferry [^`…]+)`/gu)].map(([, line = ""]) => line);
  const shell = [...text.matchAll(/^```sh\n([^]*?)^```$/gmu)].map(([, block = ""]) => block).join("");
  const blocks = [...shell.matchAll(/^(?:sudo )?(goferry .*)$/gmu)].map(([, line = ""]) => line);
  const lines = [...inline, ...blocks].filter((line) => /^goferry [a-z-]+ .*[A-Z./0-9]/u.test(line));
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) {
    const [, ...words] = splitWords(line.replace(/\s+#.*$/u, "").replaceAll("\n", " "));
    expect(parseLine(words, COMMANDS), line).toMatchObject({ ask: "run" });
  }
});
