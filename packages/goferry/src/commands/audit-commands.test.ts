// audit and audit verify, on a root that a small bundle was installed in.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { goPlatform } from "../machine.ts";
import { makeBundle, type TestBundle } from "../testing/bundle.ts";
import { goferry, testFolder, type TestResult } from "../testing/terminal.ts";

const log = checksumLog();
let folder: Awaited<ReturnType<typeof testFolder>>;
let bundle: TestBundle;
let root: string;
let file: string;

beforeAll(async () => {
  folder = await testFolder();
  root = join(folder.path, "root");
  file = join(root, "state", "audit.jsonl");
  bundle = await makeBundle(folder.path, {
    platform: goPlatform({ os: process.platform, arch: process.arch }),
    log,
  });
});

afterAll(() => folder[Symbol.asyncDispose]());

async function run(words: string[], env: Record<string, string> = {}): Promise<TestResult> {
  return await goferry([...words, "--root", root], { cwd: folder.path, env });
}

const install = (): string[] => ["install", bundle.file, "--key", bundle.publicKey, "--log-key", log.vkey];

async function auditWords(): Promise<string[]> {
  const { entries } = (await run(["audit", "--json"])).json() as {
    entries: { action: string; subject: string; result: string }[];
  };
  return entries.map(({ action, subject, result }) => `${action} ${subject} ${result}`);
}

describe("audit", () => {
  it("finds nothing where there is no root, and makes none", async () => {
    expect((await run(["audit"])).code).toBe(7);
    const refused = await run(install());
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining("PRIVATE_REFUSED") });
    expect((await run(["audit", "verify"])).code).toBe(7);
  });

  it("lists changes and failures, with the user behind sudo, and verifies", async () => {
    expect(
      (await run([...install(), "--allow-private", "corp.example.com/*"], { SUDO_USER: "anna" })).code,
    ).toBe(0);
    expect((await run(["use", "1.26.8"])).code).toBe(7);
    await using elsewhere = await testFolder();
    const { publicKey } = await makeBundle(elsewhere.path, { platform: "plan9/386", log: checksumLog() });
    expect((await run(["install", bundle.file, "--key", publicKey])).code).toBe(3);
    expect((await run(["use", "1.26.8", "--dry-run"])).code).toBe(7);
    expect((await run(["use", "--nonsense"])).code).toBe(2);
    expect((await run(["trust", "allow-private", "corp.example.net"])).code).toBe(0);
    expect(await auditWords()).toEqual([
      expect.stringMatching(/^install tiny serial \d+ .* done$/u),
      "use 1.26.8 NOT_FOUND",
      "install tiny.tar SIGNATURE_UNTRUSTED",
      "trust allow-private corp.example.net done",
    ]);
    const { stdout } = await run(["audit", "--last", "2"]);
    expect(stdout).toContain("4 lines, of which the last 2");
    expect(stdout).not.toContain("anna");
    expect((await run(["audit"])).stdout).toMatch(
      /tester \(anna\) {2}install tiny serial .*: done, signed by [0-9A-F]{40}/u,
    );
    expect(await run(["audit", "verify"])).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringContaining("is whole"),
    });
  });

  it("asks whether the log still contains what was noted", async () => {
    const { head, lines } = (await run(["audit", "verify", "--json"])).json();
    expect({ head, lines }).toEqual({ head: expect.stringMatching(/^sha256:[0-9a-f]{64}$/u), lines: 4 });
    expect((await run(["use", "1.26.8"])).code).toBe(7);
    const there = await run(["audit", "verify", "--expect", String(head)]);
    expect(there).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("is there, and 1 line after it"),
    });
    const absent = await run(["audit", "verify", "--expect", `sha256:${"0".repeat(64)}`]);
    expect(absent).toMatchObject({ code: 3, stdout: expect.stringContaining("AUDIT_BROKEN") });
    expect((await run(["audit", "verify", "--expect", "5f"])).code).toBe(2);
  });

  it("names the line that was changed, in both commands", async () => {
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace('"anna"', '"otto"'));
    const { code, stdout } = await run(["audit", "verify"]);
    expect(code).toBe(3);
    expect(stdout).toContain("audit.jsonl:2: the line does not continue the one before");
    expect((await run(["audit", "verify", "--json"])).json()).toMatchObject({
      whole: false,
      code: "AUDIT_BROKEN",
      breaks: [{ place: "audit.jsonl:2" }],
    });
    expect((await run(["audit"])).stderr).toContain("next: goferry audit verify");
    await writeFile(file, text);
    expect((await run(["audit", "verify"])).code).toBe(0);
  });

  it("fails no command whose failure it cannot take down", async () => {
    await writeFile(join(root, "state", "journal.json"), "{");
    const { code, stderr } = await run(["use", "1.26.8"]);
    expect({ code, damaged: stderr.includes("JOURNAL_DAMAGED") }).toEqual({ code: 6, damaged: true });
  });
});
