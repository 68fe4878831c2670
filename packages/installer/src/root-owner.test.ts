import { chmod, chown, lchown, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { testFolder } from "../../../test/kit/host-root.ts";
import { NOBODY, withoutPrivileges } from "../../../test/kit/unprivileged.ts";
import { ownerFindings, ownFindings } from "./root-owner.ts";

const STAGED = "staging/20260304T050607000Z-0123abcd/new/x";

/** The codes for a folder with these files; a name that ends in "/" is a folder. */
async function ask(files: Record<string, string>): Promise<string[]> {
  await using folder = await testFolder();
  await mkdir(folder.root, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.root, name);
    await mkdir(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (!name.endsWith("/")) await writeFile(path, text);
  }
  return (await ownFindings(folder.root, folder.root)).map(({ code }) => code);
}

describe("a folder is ours", () => {
  it.each<[string, Record<string, string>]>([
    ["empty", {}],
    ["a new disk", { "lost+found/": "" }],
    ["with our state", { "state/state.json": '{"stateVersion":1}', letter: "" }],
    ["with our journal", { "state/journal.json": '{"journalVersion":1}', letter: "" }],
    ["with our lock", { "state/lock": '{"lockVersion":1}', letter: "" }],
    ["with a damaged state, and nothing that is not ours", { "state/state.json": "{", "sdk/go1.27.1/x": "" }],
    ["where the first lock was being made", { "state/lock.01234567-89ab-cdef-0123-456789abcdef": "" }],
    ["with nothing but what staging was left with", { [STAGED]: "" }],
  ])("%s", async (_, files) => {
    expect(await ask(files)).toEqual([]);
  });
});

describe("a folder is not ours", () => {
  it.each<[string, Record<string, string>]>([
    ["with a lock of another program", { "state/lock": "4711\n", "staging/theirs": "", app: "" }],
    ["with units of another program", { "state/units/a": "", app: "" }],
    ["with a state.json of another program", { "state/state.json": '{"version":1}', app: "" }],
    ["where only the names at the top are ours", { "state/theirs": "", "bin/x": "" }],
    ["with staging of another program", { "state/lock": "4711\n", "staging/theirs": "" }],
    ["a home with programs", { "bin/x": "" }],
  ])("%s", async (_, files) => {
    expect(await ask(files)).toEqual(["ROOT_NOT_OURS"]);
  });

  it("that may not be listed", async () => {
    await using folder = await testFolder();
    await chmod(folder.path, 0o755);
    await mkdir(folder.root, { recursive: true });
    await chmod(folder.root, 0o300);
    const codes = await withoutPrivileges(() => ownFindings(folder.root, folder.root));
    expect(codes).toMatchObject([{ code: "ROOT_NOT_OURS" }]);
  });
});

describe.skipIf(process.getuid?.() !== 0)("a root belongs", () => {
  it.each(["", "state", "state/journal.json", "state/lock", "state/state.json"])(
    "to its user or root, also in %j",
    async (name) => {
      await using folder = await testFolder();
      const { root } = folder;
      await mkdir(join(root, "state"), { recursive: true });
      for (const file of ["journal.json", "lock"]) await writeFile(join(root, "state", file), "");
      await symlink("nowhere", join(root, "state", "state.json"));
      expect(await ownerFindings(root, 0)).toEqual([]);
      expect(await ownerFindings(root, 1000)).toEqual([]);
      const path = join(root, name);
      await (name.endsWith("state.json") ? lchown(path, NOBODY, NOBODY) : chown(path, NOBODY, NOBODY));
      for (const uid of [0, 1000]) {
        expect(await ownerFindings(root, uid)).toMatchObject([
          { code: "ROOT_OWNER_OTHER", level: "refuse", subject: path, found: `owner uid ${NOBODY}` },
        ]);
      }
      expect(await ownerFindings(root, NOBODY)).toEqual([]);
      expect(await ownerFindings(root, undefined)).toEqual([]);
    },
  );
});
