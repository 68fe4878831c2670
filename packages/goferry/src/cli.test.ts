import { GoferryError } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLine } from "./cli.ts";
import { COMMANDS } from "./commands/all.ts";

function parse(line: string): ReturnType<typeof parseLine> {
  return parseLine(line === "" ? [] : line.split(" "), COMMANDS);
}

function refusal(line: string): GoferryError {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof GoferryError) return error;
    throw error;
  }
  throw new Error(`${line} was not refused`);
}

function outcome(words: string[]): unknown {
  try {
    return parseLine(words, COMMANDS).ask;
  } catch (error) {
    return error instanceof GoferryError ? error.code : error;
  }
}

describe("parseLine", () => {
  it("takes commands of one and of two words, flags before and after", () => {
    expect(parse("--json verify a.tar --key=k1 --quick --key k2")).toMatchObject({
      ask: "run",
      command: { name: "verify" },
      flags: { json: true, key: ["k1", "k2"], quick: true },
      positionals: ["a.tar"],
    });
    expect(parse("key generate --name N")).toMatchObject({
      command: { name: "key generate" },
      positionals: [],
    });
  });

  it("takes the value of a flag, not two, and leaves numbers alone", () => {
    expect(parse("verify --key a 1e3 --min-signatures 0x2")).toMatchObject({
      flags: { key: ["a"], "min-signatures": "0x2" },
      positionals: ["1e3"],
    });
  });

  it("takes everything after -- for arguments", () => {
    expect(parse("verify -- --key")).toMatchObject({ flags: {}, positionals: ["--key"] });
  });

  it("knows flags that are switched off", () => {
    expect(parse("list --json=false")).toMatchObject({ flags: { json: false } });
  });

  it.each([
    ["--help", ""],
    ["-h", ""],
    ["help", ""],
    ["help install", "install"],
    ["install --help", "install"],
    ["install x.tar -h", "install"],
    ["key --help", "key"],
    ["help key generate", "key generate"],
  ])("answers %j with help about %j", (line, topic) => {
    expect(parse(line)).toEqual({ ask: "help", topic });
  });

  it.each(["--version", "list --version"])("answers %j with the version", (line) => {
    expect(parse(line)).toEqual({ ask: "version" });
  });

  it.each([
    ["", "goferry", undefined],
    ["key", "goferry key", undefined],
    ["instal x.tar", "instal", "install"],
    ["key generat", "key generat", "key generate"],
    ["frobnicate", "frobnicate", undefined],
    ["help frobnicate", "frobnicate", undefined],
    ["verify a.tar --kye k", "--kye", "--key"],
    ["verify a.tar --Quick", "--Quick", "--quick"],
    ["install a.tar --no-zip", "--no-zip", "--no-zips"],
    ["list --no-json", "--no-json", undefined],
    ["list -q", "-q", undefined],
    ["list --xyzzy=1", "--xyzzy", undefined],
    ["verify a.tar --__proto__.x=1", "--__proto__.x", undefined],
    ["verify a.tar b.tar --key k", "b.tar", undefined],
    ["verify a.tar --key", "--key", undefined],
    ["verify a.tar --key --quick", "--key", undefined],
    ["list --json=maybe", "--json", undefined],
    ["list --root a --root b", "--root", undefined],
    ["verify --bundle x", "--bundle", undefined],
  ])("refuses %j because of %s", (line, subject, meant) => {
    const error = refusal(line);
    expect(error).toMatchObject({ code: "ARGUMENT_INVALID", exitCode: 2, subject });
    const [, suggestion] = /^Did you mean:? (?:goferry )?(.*?)\??$/u.exec(error.next ?? "") ?? [];
    expect(suggestion).toBe(meant);
  });

  it("refuses or understands whatever it is given, and writes nothing", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "verify",
        "key",
        "generate",
        "--key",
        "--json",
        "--",
        "-h",
        "--root=",
        "--toString",
        "-",
        "=1",
      ),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        expect(["run", "help", "version", "ARGUMENT_INVALID"]).toContain(outcome(words));
      }),
      { numRuns: 300 },
    );
  });
});
