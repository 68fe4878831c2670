// check, repair and uninstall, with one small bundle installed.

import { existsSync } from "node:fs";
import { readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { goPlatform } from "../machine.ts";
import { makeBundle, type TestBundle } from "../testing/bundle.ts";
import { goferry, testFolder } from "../testing/terminal.ts";

const PLATFORM = goPlatform({ os: process.platform, arch: process.arch });
const log = checksumLog();

let folder: Awaited<ReturnType<typeof testFolder>>;
let root: string;
let bundle: TestBundle;

const check = (...more: string[]): string[] => ["check", "--root", root, ...more];

beforeAll(async () => {
  folder = await testFolder();
  bundle = await makeBundle(folder.path, { platform: PLATFORM, log });
  root = join(folder.path, "a root");
  const allow = ["--log-key", log.vkey, "--allow-private", "corp.example.com/*"];
  const line = ["install", bundle.file, "--key", bundle.publicKey, ...allow, "--root", root];
  const { code, stderr } = await goferry(line, { cwd: folder.path });
  if (code !== 0) throw new Error(stderr);
}, 60_000);
afterAll(() => folder[Symbol.asyncDispose]());

describe("check", () => {
  it("says that all is as it was verified, also to --quiet", async () => {
    const full = await goferry(check(), { cwd: folder.path });
    expect(full).toMatchObject({ code: 0, stderr: "goferry: Comparing\n" });
    expect(full.stdout).toMatch(/generation 1: \d+ files, .* read: as it was verified\n$/u);
    const quick = await goferry(check("--quick", "--quiet"), { cwd: folder.path });
    expect(quick.code).toBe(0);
    expect(quick.stdout).toMatch(/by size and time: as it was verified\n$/u);
    expect((await goferry(check("--json"), { cwd: folder.path })).json()).toMatchObject({
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
    const { code, stdout } = await goferry(check(), { cwd: folder.path });
    expect(code).toBe(3);
    expect(stdout).toContain("26 things are not as verified");
    expect(stdout).toContain(`FILE_EXTRA ${root}/bin/extra10: it was not installed by goferry`);
    expect(stdout).toMatch(/and 6 more \(all with --json\)/u);
    expect(stdout).toContain(`added  ${own} (a file)`);
    expect(stdout).toContain(`goferry repair BUNDLE --root '${root}'`);
    const json = await goferry(check("--json", "--quick"), { cwd: folder.path });
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
  });

  it("refuses a folder in which nothing is installed", async () => {
    const { code, stderr } = await goferry(["check", "--root", join(folder.path, "none")], {
      cwd: folder.path,
    });
    expect(code).toBe(7);
    expect(stderr).toContain("NOT_FOUND");
  });
});

describe("repair", () => {
  const words = (...more: string[]): string[] => ["repair", "--root", root, ...more];
  const withBundle = (...more: string[]): string[] => words(bundle.file, "--key", bundle.publicKey, ...more);

  it("gives a file its time again that holds what was installed, and then has nothing to do", async () => {
    const options = { cwd: folder.path };
    const version = join(root, "sdk/go1.27.1/VERSION");
    await utimes(version, 1, 1);
    const { code, stdout } = await goferry(words(), options);
    expect(code).toBe(0);
    expect(stdout).toContain(`mended  FILE_CHANGED ${version}: it was written after it was installed`);
    expect((await goferry(words(), options)).stdout).toBe(`Nothing to do: ${root} is as it was verified\n`);
    expect((await goferry(check("--quick"), options)).code).toBe(0);
  });

  it("mends what is damaged from a bundle, and says what it cannot without one", async () => {
    const options = { cwd: folder.path };
    const version = join(root, "sdk/go1.27.1/VERSION");
    const was = await readFile(version, "utf8");
    await writeFile(version, "go9.9.9\n");
    await rm(join(root, "bin/gofmt"));
    const dry = await goferry(withBundle("--dry-run", "--json"), options);
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.json()).toMatchObject({
      dryRun: true,
      left: [],
      mended: [{ subject: join(root, "bin/gofmt") }, {}],
    });
    const alone = await goferry(words(), options);
    expect(alone.code).toBe(3);
    expect(alone.stdout).toContain(`Mended 1 thing in ${root}`);
    expect(alone.stdout).toContain(`left    FILE_CHANGED ${version}`);
    const whole = await goferry(withBundle("--json"), options);
    expect(whole.code).toBe(0);
    expect(whole.json()).toMatchObject({
      changed: true,
      generation: 1,
      mended: [{ unit: expect.any(String) }],
    });
    expect(await readFile(version, "utf8")).toBe(was);
    expect((await goferry(["check", "--root", root], options)).code).toBe(0);
  });
});

describe("uninstall", () => {
  const words = (...more: string[]): string[] => ["uninstall", "--root", root, ...more];

  it.each([[[]], [["go1.27.1", "--all"]], [["--bundle", "tiny", "--all"]], [["new"]]])(
    "refuses %j",
    async (more) => {
      const { code, stderr } = await goferry(words(...more), { cwd: folder.path });
      expect(code).toBe(2);
      expect(stderr).toContain("ARGUMENT_INVALID");
    },
  );

  it("takes a version, a bundle and everything away", async () => {
    const options = { cwd: folder.path };
    const version = await goferry(words("1.27.1", "--dry-run"), options);
    expect(version).toMatchObject({ code: 0 });
    expect(version.stdout).toMatch(/^Would uninstall from [^]*Go +1\.27\.1\n[^]*goferry gc frees/u);
    const part = await goferry(words("--bundle", "tiny", "--json"), options);
    expect(part.json()).toMatchObject({
      generation: 2,
      removed: { sdks: ["1.27.1"] },
      current: null,
      dryRun: false,
    });
    await writeFile(join(root, "own.txt"), "mine");
    const dry = await goferry(words("--all", "--dry-run"), options);
    expect(dry.stdout).toMatch(/left +\S+a root\/own\.txt\n/u);
    await rm(join(root, "own.txt"));
    const all = await goferry(words("--all", "--json"), options);
    expect(all.code).toBe(0);
    expect(all.json()).toMatchObject({ root, rootGoes: true, left: [], dryRun: false });
    expect(existsSync(root)).toBe(false);
    expect((await goferry(words("--all"), options)).code).toBe(7);
  });
});
