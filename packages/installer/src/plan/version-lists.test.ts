import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Unit } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { picture, realHost, testFolder } from "../../../../test/kit/host-root.ts";
import { layout } from "../layout.ts";
import { nodeFs } from "../node-fs.ts";
import { emptyState, type InstalledUnit } from "../transaction/state.ts";
import { versionLists } from "./version-lists.ts";

const fs = nodeFs(realHost);
const H1 = `h1:${"A".repeat(43)}=`;

const added = (path: string, version: string, kind: "module" | "gomod" = "module"): Unit => ({
  ...(kind === "module" ? { kind, h1: H1 } : { kind }),
  path,
  version,
  modH1: H1,
  size: 1,
  files: 1,
  neededBy: [0],
  layers: [0],
  evidence: "private",
});
const known = (path: string, version: string, kind: "module" | "gomod" = "module"): InstalledUnit => ({
  kind,
  path,
  version,
  h1: kind === "module" ? H1 : null,
  modH1: H1,
  record: { id: 1, h1: H1 },
  size: 1,
  bundles: [`sha256:${"0".repeat(64)}`],
});

/** `there`: lists that the root has. */
async function lists(units: InstalledUnit[], news: Unit[], there: Record<string, string> = {}) {
  await using folder = await testFolder();
  const at = layout(folder.root);
  const staged = layout(join(folder.path, "staged"));
  for (const [name, text] of Object.entries(there)) {
    await mkdir(dirname(join(at.download, name)), { recursive: true });
    await writeFile(join(at.download, name), text);
  }
  await mkdir(staged.root);
  const before = picture(folder.path);
  const state = { ...emptyState(folder.root), units };
  const edits = await versionLists({ fs, at, staged, state, added: news });
  // What is in the root is left to the transaction.
  const after = Object.entries(picture(folder.path)).filter(([name]) => !name.startsWith("staged/"));
  expect(Object.fromEntries(after)).toEqual(before);
  const written = Object.keys(picture(staged.root)).filter((name) => name.endsWith("/list"));
  return {
    edits: edits.map((edit) => [
      edit.path.slice(at.download.length + 1),
      "file" in edit ? Buffer.from(edit.file).toString() : edit,
    ]),
    staged: await Promise.all(
      written.map(async (name) => [
        name.slice("mod/cache/download/".length),
        await readFile(join(staged.root, name), "utf8"),
      ]),
    ),
  };
}

describe("versionLists", () => {
  it("stages the list of a module that the root has not got, in Go's order and spelling", async () => {
    const versions = ["v1.10.0", "v1.9.0", "v2.0.0+incompatible", "v1.9.0-rc.1"];
    const { edits, staged } = await lists(
      versions.map((version) => known("example.com/Big", version)),
      versions.map((version) => added("example.com/Big", version)),
    );
    expect(edits).toEqual([]);
    expect(staged).toEqual([
      ["example.com/!big/@v/list", "v1.9.0-rc.1\nv1.9.0\nv1.10.0\nv2.0.0+incompatible\n"],
    ]);
  });

  it("edits the list that is there, with the versions of all bundles", async () => {
    const { edits, staged } = await lists(
      [known("example.com/a", "v1.0.0"), known("example.com/a", "v1.1.0"), known("example.com/b", "v1.0.0")],
      [added("example.com/a", "v1.1.0")],
      { "example.com/a/@v/list": "v1.0.0\n", "example.com/b/@v/list": "v1.0.0\n" },
    );
    expect(edits).toEqual([["example.com/a/@v/list", "v1.0.0\nv1.1.0\n"]]);
    expect(staged).toEqual([]);
  });

  it("changes nothing where the list is right", async () => {
    const { edits, staged } = await lists(
      [known("example.com/a", "v1.0.0")],
      [added("example.com/a", "v1.0.0")],
      {
        "example.com/a/@v/list": "v1.0.0\n",
      },
    );
    expect([edits, staged]).toEqual([[], []]);
  });

  it("names no version that could be chosen and not be built, and no toolchain", async () => {
    const { edits, staged } = await lists(
      [
        known("example.com/a", "v1.0.0", "gomod"),
        known("example.com/b", "v1.0.0"),
        known("example.com/b", "v1.1.0", "gomod"),
      ],
      [
        added("example.com/a", "v1.0.0", "gomod"),
        added("example.com/b", "v1.1.0", "gomod"),
        {
          ...added("golang.org/toolchain", "v0.0.1-go1.27.1.linux-amd64"),
          kind: "toolchain",
          go: "1.27.1",
          platform: "linux/amd64",
          h1: H1,
        },
      ],
    );
    expect(edits).toEqual([]);
    expect(staged).toEqual([
      ["example.com/a/@v/list", ""],
      ["example.com/b/@v/list", "v1.0.0\n"],
    ]);
  });
});
