// check, with one small bundle installed.

import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { goPlatform } from "../machine.ts";
import { makeBundle } from "../testing/bundle.ts";
import { goferry, testFolder } from "../testing/terminal.ts";

const PLATFORM = goPlatform({ os: process.platform, arch: process.arch });
const log = checksumLog();

let folder: Awaited<ReturnType<typeof testFolder>>;
let root: string;

const words = (...more: string[]): string[] => ["check", "--root", root, ...more];

beforeAll(async () => {
  folder = await testFolder();
  const bundle = await makeBundle(folder.path, { platform: PLATFORM, log });
  root = join(folder.path, "root");
  const allow = ["--log-key", log.vkey, "--allow-private", "corp.example.com/*"];
  const line = ["install", bundle.file, "--key", bundle.publicKey, ...allow, "--root", root];
  expect((await goferry(line, { cwd: folder.path })).code).toBe(0);
});
afterAll(() => folder[Symbol.asyncDispose]());

describe("check", () => {
  it("says that all is as it was verified, also to --quiet", async () => {
    const full = await goferry(words(), { cwd: folder.path });
    expect(full).toMatchObject({ code: 0, stderr: "goferry: Comparing\n" });
    expect(full.stdout).toMatch(/generation 1: \d+ files, .* read: as it was verified\n$/u);
    const quick = await goferry(words("--quick", "--quiet"), { cwd: folder.path });
    expect(quick.code).toBe(0);
    expect(quick.stdout).toMatch(/by size and time: as it was verified\n$/u);
    expect((await goferry(words("--json"), { cwd: folder.path })).json()).toMatchObject({
      root,
      generation: 1,
      depth: "full",
      clean: true,
      counts: { changed: 0, missing: 0, extra: 0, remarks: 0 },
      findings: [],
    });
  });

  it("names what is not, with exit code 3, the first of it to people and all to programs", async () => {
    const version = join(root, "sdk/go1.27.1/VERSION");
    const was = await readFile(version);
    const added = Array.from({ length: 25 }, (_, i) => join(root, `bin/extra${i + 10}`));
    const own = join(root, "mod/own.txt");
    await rm(version);
    for (const file of [...added, own]) await writeFile(file, "x");
    const { code, stdout } = await goferry(words(), { cwd: folder.path });
    expect(code).toBe(3);
    expect(stdout).toContain("26 things are not as verified");
    expect(stdout).toContain(`FILE_EXTRA ${root}/bin/extra10: it was not installed by goferry`);
    expect(stdout).toMatch(/and 6 more \(all with --json\)/u);
    expect(stdout).toContain(`added  ${own} (a file)`);
    expect(stdout).toContain(`goferry repair BUNDLE --root ${root}`);
    const json = await goferry(words("--json", "--quick"), { cwd: folder.path });
    expect(json.code).toBe(3);
    expect(json.json()).toMatchObject({
      clean: false,
      counts: { changed: 0, missing: 1, extra: 25, remarks: 1 },
      findings: expect.arrayContaining([
        expect.objectContaining({ code: "FILE_MISSING", subject: version, level: "refuse" }),
        expect.objectContaining({ code: "FILE_EXTRA", subject: own, level: "warn" }),
      ]),
    });
    await writeFile(version, was);
    for (const file of [...added, own]) await rm(file);
    expect((await goferry(words(), { cwd: folder.path })).code).toBe(0);
  });

  it("refuses a folder in which nothing is installed", async () => {
    const { code, stderr } = await goferry(["check", "--root", join(folder.path, "none")], {
      cwd: folder.path,
    });
    expect(code).toBe(7);
    expect(stderr).toContain("NOT_FOUND");
  });
});
