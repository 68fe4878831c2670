import { compareVersions, type Digest } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LockUnit } from "../lock/schema.ts";
import { diffInventories, type Difference } from "./diff.ts";
import type { Inventory } from "./inventory.ts";

const H1 = `h1:${"A".repeat(43)}=`;
const OTHER = `h1:${"B".repeat(43)}=`;
const DIGEST: Digest = `sha256:${"0".repeat(64)}`;

function module(name: string, more: Partial<Extract<LockUnit, { kind: "module" }>> = {}): LockUnit {
  const [path = "", version = ""] = name.split("@");
  return { kind: "module", path, version, h1: H1, modH1: H1, id: 7, ...more };
}

function gomod(name: string, modH1 = H1): LockUnit {
  const [path = "", version = ""] = name.split("@");
  return { kind: "gomod", path, version, modH1, id: 7 };
}

function toolchain(go: string, platform: string): LockUnit {
  const version = `v0.0.1-go${go}.${platform.replace("/", "-")}`;
  return { kind: "toolchain", path: "golang.org/toolchain", version, platform, h1: H1, modH1: H1, id: 1 };
}

function inventory(units: LockUnit[], more: Partial<Inventory> = {}): Inventory {
  return {
    name: "site",
    created: "2026-11-21T05:00:00Z",
    serial: 1_795_237_200,
    go: ["1.27.1"],
    request: { go: ["1.27"], platforms: ["linux/amd64"], projects: [], modules: [], tools: [] },
    log: "sum.golang.org",
    units,
    ...more,
  };
}

function diff(before: LockUnit[], after: LockUnit[]): Difference {
  return diffInventories(inventory(before), inventory(after));
}

describe("diffInventories", () => {
  it("is the same where only times differ", () => {
    const units = [module("a.org/x@v1.0.0"), toolchain("1.27.1", "linux/amd64")];
    const later = inventory(units.toReversed(), { created: "2026-12-01T00:00:00Z", serial: 1_796_083_200 });
    expect(diffInventories(inventory(units), later).same).toBe(true);
  });

  it("groups modules by path, and tells up from down as Go orders versions", () => {
    const before = [
      "up.org@v1.9.0",
      "down.org@v1.0.0",
      "pre.org@v1.0.0-rc.1",
      "gone.org@v1.0.0",
      "two.org@v1.0.0",
    ];
    const after = [
      "up.org@v1.10.0",
      "down.org@v0.9.9",
      "pre.org@v1.0.0",
      "new.org@v1.0.0",
      "two.org@v1.0.0",
      "two.org@v1.1.0",
    ];
    const { modules, same, alarms } = diff(
      before.map((each) => module(each)),
      after.map((each) => module(each)),
    );
    expect(modules.map(({ path, change }) => [path, change])).toEqual([
      ["down.org", "downgraded"],
      ["gone.org", "removed"],
      ["new.org", "added"],
      ["pre.org", "upgraded"],
      ["two.org", "changed"],
      ["up.org", "upgraded"],
    ]);
    expect(modules[4]).toMatchObject({ before: ["v1.0.0"], after: ["v1.0.0", "v1.1.0"] });
    expect({ same, alarms }).toEqual({ same: false, alarms: [] });
  });

  it.each([
    ["files of a module", module("a.org@v1.0.0"), module("a.org@v1.0.0", { h1: OTHER }), "h1"],
    ["the go.mod of a module", module("a.org@v1.0.0"), module("a.org@v1.0.0", { modH1: OTHER }), "modH1"],
    ["a lone go.mod", gomod("a.org@v1.0.0"), gomod("a.org@v1.0.0", OTHER), "modH1"],
    [
      "a go.mod whose module comes whole",
      gomod("a.org@v1.0.0"),
      module("a.org@v1.0.0", { modH1: OTHER }),
      "modH1",
    ],
    ["a record", module("a.org@v1.0.0"), module("a.org@v1.0.0", { id: 8 }), "record"],
  ])("raises an alarm: %s changed under its version", (_, before, after, what) => {
    expect(diff([before], [after])).toMatchObject({
      same: false,
      alarms: [{ what, unit: expect.any(String) }],
    });
    expect(diff([after], [before]).alarms).toHaveLength(1);
  });

  it("does not compare numbers of different databases", () => {
    const before = inventory([module("a.org@v1.0.0")]);
    const after = inventory([module("a.org@v1.0.0", { id: 9 })], { log: "sum.example.com" });
    expect(diffInventories(before, after).alarms).toEqual([]);
  });

  it("shows Go, platforms, toolchains, lone go.mod files, private units and the request", () => {
    const before = inventory(
      [toolchain("1.26.8", "linux/amd64"), gomod("a.org@v1.0.0"), module("p.org@v1.0.0")],
      {
        go: ["1.26.8"],
      },
    );
    const { id: _, ...bare } = module("p.org@v1.0.0");
    const after = inventory([toolchain("1.28rc1", "windows/amd64"), { ...bare, private: true }], {
      go: ["1.28rc1"],
      request: {
        go: ["1.28rc1"],
        platforms: ["windows/amd64"],
        projects: [
          {
            name: "app",
            modules: ["a.org"],
            files: [{ path: "go.mod", digest: DIGEST }],
            tags: [],
            packages: [],
          },
        ],
        modules: [],
        tools: [],
      },
    });
    const found = diffInventories(before, after);
    expect(found).toMatchObject({
      go: { added: ["1.28rc1"], removed: ["1.26.8"] },
      platforms: { added: ["windows/amd64"], removed: ["linux/amd64"] },
      toolchains: { added: ["1.28rc1 windows/amd64"], removed: ["1.26.8 linux/amd64"] },
      gomods: { added: [], removed: ["a.org@v1.0.0"] },
      private: [{ unit: "module p.org@v1.0.0", before: false, after: true }],
      alarms: [],
    });
    expect(found.request.map(({ subject }) => subject)).toContain("project app go.mod");
  });

  it("tells backwards what it tells forwards, and nothing of equals", () => {
    const name = fc.tuple(
      fc.constantFrom("a.org", "b.org", "c.org"),
      fc.constantFrom("v1.0.0", "v1.2.0", "v1.10.0"),
    );
    const unit = name.map(([path, version]) => module(`${path}@${version}`));
    const selector = ({ path, version }: LockUnit): string => `${path}@${version}`;
    const units = fc.uniqueArray(unit, { selector });
    fc.assert(
      fc.property(units, units, (before, after) => {
        const forth = diff(before, after);
        const back = diff(after, before);
        expect(diff(before, before).same).toBe(true);
        expect(back.modules.map(({ path }) => path)).toEqual(forth.modules.map(({ path }) => path));
        const opposite = {
          added: "removed",
          removed: "added",
          upgraded: "downgraded",
          downgraded: "upgraded",
          changed: "changed",
        };
        expect(back.modules.map(({ change }) => change)).toEqual(
          forth.modules.map(({ change }) => opposite[change]),
        );
        const wrong = forth.modules.filter(
          ({ before: then, after: now, change }) =>
            change === "upgraded" && compareVersions(then[0] ?? "", now[0] ?? "") >= 0,
        );
        expect(wrong).toEqual([]);
      }),
    );
  });
});
