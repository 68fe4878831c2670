import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { shellQuote } from "./shell-quote.ts";

it.each(["/opt/go-ferry_1.2", "", " ", "it's", "''", '$(id) `id` "$HOME" \\ * ! ~ # ;&|<>', "a\nb", "ü"])(
  "makes one word of %j",
  async (word) => {
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", `printf '<%s>' ${shellQuote(word)}`]);
    expect(stdout).toBe(`<${word}>`);
  },
);

it("leaves plain paths as they are", () => {
  expect(shellQuote("/opt/goferry/bin/go1.27.1")).toBe("/opt/goferry/bin/go1.27.1");
});

it.each([
  ["C:\\goferry\\bin", "C:\\goferry\\bin"],
  ["C:\\Prüf stand\\goferry", '"C:\\Prüf stand\\goferry"'],
  ["C:\\Program Files (x86)\\it's", '"C:\\Program Files (x86)\\it\'s"'],
  ["\\\\server\\share name\\go", '"\\\\server\\share name\\go"'],
])("gives a path of Windows the quotes that cmd and PowerShell know: %s", (path, quoted) => {
  expect(shellQuote(path)).toBe(quoted);
});
