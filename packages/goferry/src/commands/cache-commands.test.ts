import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { goferry, testFolder } from "../testing/terminal.ts";

/** A layer whose name says another digest, 1,000 bytes. */
async function plant(cwd: string): Promise<string> {
  const cache = join(cwd, "cache");
  await mkdir(join(cache, "layers/blobs/00"), { recursive: true, mode: 0o700 });
  await writeFile(join(cache, "layers/blobs/00", "0".repeat(64)), "x".repeat(1000));
  return cache;
}

describe("goferry cache", () => {
  it("says how large it is and what is in it", async () => {
    await using folder = await testFolder();
    const cwd = folder.path;
    const cache = await plant(cwd);
    const shown = await goferry(["cache", "--cache", "cache"], { cwd });
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toContain(`${cache}: 1.0 kB`);
    expect(shown.stdout).toMatch(/^ {2}layers {2}1 item, 1\.0 kB, last used /mu);
    expect((await goferry(["cache", "--cache", "cache", "--json"], { cwd })).json()).toMatchObject({
      folder: cache,
      bytes: 1000,
      kinds: [{ kind: "layers", items: 1, bytes: 1000 }],
    });
  });

  it("of nobody who has built yet is empty", async () => {
    await using folder = await testFolder();
    const { code, stdout } = await goferry(["cache", "--cache", "none"], { cwd: folder.path });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${join(folder.path, "none")}: 0 B\n` });
  });

  it("verify names what is damaged, removes it, and ends with 3", async () => {
    await using folder = await testFolder();
    const cwd = folder.path;
    await plant(cwd);
    const words = ["cache", "verify", "--cache", "cache"];
    const name = `layers/blobs/00/${"0".repeat(64)}`;
    const dry = await goferry([...words, "--dry-run", "--json"], { cwd });
    expect(dry.code).toBe(3);
    expect(dry.json()).toMatchObject({ checked: 1, damaged: [name], dryRun: true });
    const found = await goferry(words, { cwd });
    expect(found.code).toBe(3);
    expect(found.stdout).toContain("1 of 1 item damaged and removed");
    expect(found.stdout).toContain(name);
    const again = await goferry(words, { cwd });
    expect(again.code).toBe(0);
    expect(again.stdout).toContain("is whole: 0 items");
  });

  it("trim says what it frees, and frees it", async () => {
    await using folder = await testFolder();
    const cwd = folder.path;
    await plant(cwd);
    const words = ["cache", "trim", "--cache", "cache"];
    const now = (): Date => new Date();
    expect((await goferry(words, { cwd, now })).stdout).toContain("Freed 0 B");
    const dry = await goferry([...words, "--all", "--dry-run", "--json"], { cwd, now });
    expect(dry.json()).toMatchObject({ freed: 1000, bytes: 0, dryRun: true });
    const later = (): Date => new Date(Date.now() + 31 * 86_400_000);
    expect((await goferry(words, { cwd, now: later })).stdout).toContain("Freed 1.0 kB");
    expect((await goferry(["cache", "--cache", "cache", "--json"], { cwd })).json()["bytes"]).toBe(0);
  });
});
