// What all commands have in common that change a root.

import { mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checksumLog } from "../../../test/kit/checksum-log.ts";
import { holdLock } from "../../../test/kit/host-root.ts";
import { COMMANDS } from "./commands/all.ts";
import { goPlatform } from "./machine.ts";
import { makeBundle } from "./testing/bundle.ts";
import { goferry, testFolder } from "./testing/terminal.ts";

const sumdb = checksumLog();
const HEADER = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info {2}goferry 0\.1\.0, Node v24\.0\.0, linux /u;

let time = Date.parse("2026-11-21T06:00:00Z");
/** A clock that goes on, because logs are named by it. */
const now = (): Date => new Date(time++);

let folder: Awaited<ReturnType<typeof testFolder>>;
let root: string;

beforeAll(async () => {
  folder = await testFolder();
  root = join(folder.path, "root");
  await mkdir(root);
});

afterAll(() => folder[Symbol.asyncDispose]());

describe("commands that change a root", () => {
  it("all say so in their tables: those with --root and --dry-run", () => {
    const changing = COMMANDS.filter(({ options }) => "root" in options && "dry-run" in options);
    expect(changing.length).toBeGreaterThan(3);
    // A signature changes a bundle or an update; of a root it only reads which keys are trusted.
    const others = changing.filter(({ changesRoot }) => changesRoot !== true).map(({ name }) => name);
    expect(others.toSorted()).toEqual(["sign", "trust make-update"]);
    const unequipped = changing.filter(({ options }) => !("lock-timeout" in options)).map(({ name }) => name);
    expect(unequipped).toEqual(others);
  });
});

describe("--lock-timeout", () => {
  const words = ["trust", "allow-private", "corp.example"];
  const hold = async (): ReturnType<typeof holdLock> => await holdLock(root, "install site.tar");

  it("0 does not wait, and the holder is named by pid, command and time", async () => {
    const lock = await hold();
    const refused = await goferry([...words, "--root", root, "--lock-timeout", "0"], {
      cwd: folder.path,
      now,
    });
    await lock.release();
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain(
      `LOCKED ${root}: another goferry is changing this root: install site.tar`,
    );
    expect(refused.stderr).toMatch(
      new RegExp(`found: pid ${process.pid} on \\S+, since 2026-03-04T05:06:07`, "u"),
    );
    expect(refused.stderr).not.toContain("Waiting");
  });

  it.each([["--lock-timeout", "10m"], ["--lock-timeout=90s"]])(
    "%s waits until the lock is given back",
    async (...flag) => {
      const lock = await hold();
      const file = join(folder.path, `waiting-${flag.length}.log`);
      const all = [...words, "--root", root, ...flag, "--log", file];
      const waiting = goferry(all, { cwd: folder.path, now });
      const isWaiting = async (): Promise<void> =>
        expect(await readFile(file, "utf8")).toContain("waiting for the lock: pid");
      await vi.waitFor(isWaiting, 20_000);
      await lock.release();
      const { code, stderr } = await waiting;
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(/Waiting for pid \d+ on .*install site\.tar/u),
      });
    },
  );

  it("is a setting too, and must be a time", async () => {
    const env = { GOFERRY_LOCK_TIMEOUT: "tomorrow" };
    const { code, stderr } = await goferry([...words, "--root", root], { cwd: folder.path, now, env });
    expect(code).toBe(2);
    expect(stderr).toContain("a time such as 500ms, 30s, 10m or 2h, or 0");
  });

  it("readers never wait", async () => {
    const lock = await hold();
    const listed = await goferry(["list", "--root", root], { cwd: folder.path, now });
    await lock.release();
    expect(listed.code).toBe(0);
  });
});

