// Runs that nobody watches: answers from a file, and no question where nobody can answer.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checksumLog } from "../../../test/kit/checksum-log.ts";
import { COMMANDS } from "./commands/all.ts";
import { goPlatform } from "./machine.ts";
import type { Input } from "./terminal.ts";
import { makeBundle } from "./testing/bundle.ts";
import { goferry, testFolder } from "./testing/terminal.ts";
import { splitWords } from "./testing/words.ts";

describe("--answers", () => {
  it("has the values of flags and arguments, with paths from its own folder; a flag wins", async () => {
    await using folder = await testFolder();
    const log = checksumLog();
    const site = join(folder.path, "site");
    await mkdir(site);
    await makeBundle(site, { platform: goPlatform({ os: process.platform, arch: process.arch }), log });
    const answers = [
      "# What goferry install would be told by hand",
      "bundle: tiny.tar",
      "key: [public.asc]",
      "root: ../root",
      "only: go1.27.1",
      "no-modules: true",
      `log-key: ${log.vkey}`,
      "allow-private: corp.example.com/*",
      "lock-timeout: 10m",
      "json: true",
      "quiet: false",
    ];
    await writeFile(join(site, "answers.yaml"), answers.join("\n"));
    const run = async (...words: string[]): ReturnType<typeof goferry> =>
      await goferry(["install", "--answers", "site/answers.yaml", ...words], {
        cwd: folder.path,
        env: { GOFERRY_ROOT: "/nonexistent", GOFERRY_LOCK_TIMEOUT: "not a time" },
      });
    const first = await run();
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: "" });
    const root = join(folder.path, "root");
    expect(first.json()).toMatchObject({
      changed: true,
      root,
      selected: { go: ["1.27.1"], modules: "none" },
    });
    expect((await run()).json()).toMatchObject({ changed: false });
    expect((await run("--root", "other")).json()).toMatchObject({ root: join(folder.path, "other") });
  });

  it.each([
    ["bundel: x.tar", "2:1", "Did you mean bundle?"],
    ["key: 3", "2:6", "text, or a list of texts"],
    ["lock-timeout: soon", "2:15", "30s"],
    ["passphrase: secret", "2:1", "there is no setting of the name"],
    ["allow-downgrade: true", "2:1", "there is no setting of the name"],
    ["answers: more.yaml", "2:1", "there is no setting of the name"],
    ["key: a.asc\nkey: b.asc", "3:1", "unique"],
  ])("refuses %j by line and column", async (line, place, text) => {
    await using folder = await testFolder();
    await writeFile(join(folder.path, "a.yaml"), `root: r\n${line}\n`);
    const { code, stderr } = await goferry(["install", "x.tar", "--key", "k", "--answers", "a.yaml"], {
      cwd: folder.path,
    });
    expect(code).toBe(2);
    expect(stderr).toContain(`${folder.path}/a.yaml:${place}`);
    expect(stderr).toContain(text);
  });

  it("that are not there are an error", async () => {
    const { code, stderr } = await goferry(["list", "--answers", "absent.yaml"], { cwd: "/nonexistent" });
    expect({ code, stderr }).toEqual({
      code: 7,
      stderr: expect.stringContaining("/nonexistent/absent.yaml"),
    });
  });
});

describe("without a terminal", () => {
  /** Whoever reads from it, or changes its mode, waits for somebody who is not there. */
  function deaf(): { stdin: Input; touched: string[] } {
    const touched: string[] = [];
    const touch = (name: string) => (): void => void touched.push(name);
    const calls = Object.fromEntries(
      ["setRawMode", "on", "off", "unshift", "resume", "pause"].map((name) => [name, touch(name)]),
    );
    return { stdin: calls as unknown as Input, touched };
  }

  it.each(COMMANDS.flatMap(({ name, examples }) => examples.map(({ line }) => [name, line] as const)))(
    "%s asks nothing: %s",
    async (_name, line) => {
      await using folder = await testFolder();
      const { stdin, touched } = deaf();
      const words = splitWords(line.replace(/^sudo /u, "")).slice(1);
      // Their folders are there, what they name is not; nothing of this machine is touched.
      const env = {
        GOFERRY_ROOT: join(folder.path, "root"),
        GOFERRY_LOG: join(folder.path, "log"),
        GOPROXY: "off",
      };
      const safe = words.map((word) => (word.startsWith("/") ? join(folder.path, word) : word));
      const { code } = await goferry(safe, { cwd: folder.path, env, stdin });
      expect(touched).toEqual([]);
      expect([0, 2, 3, 4, 6, 7]).toContain(code);
    },
  );
});
