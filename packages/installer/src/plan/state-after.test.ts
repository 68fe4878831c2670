import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTreeHead, unitsFor } from "@goferry/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  layeredBundle,
  scriptedToolchain,
  type LayeredBundle,
  type LayeredOptions,
} from "../../../../test/kit/layered-bundle.ts";
import { layout } from "../layout.ts";
import { emptyState, parseState, serializeState, type State } from "../transaction/state.ts";
import type { Demand } from "./demand.ts";
import { stateAfter } from "./state-after.ts";

const ROOT = "/opt/goferry";
const host = { platform: "linux/amd64", now: () => new Date("2026-11-21T05:00:00Z") };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "goferry-state-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const make = (options: LayeredOptions): Promise<LayeredBundle> => layeredBundle(folder, options);

/** As if the root lacked everything, or only what is listed. */
function after(
  before: State,
  bundle: LayeredBundle,
  {
    zips = true,
    lacks,
    selects,
    direct = [],
    allowPrivate = [],
  }: {
    zips?: boolean;
    lacks?: string[];
    selects?: string[];
    direct?: string[];
    allowPrivate?: string[];
  } = {},
): State {
  const selected = unitsFor(bundle.contents, host.platform).filter(
    ({ path, version }) => selects === undefined || selects.includes(`${path}@${version}`),
  );
  const units = selected.filter(
    ({ path, version }) => lacks === undefined || lacks.includes(`${path}@${version}`),
  );
  const wanted: Demand = {
    before,
    selected,
    units,
    layers: [],
    layerBytes: 0,
    needBytes: 0,
    needFiles: 0,
    changesSomething: true,
  };
  const state = stateAfter(before, {
    wanted,
    options: { bundle, zips, direct, allowPrivate, logKey: bundle.log.vkey },
    host,
  });
  // What is not valid could not be written.
  return parseState(serializeState(state), layout(ROOT));
}

const toolchains = (...versions: string[]) => versions.map((version) => scriptedToolchain(version));
const m = { path: "example.com/m", version: "v1.0.0", files: { a: "a" } };
const lone = { path: "example.com/m", version: "v1.0.0" };

describe("projects", () => {
  it("are those of which everything is there, and the bundle is complete with the last unit", async () => {
    const other = { path: "example.com/other", version: "v1.0.0", files: { b: "b" }, neededBy: [1] };
    await using bundle = await make({ toolchains: toolchains("1.27.1", "1.26.8"), modules: [[m, other]] });
    const part = (before: State, ...names: string[]): State =>
      after(before, bundle, { selects: names, lacks: names });
    const [newer, older] = ["1.27.1", "1.26.8"].map(
      (go) => `golang.org/toolchain@v0.0.1-go${go}.linux-amd64`,
    );
    const first = part(emptyState(ROOT), newer ?? "", "example.com/other@v1.0.0");
    expect(first.bundles).toMatchObject([{ projects: ["other"], complete: false }]);
    expect(first.units.map(({ path }) => path)).toEqual(["example.com/other"]);
    const second = part(first, older ?? "");
    expect(second.bundles).toMatchObject([{ projects: ["other"], complete: false }]);
    const third = part(second, "example.com/m@v1.0.0");
    expect(third.bundles).toMatchObject([{ projects: ["app", "other"], complete: true }]);
  });
});

