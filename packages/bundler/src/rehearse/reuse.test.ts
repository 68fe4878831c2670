import { chmod, mkdir, readdir, rename, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { temporaryFolder, writeFiles } from "../../../../test/kit/bundler-go.ts";
import type { ProjectBuild } from "../go/modules.ts";
import type { Rehearsal } from "./record.ts";
import { keepRehearsals, keptRehearsals, rehearsalKey, type RehearsalKeyParts } from "./reuse.ts";

const INDEX = digestOf(Buffer.from("index"));
const OTHER = digestOf(Buffer.from("other"));

async function partsIn(folder: string): Promise<RehearsalKeyParts & { projects: ProjectBuild[] }> {
  await writeFiles(folder, { "go.mod": "module example.com/app\n", "cmd/main.go": "package main\n" });
  await symlink("cmd", join(folder, "link"));
  const copy = {
    name: "app",
    root: folder,
    dir: folder,
    moduleDirs: [folder],
    workFile: undefined,
    notes: [],
  };
  const project = { copy, platforms: ["linux/amd64"], tags: [], packages: [], cgo: undefined };
  return { contents: INDEX, projects: [project], hostPlatform: "linux/amd64", program: "goferry/1" };
}

describe("rehearsalKey", () => {
  it("is the same for the same sources, wherever they lie", async () => {
    await using one = await temporaryFolder();
    await using two = await temporaryFolder();
    expect(await rehearsalKey(await partsIn(one.path))).toBe(await rehearsalKey(await partsIn(two.path)));
  });

  it("is another one for any byte, name, mode, link or setting that is another", async () => {
    await using folder = await temporaryFolder();
    const parts = await partsIn(folder.path);
    const keys = [await rehearsalKey(parts)];
    const changes = [
      () => writeFile(join(folder.path, "cmd/main.go"), "package Main\n"),
      () => chmod(join(folder.path, "cmd/main.go"), 0o755),
      () => rename(join(folder.path, "cmd/main.go"), join(folder.path, "cmd/more.go")),
      () => writeFile(join(folder.path, "empty"), ""),
      () => mkdir(join(folder.path, "folder")),
      async () => {
        await unlink(join(folder.path, "link"));
        await symlink("cmd/more.go", join(folder.path, "link"));
      },
    ];
    for (const change of changes) {
      await change();
      // A copy is not read twice, so this is another copy.
      const projects = parts.projects.map((each) => ({ ...each, copy: { ...each.copy } }));
      keys.push(await rehearsalKey({ ...parts, projects }));
    }
    const [project] = parts.projects;
    if (project === undefined) throw new Error("no project");
    const settings: Partial<ProjectBuild>[] = [
      { platforms: ["linux/arm64"] },
      { tags: ["x"] },
      { packages: ["./cmd"] },
      { cgo: true },
      { cgo: false },
    ];
    for (const each of settings) {
      keys.push(await rehearsalKey({ ...parts, projects: [{ ...project, ...each }] }));
    }
    keys.push(await rehearsalKey({ ...parts, contents: OTHER }));
    keys.push(await rehearsalKey({ ...parts, hostPlatform: "linux/arm64" }));
    keys.push(await rehearsalKey({ ...parts, program: "goferry/2" }));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

const DONE: Rehearsal = {
  kind: "tool",
  tool: "example.com/x@v1.0.0",
  platform: "linux/amd64",
  install: "ok",
  crossBuilt: false,
  network: "none (namespace)",
  findings: [],
  reused: false,
};

describe("kept rehearsals", () => {
  it("come back marked, under their own key only", async () => {
    await using folder = await temporaryFolder();
    await keepRehearsals(folder.path, INDEX, [DONE]);
    expect(await keptRehearsals(folder.path, INDEX)).toEqual([{ ...DONE, reused: true }]);
    expect(await keptRehearsals(folder.path, OTHER)).toBeUndefined();
  });

  it.each([
    { what: "nothing", record: [] },
    {
      what: "cgo that this machine could not link",
      record: [{ ...DONE, install: "not rehearsed" as const }],
    },
    { what: "a build without cgo", record: [{ ...DONE, install: "ok without cgo" as const }] },
    { what: "one with a network", record: [{ ...DONE, network: "none (GOPROXY only)" as const }] },
  ])("are not made of $what", async ({ record }) => {
    await using folder = await temporaryFolder();
    await keepRehearsals(folder.path, INDEX, record);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it.each(["", "{", "[]x", '[{"kind":"tool"}]', JSON.stringify([{ ...DONE, more: 1 }])])(
    "are made again where a file says %j",
    async (text) => {
      await using folder = await temporaryFolder();
      await keepRehearsals(folder.path, INDEX, [DONE]);
      const [name = ""] = await readdir(join(folder.path, "rehearsals"));
      await writeFile(join(folder.path, "rehearsals", name), text);
      expect(await keptRehearsals(folder.path, INDEX)).toBeUndefined();
    },
  );
});
