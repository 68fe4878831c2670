import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { picture, realHost, testFolder } from "../../../../test/kit/host-root.ts";
import { nodeFs } from "../node-fs.ts";
import type { Move } from "../transaction/journal.ts";
import { placeTree } from "./place-tree.ts";

const fs = nodeFs(realHost);

/** What a module brings: its tree, and files beside those of other versions of it. */
function filesOf({ path, version, zip }: Module): string[] {
  const tree = `mod/${path}@${version}`;
  const beside = `mod/cache/download/${path}/@v/${version}`;
  return [
    `${tree}/go.mod`,
    `${tree}/sub/x.go`,
    `${beside}.info`,
    `${beside}.mod`,
    ...(zip ? [`${beside}.zip`] : []),
  ];
}

interface Module {
  path: string;
  version: string;
  zip: boolean;
}

/** Paths that are folders of each other, as `a` and `a/v2` are. */
const modules = fc.uniqueArray(
  fc.record({
    path: fc.constantFrom("a", "a/v2", "a/b", "a/b/c", "example.com/a", "example.com/a/sub"),
    version: fc.constantFrom("v1.0.0", "v1.0.1", "v1.0.0-pre", "v2.0.0+incompatible"),
    zip: fc.boolean(),
  }),
  { selector: ({ path, version }) => `${path}@${version}` },
);

async function plant(folder: string, files: Iterable<string>, content: string): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
}

function filesIn(folder: string): Record<string, string> {
  const entries = Object.entries(picture(folder));
  return Object.fromEntries(entries.filter(([, what]) => what.startsWith("file")));
}

interface Trees extends AsyncDisposable {
  from: string;
  to: string;
  owned: Set<string>;
  plan(): Promise<Move[]>;
}

/** Folders `staged/mod` and `root/mod`, neither made yet. */
async function trees(): Promise<Trees> {
  const folder = await testFolder();
  const [from, to] = [join(folder.path, "staged"), join(folder.path, "root")];
  await mkdir(from);
  await mkdir(to);
  const owned = new Set<string>();
  return {
    from,
    to,
    owned,
    plan: () =>
      placeTree({ fs, from: join(from, "mod"), to: join(to, "mod"), isOurs: (path) => owned.has(path) }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("placeTree", () => {
  it("merges what is staged into what is there: nothing is lost, nothing replaced, nothing moved twice", async () => {
    await fc.assert(
      fc.asyncProperty(modules, modules, async (before, staged) => {
        await using each = await trees();
        await plant(each.to, before.flatMap(filesOf), "old");
        await plant(each.from, staged.flatMap(filesOf), "new");
        for (const { path, version } of before) {
          const beside = `mod/cache/download/${path}/@v/${version}`;
          for (const end of [".info", ".mod", ".zip"]) each.owned.add(join(each.to, beside + end));
          each.owned.add(join(each.to, `mod/${path}@${version}`));
        }
        const old = filesIn(each.to);
        const union = { ...filesIn(each.from), ...old };
        const moves = await each.plan();
        for (const { from, to } of moves) {
          // As the transaction does it: into a folder that is there, where nothing is.
          expect(await fs.lstat(dirname(to))).toMatchObject({ kind: "folder" });
          expect(await fs.lstat(to)).toBeNull();
          await rename(from, to);
        }
        expect(filesIn(each.to)).toEqual(union);
      }),
      { numRuns: 60 },
    );
  });

  it("moves everything at once into a root that has nothing", async () => {
    await using each = await trees();
    await plant(each.from, filesOf({ path: "a", version: "v1.0.0", zip: true }), "new");
    expect(await each.plan()).toEqual([{ from: join(each.from, "mod"), to: join(each.to, "mod") }]);
  });

  it("has nothing to do where nothing is staged", async () => {
    await using each = await trees();
    expect(await each.plan()).toEqual([]);
  });

  it("goes into the folder @v, and never into the tree of a module", async () => {
    await using each = await trees();
    const [old, added] = [
      { path: "a", version: "v1.0.0", zip: false },
      { path: "a", version: "v1.0.1", zip: true },
    ];
    await plant(each.to, filesOf(old), "old");
    await plant(each.from, filesOf(added), "new");
    const places = (await each.plan()).map(({ to }) => to.slice(each.to.length + 1));
    expect(places.toSorted()).toEqual([
      "mod/a@v1.0.1",
      "mod/cache/download/a/@v/v1.0.1.info",
      "mod/cache/download/a/@v/v1.0.1.mod",
      "mod/cache/download/a/@v/v1.0.1.zip",
    ]);
  });

  it.each<[string, (to: string) => Promise<unknown>, string]>([
    [
      "the tree of a module that nobody installed",
      (to) => plant(to, ["mod/a@v1.0.0/evil.go"], "x"),
      "mod/a@v1.0.0",
    ],
    [
      "a file that nobody installed",
      (to) => plant(to, ["mod/cache/download/a/@v/v1.0.0.mod"], "x"),
      "mod/cache/download/a/@v/v1.0.0.mod",
    ],
    ["a file where a folder belongs", (to) => plant(to, ["mod/cache"], "x"), "mod/cache"],
    [
      "a folder where a file belongs",
      (to) => plant(to, ["mod/cache/download/a/@v/v1.0.0.info/x"], "x"),
      "mod/cache/download/a/@v/v1.0.0.info",
    ],
    [
      "a link that leads nowhere",
      (to) => mkdir(join(to, "mod")).then(() => symlink("nowhere", join(to, "mod/cache"))),
      "mod/cache",
    ],
  ])("leaves %s for the transaction to refuse", async (_, obstruct, place) => {
    await using each = await trees();
    await plant(each.from, filesOf({ path: "a", version: "v1.0.0", zip: false }), "new");
    await obstruct(each.to);
    const before = picture(each.to);
    expect(await each.plan()).toContainEqual({ from: join(each.from, place), to: join(each.to, place) });
    expect(picture(each.to)).toEqual(before);
  });

  it("leaves what an earlier installation has put there, whatever became of it", async () => {
    await using each = await trees();
    await plant(each.from, filesOf({ path: "a", version: "v1.0.0", zip: false }), "new");
    await plant(each.to, filesOf({ path: "a", version: "v1.0.0", zip: false }), "old");
    await rm(join(each.to, "mod/a@v1.0.0/sub"), { recursive: true });
    for (const file of [
      "mod/a@v1.0.0",
      "mod/cache/download/a/@v/v1.0.0.info",
      "mod/cache/download/a/@v/v1.0.0.mod",
    ]) {
      each.owned.add(join(each.to, file));
    }
    expect(await each.plan()).toEqual([]);
  });
});
