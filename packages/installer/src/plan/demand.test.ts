import { mkdir, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { modulePlace, unitName, type ModuleVersion } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { realHost, testFolder } from "../../../../test/kit/host-root.ts";
import { layeredBundle, scriptedToolchain, type LayeredBundle } from "../../../../test/kit/layered-bundle.ts";
import { layout, type Layout } from "../layout.ts";
import { nodeFs } from "../node-fs.ts";
import { emptyState, serializeState, type State } from "../transaction/state.ts";
import { demand, describeDemand, type Demand } from "./demand.ts";
import type { Selection } from "./selection.ts";
import { stateAfter } from "./state-after.ts";

const fs = nodeFs(realHost);
const host = { platform: "linux/amd64", executablePath: undefined, now: () => new Date() };
const PATTERNS = { direct: [], allowPrivate: [] };

const a = {
  path: "example.com/A",
  version: "v1.0.0",
  files: { "go.mod": "module example.com/A\n", x: "12345" },
};
const b = { path: "example.com/b", version: "v1.0.0", files: { y: "1" }, neededBy: [0, 1] };
const lone = { path: "example.com/lone", version: "v1.0.0" };

function zipOf({ root }: Layout, module: ModuleVersion): string {
  return join(root, modulePlace(module).ziphash.replace(/hash$/, ""));
}

interface Bench extends AsyncDisposable {
  at: Layout;
  bundle: LayeredBundle;
  ask(options?: {
    zips?: boolean;
    bundle?: LayeredBundle;
    direct?: string[];
    executablePath?: string;
    select?: Selection;
  }): Promise<Demand>;
  /** As an installation leaves it, as far as demand looks. */
  installed(options?: { zips?: boolean; select?: Selection }): Promise<State>;
  write(state: State): Promise<void>;
  path: string;
}

async function bench(): Promise<Bench> {
  const folder = await testFolder();
  const at = layout(folder.root);
  const toolchains = [scriptedToolchain("1.27.1"), scriptedToolchain("1.27.1", "linux/arm64")];
  const bundle = await layeredBundle(folder.path, { toolchains, modules: [[a], [b, lone]] });
  const ask: Bench["ask"] = ({ zips = true, direct = [], executablePath, ...rest } = {}) =>
    demand(fs, at, { ...PATTERNS, bundle, zips, direct, ...rest }, { ...host, executablePath });
  const write = async (state: State): Promise<void> => {
    await mkdir(at.state, { recursive: true });
    await writeFile(at.stateFile, serializeState(state));
  };
  return {
    at,
    bundle,
    ask,
    write,
    path: folder.path,
    installed: async ({ zips = true, select } = {}) => {
      const wanted = await ask({ zips, ...(select && { select }) });
      const state = {
        ...stateAfter(emptyState(at.root), {
          wanted,
          options: { ...PATTERNS, bundle, zips, logKey: bundle.log.vkey },
          host,
        }),
        transaction: "t",
      };
      await write(state);
      for (const unit of zips ? [a, b] : []) {
        await mkdir(dirname(zipOf(at, unit)), { recursive: true });
        await writeFile(zipOf(at, unit), "zip");
      }
      return state;
    },
    async [Symbol.asyncDispose]() {
      await bundle[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const namesOf = ({ units }: Demand): string[] => units.map(unitName);

describe("demand", () => {
  it("is everything of this platform where nothing is, and leaves the other platform's layer alone", async () => {
    await using each = await bench();
    const wanted = await each.ask();
    expect(namesOf(wanted)).toEqual([
      "example.com/lone@v1.0.0",
      "example.com/A@v1.0.0",
      "example.com/b@v1.0.0",
      "golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64",
    ]);
    expect(wanted.layers).toEqual([0, 1, 3, 4]);
    const { layers, units } = each.bundle.contents;
    expect(wanted.layerBytes).toBe([0, 1, 3, 4].reduce((sum, i) => sum + (layers[i]?.size ?? 0), 0));
    const bytes = units
      .filter((unit) => !unit.version.endsWith("arm64"))
      .reduce((sum, { size }) => sum + size, 0);
    expect(wanted.needBytes).toBeGreaterThan(bytes);
    expect(wanted.changesSomething).toBe(true);
  });

  it("is nothing where all of it is", async () => {
    await using each = await bench();
    await each.installed();
    expect(await each.ask()).toMatchObject({
      units: [],
      layers: [],
      layerBytes: 0,
      needBytes: 0,
      needFiles: 0,
      changesSomething: false,
    });
  });

  it("is the module whose zip is missing, if zips are wanted", async () => {
    await using each = await bench();
    await each.installed();
    await unlink(zipOf(each.at, a));
    expect(await each.ask()).toMatchObject({ layers: [3], changesSomething: true });
    expect(namesOf(await each.ask())).toEqual(["example.com/A@v1.0.0"]);
    expect(await each.ask({ zips: false })).toMatchObject({ units: [], changesSomething: false });
  });

  it("is every module, and no toolchain, where zips come later", async () => {
    await using each = await bench();
    await each.installed({ zips: false });
    expect(namesOf(await each.ask())).toEqual(["example.com/A@v1.0.0", "example.com/b@v1.0.0"]);
  });

  it.each<[string, (state: State) => State, string[]]>([
    [
      "only the go.mod of a version",
      (state) => ({
        ...state,
        units: state.units.map((unit) =>
          unit.path === b.path ? { ...unit, kind: "gomod", h1: null } : unit,
        ),
      }),
      ["example.com/b@v1.0.0"],
    ],
    [
      "the whole module of a lone go.mod",
      (state) => ({
        ...state,
        units: state.units.map((unit) =>
          unit.path === lone.path ? { ...unit, kind: "module", h1: `h1:${"A".repeat(43)}=` } : unit,
        ),
      }),
      [],
    ],
  ])("where the root has %s", async (_, change, lacking) => {
    await using each = await bench();
    await each.write(change(await each.installed()));
    expect(namesOf(await each.ask())).toEqual(lacking);
  });

  const otherH1 = `h1:${"A".repeat(43)}=`;
  const changed = (state: State, path: string, hashes: { h1?: string; modH1?: string }): State => ({
    ...state,
    units: state.units.map((unit) => (unit.path === path ? { ...unit, ...hashes } : unit)),
  });

  it.each<[string, (state: State) => State, string]>([
    [
      "another toolchain of the same version",
      (state) => ({ ...state, sdks: state.sdks.map((sdk) => ({ ...sdk, h1: otherH1 })) }),
      "golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64",
    ],
    [
      "other content of the same version",
      (state) => changed(state, b.path, { h1: otherH1 }),
      "example.com/b@v1.0.0",
    ],
    [
      "another go.mod of a module",
      (state) => changed(state, b.path, { modH1: otherH1 }),
      "example.com/b@v1.0.0",
    ],
    ["another go.mod", (state) => changed(state, lone.path, { modH1: otherH1 }), "example.com/lone@v1.0.0"],
  ])("refuses a bundle where the root has %s", async (_, change, subject) => {
    await using each = await bench();
    await each.write(change(await each.installed()));
    await expect(each.ask()).rejects.toMatchObject({
      code: "HASH_MISMATCH",
      subject,
      expected: otherH1,
      found: expect.stringMatching(/^h1:/),
      next: expect.stringContaining("layered serial 1700000000"),
    });
  });

  it("says of a private version how it gets there after all: under a new one", async () => {
    await using each = await bench();
    await each.write(changed(await each.installed(), b.path, { h1: otherH1 }));
    const units = each.bundle.contents.units.map((unit) =>
      unit.path === b.path ? { ...unit, evidence: "private" as const } : unit,
    );
    const bundle = { ...each.bundle, contents: { ...each.bundle.contents, units } };
    await expect(each.ask({ bundle })).rejects.toMatchObject({
      code: "HASH_MISMATCH",
      subject: "example.com/b@v1.0.0",
      next: expect.stringMatching(/tagged anew.*layered serial 1700000000/u),
    });
  });

  it("refuses a root that holds Go for another kind of machine", async () => {
    await using each = await bench();
    const state = await each.installed();
    await each.write({ ...state, sdks: state.sdks.map((sdk) => ({ ...sdk, platform: "linux/arm64" })) });
    await expect(each.ask()).rejects.toMatchObject({
      code: "ROOT_PLATFORM_OTHER",
      subject: each.at.root,
      expected: "linux/amd64",
      found: "Go 1.27.1 for linux/arm64",
    });
  });

  it("needs the space of what it lacks, though the layer is read whole", async () => {
    await using each = await bench();
    const { units, layers } = each.bundle.contents;
    const [unit] = units.filter(({ path }) => path === lone.path);
    const state = await each.installed();
    await each.write({ ...state, units: state.units.filter(({ path }) => path !== lone.path) });
    const wanted = await each.ask({ zips: false });
    expect(namesOf(wanted)).toEqual(["example.com/lone@v1.0.0"]);
    expect(wanted).toMatchObject({ layers: [4], layerBytes: layers[4]?.size, needBytes: unit?.size });
    expect(wanted.needFiles).toBeGreaterThan(unit?.files ?? 0);
    expect((await each.ask()).needBytes).toBeGreaterThan(wanted.needBytes);
  });

  it("needs the space of the program that will be copied", async () => {
    await using each = await bench();
    await each.installed();
    const executablePath = join(each.path, "goferry-linux-amd64");
    await writeFile(executablePath, "x".repeat(5000));
    expect(await each.ask({ executablePath })).toMatchObject({ needBytes: 5000, needFiles: 1 });
    await mkdir(each.at.bin, { recursive: true });
    await writeFile(join(each.at.bin, "goferry"), "y".repeat(5000));
    expect(await each.ask({ executablePath })).toMatchObject({ needBytes: 0, needFiles: 0 });
  });

  it("changes something for a pattern that is new", async () => {
    await using each = await bench();
    const state = await each.installed();
    expect(await each.ask({ direct: ["a.example"] })).toMatchObject({ changesSomething: true });
    await each.write({ ...state, direct: ["a.example", "b.example"] });
    expect(await each.ask({ direct: ["a.example"] })).toMatchObject({ changesSomething: false });
  });

  it("changes something for a bundle that is new and brings nothing new", async () => {
    await using each = await bench();
    await each.installed();
    await using other = await layeredBundle(each.path, {
      name: "other",
      toolchains: [scriptedToolchain("1.27.1")],
      modules: [[b]],
    });
    expect(await each.ask({ bundle: other })).toMatchObject({
      units: [],
      layers: [],
      changesSomething: true,
    });
  });

  it("is only what was chosen, and later what is still lacking of more", async () => {
    await using each = await bench();
    const modules = { projects: ["other"] };
    const narrow = await each.ask({ select: { go: ["1.27.1"], modules } });
    expect(namesOf(narrow)).toEqual([
      "example.com/b@v1.0.0",
      "golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64",
    ]);
    expect(narrow.layers).toEqual([0, 1, 4]);
    await each.installed({ zips: false, select: { go: "all", modules } });
    expect(await each.ask({ zips: false, select: { go: "all", modules } })).toMatchObject({
      units: [],
      layers: [],
      changesSomething: false,
    });
    expect(await each.ask({ select: { go: "all", modules: "none" } })).toMatchObject({
      changesSomething: false,
    });
    expect(namesOf(await each.ask({ zips: false }))).toEqual([
      "example.com/lone@v1.0.0",
      "example.com/A@v1.0.0",
    ]);
  });

  it("says in words what will be new", async () => {
    await using each = await bench();
    const lines = describeDemand(await each.ask(), each.at);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(join(each.at.sdk, "go1.27.1"));
    expect(lines[1]).toContain("3 module versions");
    await each.installed();
    expect(describeDemand(await each.ask(), each.at)).toEqual([]);
  });

  it("refuses a state that cannot be read", async () => {
    await using each = await bench();
    await mkdir(each.at.state, { recursive: true });
    await writeFile(each.at.stateFile, "{}");
    await expect(each.ask()).rejects.toMatchObject({ code: "STATE_DAMAGED" });
  });
});
