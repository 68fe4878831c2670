// What holds for every command: one object with --json, errors on standard error, no secrets, no stack.

import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "./commands/all.ts";
import { goferry } from "./testing/terminal.ts";
import { VERSION } from "./version.ts";

const cwd = "/";

describe("run", () => {
  it("shows the version", async () => {
    expect(await goferry(["--version"], { cwd })).toMatchObject({
      code: 0,
      stdout: `goferry ${VERSION}\n`,
      stderr: "",
    });
    expect((await goferry(["--version", "--json"], { cwd })).json()).toEqual({ version: VERSION });
  });

  it("refuses wrong usage with exit code 2, and says what was meant", async () => {
    const { code, stdout, stderr } = await goferry(["instal"], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /^goferry: ARGUMENT_INVALID instal: .*\n {2}expected: .*\n {2}next: .*goferry install\n$/u,
    );
  });

  it.each([
    { argv: ["instal", "--json"], env: {} },
    { argv: ["verify", "--kye", "--json"], env: {} },
    { argv: ["instal"], env: { GOFERRY_JSON: "1" } },
    { argv: ["list", "--json", "--root", ""], env: {} },
    { argv: ["list", "--json"], env: { GOFERRY_QUIET: "perhaps" } },
  ])("prints usage errors as one object too: $argv $env", async ({ argv, env }) => {
    const result = await goferry(argv, { cwd, env });
    expect(result).toMatchObject({ code: 2, stderr: "" });
    expect(Object.keys(result.json())).toEqual(["error"]);
    expect(result.json()).toMatchObject({ error: { code: "ARGUMENT_INVALID" } });
  });

  it.each(COMMANDS.map(({ name }) => name))("refuses an unknown flag of %s", async (name) => {
    const { code, stderr } = await goferry([...name.split(" "), "--jsno"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("Did you mean --json?");
  });

  it.each(["x", "GOFERRY_JSON=1"])("says what is required and missing", async (mode) => {
    const env = mode === "x" ? {} : { GOFERRY_JSON: "1" };
    const { code, stdout, stderr } = await goferry(["verify", "site.tar"], { cwd, env });
    expect(code).toBe(2);
    expect(mode === "x" ? stderr : stdout).toContain("--key FILE, GOFERRY_KEY, key: in a config file");
  });

  it("makes mistakes of our own short, and shows where they are only for GOFERRY_DEBUG", async () => {
    const words = [
      "key",
      "generate",
      "--name",
      "n",
      "--email",
      "e@x",
      "--out",
      "/nowhere",
      "--no-passphrase",
    ];
    const now = (): Date => {
      throw new TypeError("planted mistake");
    };
    const short = await goferry(words, { cwd, now });
    expect(short).toMatchObject({ code: 1, stdout: "" });
    expect(short.stderr).toMatch(/^goferry: INTERNAL /u);
    expect(short.stderr).toContain("planted mistake");
    expect(short.stderr).not.toContain("run.test.ts");
    const long = await goferry(words, { cwd, now, env: { GOFERRY_DEBUG: "1" } });
    expect(long.stderr).toContain("run.test.ts");
    const json = await goferry([...words, "--json"], { cwd, now, env: { GOFERRY_DEBUG: "0" } });
    expect(json.json()).toMatchObject({ error: { code: "INTERNAL" } });
    expect(json.stderr).toBe("");
  });

  it("is quiet about a reader that has gone, and not about a full disk", async () => {
    const gone = await goferry(["--help"], { cwd, stdout: failing("EPIPE") });
    expect(gone).toMatchObject({ code: 0, stderr: "" });
    const full = await goferry(["--help"], { cwd, stdout: failing("ENOSPC") });
    expect(full.code).toBe(6);
    expect(full.stderr).toContain("DISK_FULL standard output");
  });

  it("wraps and colors on a terminal, unless NO_COLOR says otherwise", async () => {
    const colored = await goferry(["instal"], { cwd, columns: 40, env: { TERM: "xterm" } });
    expect(colored.stderr).toContain("\u001b[31m");
    const plain = await goferry(["instal"], { cwd, columns: 40, env: { TERM: "xterm", NO_COLOR: "1" } });
    expect(plain.stderr).not.toContain("\u001b[");
    for (const line of plain.stderr.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
  });
});

/** A stream that the system refuses to write to. */
function failing(code: string): Writable {
  const stream = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error(`write ${code}`), { code, syscall: "write" }));
    },
  });
  return stream.on("error", () => undefined);
}
