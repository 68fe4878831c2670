import { execFile } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { goPlatform } from "../machine.ts";
import { makeBundle } from "../testing/bundle.ts";
import { goferry, testFolder } from "../testing/terminal.ts";

const PLATFORM = goPlatform({ os: process.platform, arch: process.arch });

let folder: Awaited<ReturnType<typeof testFolder>>;
let root: string;
/** The bundle, into a root. */
let install: (to: string, part: readonly string[]) => Promise<void>;

/** Generation 1 has Go alone, generation 2 the modules too. */
beforeAll(async () => {
  const log = checksumLog();
  folder = await testFolder();
  root = join(folder.path, "root");
  const { file, publicKey } = await makeBundle(folder.path, { platform: PLATFORM, log });
  const words = [
    "install",
    file,
    "--key",
    publicKey,
    "--log-key",
    log.vkey,
    "--allow-private",
    "corp.example.com",
  ];
  install = async (to, part) => {
    const { code, stderr } = await goferry([...words, "--root", to, ...part], { cwd: folder.path });
    if (code !== 0) throw new Error(stderr);
  };
  for (const part of [["--no-modules"], []]) await install(root, part);
}, 60_000);
afterAll(() => folder[Symbol.asyncDispose]());

async function run(...words: string[]) {
  return await goferry([...words, "--root", root], { cwd: folder.path });
}

describe("generations", { concurrent: false }, () => {
  it("goes back and says what is gone, and there again", async () => {
    const would = await run("rollback", "--dry-run");
    expect(would.stdout).toContain(`Would take ${root} back to generation 1`);
    expect((await run("list", "--json")).json()).toMatchObject({ generation: 2 });
    const back = await run("rollback");
    expect(back.code).toBe(0);
    expect(back.stdout).toContain(`${root} is back at generation 1, as generation 3`);
    expect(back.stdout).toMatch(
      /has no more +corp\.example\.com\/secret@v0\.1\.0\n +example\.com\/logged@v1\.2\.3/u,
    );
    const again = await run("rollback", "2", "--json");
    expect(again.json()).toMatchObject({
      changed: true,
      generation: 4,
      target: 2,
      added: { sdks: [], modules: ["corp.example.com/secret@v0.1.0", "example.com/logged@v1.2.3"] },
      removed: { sdks: [], modules: [] },
    });
    expect((await run("rollback", "2")).stdout).toContain("Nothing to do");
    await run("rollback", "1");
  });

  it("goes back to private modules whose pattern was removed since, and names them", async () => {
    await using other = await testFolder();
    const copy = join(other.path, "a root");
    const here = (...words: string[]) => goferry([...words, "--root", copy], { cwd: other.path });
    for (const part of [["--no-modules"], []]) await install(copy, part);
    await here("rollback");
    await here("trust", "remove-private", "corp.example.com");
    const dry = (await here("rollback", "2", "--dry-run", "--json")).json();
    const back = await here("rollback", "2");
    const finding = { code: "PRIVATE_REFUSED", level: "warn", subject: "corp.example.com/secret@v0.1.0" };
    expect(dry).toMatchObject({ changed: true, findings: [finding] });
    expect(back.code).toBe(0);
    const told = back.stderr.replaceAll(/\s+/gu, " ");
    expect(told).toContain("PRIVATE_REFUSED corp.example.com/secret@v0.1.0");
    expect(told).toContain(`goferry trust allow-private 'corp.example.com/*' --root '${copy}'`);
    // What is there already is no news.
    expect((await here("rollback", "2", "--json")).json()).toMatchObject({ changed: false, findings: [] });
  });

  it.each([
    [["rollback", "last"], 2, "ARGUMENT_INVALID", "N"],
    [["rollback", "77"], 7, "NOT_FOUND", "generation 77"],
    [["gc", "--keep", "0"], 2, "ARGUMENT_INVALID", "--keep"],
  ])("refuses %j", async (words, code, name, subject) => {
    const refused = await run(...words, "--json");
    expect(refused.code).toBe(code);
    expect(refused.json()).toMatchObject({ error: { code: name, subject } });
  });

  it("lists them with what gc would free, and gc frees it", async () => {
    const listed = await run("list");
    expect(listed.stdout).toMatch(/generations +5, \S+ by rollback 1: Go 1\.27\.1, 0 modules\n +4, /u);
    expect(listed.stdout).toMatch(/older ones +take \S+ k?B: goferry gc/u);
    const would = await run("gc", "--dry-run");
    expect(would.stdout).toMatch(/^Would free \S+ k?B in /u);
    expect(would.stdout).toMatch(/generations +1, 2, 3\n +kept +4, 5/u);
    const freed = await run("gc", "--keep", "1");
    expect(freed.stdout).toMatch(/^Freed \S+ k?B in [^]*removed +2 module versions:\n +corp\.example\.com/u);
    expect((await run("gc", "--json")).json()).toMatchObject({ changed: false, bytes: 0, kept: [5] });
    expect(await readdir(join(root, "state", "generations"))).toEqual(["5.json"]);
  });

  it("uses what the nearest .go-version asks for", async () => {
    const project = join(folder.path, "project", "sub");
    await mkdir(project, { recursive: true });
    const none = await goferry(["use", "--root", root, "--json"], { cwd: project });
    expect(none.json()).toMatchObject({ error: { code: "NOT_FOUND", subject: project } });
    const file = join(folder.path, "project", ".go-version");
    await writeFile(file, "# the team's\n\ngo1.27.1\n");
    const used = await goferry(["use", "--root", root], { cwd: project });
    expect(used.stdout).toContain(`is Go 1.27.1, as ${file} asks for`);
    await writeFile(file, "1.27");
    const line = await goferry(["use", "--root", root, "--json"], { cwd: project });
    expect(line.json()).toMatchObject({ changed: false, current: "1.27.1", file });
    await writeFile(file, "system\n");
    const wrong = await goferry(["use", "--root", root, "--json"], { cwd: project });
    expect(wrong.json()).toMatchObject({
      error: { code: "ARGUMENT_INVALID", subject: file, found: "system" },
    });
    // A pipe, whose end nobody writes, is no file.
    await rm(file);
    await promisify(execFile)("mkfifo", [file]);
    const pipe = await goferry(["use", "--root", root, "--json"], { cwd: project });
    expect(pipe.json()).toMatchObject({ error: { code: "NOT_FOUND", subject: project } });
    expect((await run("use", "1.26", "--json")).json()).toMatchObject({ error: { code: "NOT_FOUND" } });
  });
});
