import { describe, expect, it } from "vitest";
import { parseLine } from "./cli.ts";
import { COMMANDS } from "./commands/all.ts";
import { splitWords } from "./testing/words.ts";
import { goferry } from "./testing/terminal.ts";

const cwd = "/";

describe("help", () => {
  it("lists every command and every exit code", async () => {
    const { code, stdout, stderr } = await goferry(["--help"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const { name } of COMMANDS) expect(stdout).toContain(`  ${name} `);
    for (const exit of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130]) {
      expect(stdout).toMatch(new RegExp(`^ +${exit}  \\w`, "mu"));
    }
  });

  it("of the beginning of a command lists those that begin so", async () => {
    const { stdout } = await goferry(["key", "--help"], { cwd });
    expect(stdout).toContain("key generate");
    expect(stdout).not.toContain("inspect");
  });

  describe.each(COMMANDS.map((command) => [command.name, command] as const))("of %s", (name, command) => {
    it("names every flag, has examples, and ends with exit codes", async () => {
      const { code, stdout } = await goferry([...name.split(" "), "--help"], { cwd });
      expect(code).toBe(0);
      for (const flag of Object.keys(command.options)) expect(stdout).toContain(`--${flag}`);
      expect(command.examples.length).toBeGreaterThanOrEqual(2);
      for (const { line } of command.examples) expect(stdout).toContain(`\n  ${line}\n`);
      const last = stdout.slice(stdout.indexOf("Exit codes:")).trimEnd().split("\n").slice(1);
      const codes = last.map((each) => Number(each.trim().split(" ")[0]));
      expect(codes).toEqual([...new Set([0, 1, 130, ...command.exits])].sort((a, b) => a - b));
    });

    it("has only examples that are understood", () => {
      for (const { line } of command.examples) {
        const [program, ...words] = splitWords(line.replace(/^sudo /u, ""));
        expect(program).toBe("goferry");
        const required = Object.entries(command.options).filter(([, option]) => option.required === true);
        const flags = Object.fromEntries(required.map(([flag]) => [flag, expect.anything()]));
        expect(parseLine(words, COMMANDS)).toMatchObject({ ask: "run", command: { name }, flags });
      }
    });

    it("fits a narrow terminal", async () => {
      const { stdout } = await goferry([...name.split(" "), "--help"], { cwd });
      const examples = command.examples.flatMap(({ line, what }) => [`  ${line}`, `  # ${what}`]);
      const long = stdout.split("\n").filter((each) => each.length > 110 && !examples.includes(each));
      expect(long).toEqual([]);
    });
  });

  it("is one object with --json", async () => {
    expect((await goferry(["list", "--help", "--json"], { cwd })).json()).toMatchObject({
      help: expect.stringContaining("Usage: goferry list"),
    });
  });
});