describe("the log of a command", () => {
  const allow = (pattern: string): string[] => ["trust", "allow-private", pattern, "--root", root];
  const logs = async (): Promise<string[]> => {
    const names = await readdir(join(root, "state", "logs"));
    return names.filter((name) => name.endsWith(".log")).sort();
  };

  it("is in the root unasked, with versions, steps and the result; the last 20 are kept", async () => {
    for (let i = 0; i < 21; i++)
      await writeFile(join(root, "state", "logs", `20200101T0000000${10 + i}Z-use-1.log`), "");
    expect((await goferry(allow("corp.example/21"), { cwd: folder.path, now })).code).toBe(0);
    const names = await logs();
    expect(names).toHaveLength(20);
    expect(names.at(-1)).toMatch(
      new RegExp(`^\\d{8}T\\d{9}Z-trust-allow-private-${process.pid}\\.log$`, "u"),
    );
    const text = await readFile(join(root, "state", "logs", names.at(-1) ?? ""), "utf8");
    expect(text).toMatch(HEADER);
    expect(text).toContain('info  command: "goferry" "trust" "allow-private" "corp.example/21"');
    expect(text).toMatch(/step stage[^]*step commit[^]*audit log: \{"time"/u);
    expect(text).toMatch(
      /accepts private modules of corp\.example\/21[^]*info {2}ended with exit code 0 after \d+ ms\n$/u,
    );
    expect(text).not.toContain("debug");
  });

  it("tells of errors with their causes, and how the last run ended is noted", async () => {
    const { code } = await goferry(["use", "1.20.1", "--root", root], { cwd: folder.path, now });
    expect(code).toBe(7);
    const text = await readFile(join(root, "state", "logs", (await logs()).at(-1) ?? ""), "utf8");
    expect(text).toMatch(
      /error goferry: NOT_FOUND Go 1\.20\.1[^]*error GoferryError: [^]*at [^]*ended with exit code 7/u,
    );
    const runs: unknown = JSON.parse(await readFile(join(root, "state", "logs", "runs.json"), "utf8"));
    expect(runs).toMatchObject({
      runs: {
        use: {
          exitCode: 7,
          code: "NOT_FOUND",
          durationMs: expect.any(Number),
          lockWaitMs: expect.any(Number),
        },
        "trust allow-private": { exitCode: 0, code: null },
      },
    });
  });

  it("goes to a file too, at any level, and without the secrets that the environment or a text holds", async () => {
    const file = join(folder.path, "my.log");
    const env = {
      GOFERRY_LOG: file,
      GOFERRY_LOG_LEVEL: "debug",
      GOFERRY_KEY_PASSPHRASE: "pl4nted-passphrase",
      CI_JOB_TOKEN: "pl4nted-token",
      HTTPS_PROXY: "http://me:pl4nted-proxy@proxy.example:3128",
    };
    for (const name of ["pl4nted-passphrase.x/y", "pl4nted-token.x/y"])
      await goferry(allow(name), { cwd: folder.path, now, env });
    await goferry(["use", "https://me:pl4nted-url@h.example/", "--root", root], {
      cwd: folder.path,
      now,
      env,
    });
    const text = await readFile(file, "utf8");
    expect(text.match(/goferry 0\.1\.0/gu)).toHaveLength(3);
    expect(text).toMatch(/debug has the lock, after/u);
    expect(text).toContain("***.x/y");
    expect(text).toContain("https://***@h.example/");
    expect(text).not.toContain("pl4nted");
    for (const name of (await logs()).slice(-3)) {
      expect(await readFile(join(root, "state", "logs", name), "utf8")).not.toContain("pl4nted");
    }
  });

  it("that cannot be opened is an error, because it was asked for", async () => {
    const words = [...allow("corp.example/log"), "--log", join(folder.path, "absent", "my.log")];
    expect(await goferry(words, { cwd: folder.path, now })).toMatchObject({
      code: 6,
      stderr: expect.stringContaining("IO_FAILED"),
    });
    await writeFile(join(folder.path, "full.log"), "");
    const full = await goferry([...allow("corp.example/full"), "--log", "/dev/full"], {
      cwd: folder.path,
      now,
    });
    expect(full).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("the log is not complete: /dev/full: ENOSPC"),
    });
  });

  it("of a dry run leaves no trace in the root", async () => {
    const before = await stat(join(root, "state", "logs"));
    await goferry([...allow("corp.example/dry"), "--dry-run"], { cwd: folder.path, now });
    const after = await stat(join(root, "state", "logs"));
    expect(after.mtimeMs).toBe(before.mtimeMs);
  });

  it("of a first installation is there from its beginning, and of one that failed is not", async () => {
    await using host = await testFolder();
    const platform = goPlatform({ os: process.platform, arch: process.arch });
    const bundle = await makeBundle(host.path, { platform, log: sumdb });
    const words = [
      "install",
      bundle.file,
      "--key",
      bundle.publicKey,
      "--log-key",
      sumdb.vkey,
      "--root",
      join(host.path, "root"),
    ];
    expect((await goferry(words, { cwd: host.path })).code).toBe(3);
    expect(await readdir(host.path)).not.toContain("root");
    const more = ["--allow-private", "corp.example.com/*", "--self-test", "tools", "--log-level", "debug"];
    expect((await goferry([...words, ...more], { cwd: host.path })).code).toBe(0);
    const [name = ""] = await readdir(join(host.path, "root", "state", "logs"));
    const text = await readFile(join(host.path, "root", "state", "logs", name), "utf8");
    expect(text).toMatch(HEADER);
    expect(text).toMatch(/debug ran \S+\/bin\/go version: exit code 0, \d+ ms/u);
    expect(text).toMatch(
      /Looking at this machine[^]*Verifying and unpacking[^]*step commit[^]*Installed tiny[^]*exit code 0/u,
    );
    const all = ["uninstall", "--all", "--root", join(host.path, "root")];
    expect((await goferry(all, { cwd: host.path })).code).toBe(0);
    expect(await readdir(host.path)).not.toContain("root");
  });
});
