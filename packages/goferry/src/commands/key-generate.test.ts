import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readTrustedKey } from "@goferry/core";
import { unlockKey } from "@goferry/bundler";
import { describe, expect, it } from "vitest";
import { goferry, testFolder } from "../testing/terminal.ts";

const WHO = ["key", "generate", "--name", "Site builds", "--email", "builds@example.com"];
const WORDS = [...WHO, "--out", "keys"];

async function opens(folder: string, passphrase?: string): Promise<boolean> {
  const armored = await readFile(join(folder, "keys/private.asc"), "utf8");
  return await unlockKey(armored, passphrase).then(
    () => true,
    () => false,
  );
}

describe("key generate", () => {
  it("makes a pair protected by the passphrase of the environment, and prints no secret", async () => {
    await using folder = await testFolder();
    const env = { GOFERRY_KEY_PASSPHRASE: "pl4nted secret" };
    const result = await goferry([...WORDS, "--json"], { cwd: folder.path, env });
    expect(result).toMatchObject({ code: 0, stderr: "" });
    const { fingerprint } = await readTrustedKey(await readFile(join(folder.path, "keys/public.asc")));
    expect(result.json()).toEqual({
      fingerprint,
      privateFile: join(folder.path, "keys/private.asc"),
      publicFile: join(folder.path, "keys/public.asc"),
      protected: true,
    });
    expect(result.stdout).not.toContain("pl4nted");
    expect((await stat(join(folder.path, "keys/private.asc"))).mode & 0o777).toBe(0o600);
    expect(await opens(folder.path, "pl4nted secret")).toBe(true);
    expect(await opens(folder.path)).toBe(false);
  });

  it("takes the passphrase from the first line of a file, before the environment", async () => {
    await using folder = await testFolder();
    await writeFile(join(folder.path, "pass"), "from the file\r\nnot this\n");
    const env = { GOFERRY_KEY_PASSPHRASE: "from the environment" };
    const { code, stdout } = await goferry([...WORDS, "--passphrase-file", "pass"], {
      cwd: folder.path,
      env,
    });
    expect(code).toBe(0);
    expect(stdout).toContain("with a passphrase");
    expect(await opens(folder.path, "from the file")).toBe(true);
  });

  it("asks twice on a terminal, and shows nothing of what is typed", async () => {
    await using folder = await testFolder();
    const typed = ["typed secret\r", "typed secret\r"];
    const { code, stdout, stderr } = await goferry(WORDS, { cwd: folder.path, typed });
    expect(code).toBe(0);
    expect(stderr).toBe("<raw>Passphrase for the new key: <normal>\n<raw>The same again: <normal>\n");
    expect(stdout + stderr).not.toContain("typed secret");
    expect(await opens(folder.path, "typed secret")).toBe(true);
  });

  it.each([
    ["typed differently", ["one\r", "two\r"], 2, "ARGUMENT_INVALID"],
    ["left empty", ["\r"], 2, "ARGUMENT_INVALID"],
    ["given up", ["abc\u0003"], 130, "INTERRUPTED"],
  ])("makes no key when the passphrase is %s", async (_, typed, exit, error) => {
    await using folder = await testFolder();
    const { code, stderr } = await goferry(WORDS, { cwd: folder.path, typed });
    expect(code).toBe(exit);
    expect(stderr.replaceAll("\n    ", " ")).toContain(error);
    expect(await stat(join(folder.path, "keys")).catch(() => "absent")).toBe("absent");
  });

  it("makes a key without a passphrase only when that is asked for", async () => {
    await using folder = await testFolder();
    const refused = await goferry([...WORDS, "--json"], { cwd: folder.path });
    expect(refused.code).toBe(2);
    expect(refused.json()).toMatchObject({ error: { code: "PASSPHRASE_MISSING" } });
    const empty = await goferry(WORDS, { cwd: folder.path, env: { GOFERRY_KEY_PASSPHRASE: "" } });
    expect(empty.code).toBe(2);
    const made = await goferry([...WORDS, "--no-passphrase"], {
      cwd: folder.path,
      env: { GOFERRY_KEY_PASSPHRASE: "not used" },
    });
    expect(made.code).toBe(0);
    expect(made.stdout).toContain("without a passphrase");
    expect(await opens(folder.path)).toBe(true);
    // Yes to everything is not yes to this.
    const yes = await goferry([...WHO, "--out", "other", "--yes", "--json"], { cwd: folder.path });
    expect(yes.json()).toMatchObject({ error: { code: "PASSPHRASE_MISSING" } });
  });

  it("never overwrites a key", async () => {
    await using folder = await testFolder();
    await goferry([...WORDS, "--no-passphrase"], { cwd: folder.path });
    const before = await readFile(join(folder.path, "keys/private.asc"), "utf8");
    const result = await goferry([...WORDS, "--no-passphrase", "--json"], { cwd: folder.path });
    expect(result.code).toBe(2);
    expect(result.json()).toMatchObject({ error: { code: "OUTPUT_EXISTS" } });
    expect(await readFile(join(folder.path, "keys/private.asc"), "utf8")).toBe(before);
  });

  it("writes nothing with --dry-run", async () => {
    await using folder = await testFolder();
    const { code, stdout } = await goferry([...WORDS, "--dry-run"], { cwd: folder.path });
    expect(code).toBe(0);
    expect(stdout).toContain("keys/private.asc");
    expect(await stat(join(folder.path, "keys")).catch(() => "absent")).toBe("absent");
  });

  it.each([
    ["a name that is none", ["--name", "a<b"], "ARGUMENT_INVALID", 2],
    ["an address that is none", ["--email", "nobody"], "ARGUMENT_INVALID", 2],
    ["a passphrase file that is not there", ["--passphrase-file", "nope"], "NOT_FOUND", 7],
    ["an empty passphrase file", ["--passphrase-file", "/dev/null"], "PASSPHRASE_MISSING", 2],
    ["two answers to one question", ["--passphrase-file", "x", "--no-passphrase"], "ARGUMENT_INVALID", 2],
    ["an output that is a file", ["--out", "file/keys"], "IO_FAILED", 6],
  ])("refuses %s", async (_, changed, error, exit) => {
    await using folder = await testFolder();
    await writeFile(join(folder.path, "file"), "");
    const rest = WORDS.slice(2).flatMap((word, i, all) =>
      i % 2 === 0 && !changed.includes(word) ? [word, all[i + 1] ?? ""] : [],
    );
    const env = { GOFERRY_KEY_PASSPHRASE: "secret" };
    const result = await goferry(["key", "generate", ...rest, ...changed, "--json"], {
      cwd: folder.path,
      env,
    });
    expect(result.json()).toMatchObject({ error: { code: error } });
    expect(result.code).toBe(exit);
  });

  it("makes the folder, and says so when it may not", async () => {
    await using folder = await testFolder();
    await mkdir(join(folder.path, "deep"));
    const words = [...WHO, "--out", "deep/er/keys"];
    expect(await goferry([...words, "--no-passphrase"], { cwd: folder.path })).toMatchObject({ code: 0 });
    await chmod(join(folder.path, "deep"), 0o700);
    expect(await readFile(join(folder.path, "deep/er/keys/public.asc"), "utf8")).toContain("PUBLIC KEY");
  });
});
