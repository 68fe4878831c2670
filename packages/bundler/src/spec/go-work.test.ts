import { describe, expect, it } from "vitest";
import { parseGoWork } from "./go-work.ts";

// Every case was compared with what `go work edit -json` of go1.26.8 says to the same text.

describe("parseGoWork", () => {
  it("reads lines and blocks", () => {
    const text = `go 1.26.8 // c
toolchain go1.27.1

godebug default=go1.21
use ./one // example.com/one
use (
\t.
\t"../two words"
\t\`./raw\`
)
replace (
\ta.b/c v1.0.0 => ./c
\ta.b/d => x.y/d v1.2.3
)
`;
    expect(parseGoWork(text, "go.work")).toEqual({
      go: "1.26.8",
      toolchain: "go1.27.1",
      uses: ["./one", ".", "../two words", "./raw"],
      replaces: [
        { path: "a.b/c", version: "v1.0.0", folder: "./c" },
        { path: "a.b/d", version: undefined, folder: undefined },
      ],
    });
  });

  it("reads one that uses nothing", () => {
    expect(parseGoWork("", "go.work")).toEqual({
      go: undefined,
      toolchain: undefined,
      uses: [],
      replaces: [],
    });
  });

  it.each([
    ["a use line without a folder", "go 1.21\nuse\n", 2],
    ["two folders on a line", "use ./a ./b\n", 1],
    ["an empty folder", 'use ""\n', 1],
    ["two go lines", "go 1.21\ngo 1.22\n", 2],
    ["a version that is none", "go one\n", 1],
    ["an open block", "use (\n./a\n", 1],
  ])("refuses %s", (_, text, line) => {
    expect(() => parseGoWork(text, "app/go.work")).toThrow(
      expect.objectContaining({ code: "PROJECT_INVALID", subject: `app/go.work:${line}` }),
    );
  });
});