describe("stateAfter", () => {
  it("has what the bundle brings to this platform", async () => {
    await using bundle = await make({
      toolchains: [scriptedToolchain("1.27.1"), scriptedToolchain("1.27.1", "linux/arm64")],
      modules: [[m, { path: "example.com/n", version: "v0.1.0" }]],
    });
    const state = after(emptyState(ROOT), bundle);
    expect(state).toMatchObject({
      generation: 1,
      current: "1.27.1",
      log: { key: bundle.log.vkey, heads: [bundle.contents.log?.head], lookups: null },
      sdks: [{ version: "1.27.1", platform: "linux/amd64", bundles: [bundle.indexDigest] }],
      bundles: [
        {
          name: "layered",
          serial: 1_700_000_000,
          indexDigest: bundle.indexDigest,
          zips: true,
          treeSize: openTreeHead(bundle.contents.log?.head ?? "", bundle.log.vkey).size,
          installedAt: "2026-11-21T05:00:00.000Z",
        },
      ],
    });
    expect(state.units.map(({ kind, path, record }) => [kind, path, record?.id !== undefined])).toEqual([
      ["module", "example.com/m", true],
      ["gomod", "example.com/n", true],
    ]);
    expect(state.units[1]?.h1).toBeNull();
  });

  it.each([
    [["1.27.1"], ["1.26.8"], "1.27.1"],
    [["1.26.8"], ["1.27.1"], "1.27.1"],
    [["1.9.0"], ["1.10.0"], "1.10.0"],
    [["1.27.9"], ["1.27.10"], "1.27.10"],
    [["1.28rc1"], ["1.27.9"], "1.28rc1"],
    [["1.28rc2"], ["1.28.0"], "1.28.0"],
    [["1.28rc2"], ["1.28rc10"], "1.28rc10"],
    [["1.28beta3"], ["1.28rc1"], "1.28rc1"],
  ])("after %s and %s, current is %s", async (first, second, current) => {
    await using one = await make({ toolchains: toolchains(...first), serial: 1_700_000_001 });
    await using two = await make({ toolchains: toolchains(...second), serial: 1_700_000_002 });
    expect(after(after(emptyState(ROOT), one), two).current).toBe(current);
  });

  it("leaves the version that somebody chose when no new one comes", async () => {
    await using both = await make({ toolchains: toolchains("1.27.1", "1.26.8") });
    await using modules = await make({ toolchains: toolchains("1.27.1"), modules: [[m]], name: "more" });
    const chosen = { ...after(emptyState(ROOT), both), current: "1.26.8" };
    expect(after(chosen, modules, { lacks: ["example.com/m@v1.0.0"] }).current).toBe("1.26.8");
  });

  it("leaves it when one comes that is older than the newest that was there", async () => {
    await using both = await make({ toolchains: toolchains("1.27.1", "1.25.3"), serial: 1_700_000_001 });
    await using between = await make({ toolchains: toolchains("1.26.8"), serial: 1_700_000_002 });
    await using newer = await make({ toolchains: toolchains("1.27.2"), serial: 1_700_000_003 });
    const chosen = { ...after(emptyState(ROOT), both), current: "1.25.3" };
    expect(after(chosen, between).current).toBe("1.25.3");
    expect(after(chosen, newer).current).toBe("1.27.2");
  });

  it("keeps the head of the larger tree, and the patterns of all", async () => {
    await using large = await make({ modules: [[m], [{ ...m, version: "v1.1.0" }]], name: "large" });
    await using small = await make({ name: "small" });
    const first = after(emptyState(ROOT), large, { direct: ["b.example"], allowPrivate: ["c.example"] });
    const second = after(first, small, { direct: ["a.example"], allowPrivate: ["c.example"] });
    expect(second).toMatchObject({
      log: { heads: [small.contents.log?.head] },
      direct: ["a.example", "b.example"],
      privatePatterns: ["c.example"],
    });
    expect(after(after(emptyState(ROOT), small), large).log?.heads).toEqual([small.contents.log?.head]);
  });

  it("makes a module of a version of which only the go.mod was there, and not the other way round", async () => {
    await using whole = await make({ modules: [[m]], serial: 1_700_000_001 });
    await using alone = await make({ modules: [[lone]], serial: 1_700_000_002 });
    const kinds = (state: State): string[] => state.units.map(({ kind }) => kind);
    expect(kinds(after(after(emptyState(ROOT), alone), whole, { lacks: [] }))).toEqual(["module"]);
    const both = after(after(emptyState(ROOT), whole), alone, { lacks: [] });
    expect(kinds(both)).toEqual(["module"]);
    expect(both.units[0]?.bundles).toEqual([whole.indexDigest, alone.indexDigest]);
  });

  it("lists a bundle once, with the time of its first installation, and remembers that it has zips", async () => {
    await using bundle = await make({ modules: [[m]] });
    const first = after(emptyState(ROOT), bundle, { zips: false });
    const later = {
      ...first,
      bundles: first.bundles.map((each) => ({ ...each, installedAt: "2026-01-01T00:00:00.000Z" })),
    };
    const second = after(later, bundle, { zips: true, lacks: ["example.com/m@v1.0.0"] });
    expect(second.bundles).toMatchObject([{ zips: true, installedAt: "2026-01-01T00:00:00.000Z" }]);
    expect(after(second, bundle, { zips: false, lacks: [] }).bundles).toMatchObject([{ zips: true }]);
    expect(second.generation).toBe(2);
  });

  it("keeps what other bundles have brought", async () => {
    await using one = await make({ modules: [[m]], name: "one" });
    await using two = await make({ modules: [[{ ...m, version: "v2.0.0+incompatible" }]], name: "two" });
    const state = after(after(emptyState(ROOT), one), two, { lacks: ["example.com/m@v2.0.0+incompatible"] });
    expect(state.bundles.map(({ name }) => name)).toEqual(["one", "two"]);
    // The toolchain is in both, and each module in one.
    const [first, second] = [one.indexDigest, two.indexDigest];
    expect(state.sdks.map(({ bundles }) => bundles)).toEqual([[first, second]]);
    expect(state.units.map(({ bundles }) => bundles)).toEqual([[first], [second]]);
    expect(state.units.map(({ version }) => version)).toEqual(["v1.0.0", "v2.0.0+incompatible"]);
    expect(state.sdks).toHaveLength(1);
  });
});
