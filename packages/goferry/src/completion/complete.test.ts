import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLine } from "../cli.ts";
import { COMMANDS } from "../commands/all.ts";
import { goferry } from "../testing/terminal.ts";
import { complete, completionText } from "./complete.ts";

function candidates(...words: string[]): string[] {
  return complete(words, COMMANDS).candidates.map(({ value }) => value);
}

describe("complete", () => {
  it("has every command, a word at a time", () => {
    expect(new Set(candidates(""))).toEqual(new Set(COMMANDS.map(({ name }) => name.split(" ")[0])));
    expect(candidates("ver")).toEqual(["verify"]);
    expect(candidates("--json", "key", "")).toEqual(["generate"]);
    expect(candidates("completion", "")).toEqual(["bash", "zsh", "fish", "powershell"]);
    expect(candidates("completion", "f")).toEqual(["fish"]);
    expect(candidates("--v")).toEqual(["--version"]);
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    "has every flag of %s",
    (name, { options }) => {
      const found = candidates(...name.split(" "), "--");
      expect(found).toEqual(
        expect.arrayContaining(["json", "help", ...Object.keys(options)].map((each) => `--${each}`)),
      );
      for (const flag of found) expect(candidates(...name.split(" "), flag)).toContain(flag);
    },
  );

  it("does not offer a flag twice, unless it may be given twice", () => {
    const found = candidates("verify", "--quick", "--key", "k", "--min-signatures=2", "--");
    expect(found).not.toContain("--quick");
    expect(found).not.toContain("--min-signatures");
    expect(found).toContain("--key");
  });

  it("offers the values of a flag that has a choice, in its own word or in the next", () => {
    expect(candidates("install", "--path", "")).toEqual(["none", "profile"]);
    expect(candidates("install", "--path", "p")).toEqual(["profile"]);
    expect(candidates("install", "--path=n")).toEqual(["--path=none"]);
  });

  it.each([
    [["verify", ""], "files"],
    [["verify", "site.tar", ""], "none"],
    [["verify", "--quick", "site.tar", "--key", ""], "files"],
    [["verify", "--key", "public.asc", ""], "files"],
    [["diff", "a", ""], "files"],
    [["diff", "a", "--", "--b", ""], "none"],
    [["list", "--root", ""], "folders"],
    [["init", ""], "folders"],
    [["key", "generate", "--name", ""], "none"],
    [["key", "generate", ""], "none"],
    [["frobnicate", ""], "none"],
    [["list", "--json", ""], "none"],
  ])("of %j leaves to the shell: %s", (words, paths) => expect(complete(words, COMMANDS).paths).toBe(paths));

  it("answers whatever is typed, with what begins with it, and commands that are understood", () => {
    const names = COMMANDS.flatMap(({ name }) => name.split(" "));
    const flags = COMMANDS.flatMap(({ options }) => Object.keys(options).map((name) => `--${name}`));
    const word = fc.oneof(fc.string(), fc.constantFrom("", "-", "--", "=", "--key=", ...names, ...flags));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const { candidates: found } = complete(words, COMMANDS);
        for (const { value } of found) expect(value.startsWith(words.at(-1) ?? "")).toBe(true);
        for (const { value, help } of found) expect(value + help).not.toMatch(/[\t\n]/u);
      }),
    );
    for (const name of COMMANDS.map((command) => command.name)) {
      const walked = name.split(" ").map((_, i, all) => candidates(...all.slice(0, i), all[i] ?? "")[0]);
      expect(parseLine([...walked.map(String), "--help"], COMMANDS)).toEqual({ ask: "help", topic: name });
    }
  });

  it("is printed for scripts, whatever settings there are", async () => {
    const { code, stdout } = await goferry(["__complete", "verify", "--qui"], {
      cwd: "/",
      env: { GOFERRY_JSON: "maybe" },
    });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: completionText(complete(["verify", "--qui"], COMMANDS)),
    });
    expect(stdout).toMatch(/^--quiet\t.*\n--quick\t.*\n:none\n$|^--quick\t.*\n--quiet\t.*\n:none\n$/u);
  });
});
