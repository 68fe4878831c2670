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
