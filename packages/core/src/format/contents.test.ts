import { beforeAll, describe, expect, it } from "vitest";
import { dirhash } from "../../../../test/kit/checksum-log.ts";
import { smallBundle } from "../../../../test/kit/small-bundle.ts";
import {
  MAX_LAYER_ENTRIES,
  MAX_RATIO,
  MAX_TOOLCHAIN_LAYERS,
  MAX_UNIT_BYTES,
  RATIO_ALLOWANCE_BYTES,
} from "../limits.ts";
import { CONTENTS_SCHEMA, type Contents } from "./contents.ts";
import { layersFor, unitName, unitsFor } from "./units.ts";
import { canonicalJson, parseCanonicalJson } from "./json.ts";

const GO = ["1.27.1", "1.26.8"];
const PLATFORMS = ["linux/amd64", "windows/amd64"];

// Of the bundle below. Layers: for each Go version all, linux, windows; then modules.
const SDK = 0;
const OWN = 1;
const MOD = 6;
// Units: gomod, two modules, four toolchains.
const GOMOD = 0;
const MODULE = 1;
const TOOLCHAIN = 3;
/** Index of the layer with the log's tiles, the last. */
const LOG = 7;

let contents: Contents;

beforeAll(async () => {
  ({ contents } = (await smallBundle({ go: GO, platforms: PLATFORMS })).packed);
});

/** What the schema says of the contents with these fields changed, each named by its path; undefined removes it. */
function judge(changes: Record<string, unknown>, original: unknown = contents): string {
  const copy: unknown = structuredClone(original);
  for (const [path, value] of Object.entries(changes)) {
    const steps = path.split(".");
    const last = steps.pop() ?? "";
    const parent = steps.reduce((at, step) => (at as Record<string, unknown>)[step], copy) as Record<
      string,
      unknown
    >;
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  const { error } = CONTENTS_SCHEMA.safeParse(copy);
  const [issue] = error?.issues ?? [];
  return issue === undefined ? "fine" : `${issue.path.join(".")}: ${issue.message}`;
}

describe("the contents of a bundle that the packer made", () => {
  it("have the shape that the tests below change", () => {
    expect(contents.layers.map(({ kind, go, platform }) => [kind, go, platform])).toEqual([
      ["sdk", "1.26.8", undefined],
      ["sdk", "1.26.8", "linux/amd64"],
      ["sdk", "1.26.8", "windows/amd64"],
      ["sdk", "1.27.1", undefined],
      ["sdk", "1.27.1", "linux/amd64"],
      ["sdk", "1.27.1", "windows/amd64"],
      ["mod", undefined, undefined],
      ["log", undefined, undefined],
    ]);
    expect(contents.units.map((unit) => [unit.kind, unit.layers])).toEqual([
      ["gomod", [6]],
      ["module", [6]],
      ["module", [6]],
      ["toolchain", [0, 1]],
      ["toolchain", [0, 2]],
      ["toolchain", [3, 4]],
      ["toolchain", [3, 5]],
    ]);
  });

  it("pass, and come back from their canonical spelling", () => {
    expect(judge({})).toBe("fine");
    const bytes = canonicalJson(contents);
    expect(parseCanonicalJson(bytes, CONTENTS_SCHEMA, "contents")).toEqual(contents);
  });
});

describe("fields", () => {
  it("are all known: no other one may stand anywhere", () => {
    const places = ["", "request.", "log.", "layers.0.", "units.0.", "units.3.", "units.0.evidence."];
    for (const place of places) expect(judge({ [`${place}extra`]: 1 }), place).toMatch(/unrecognized/i);
  });

  it.each([
    ["contentsVersion", 2],
    ["contentsVersion", "1"],
    ["name", "Small"],
    ["created", "2026-11-21 05:00:00Z"],
    ["serial", -1],
    ["serial", 1.5],
    ["expires", "never"],
    ["go", []],
    ["go", ["1.27"]],
    ["platforms", []],
    ["request", undefined],
    ["request.go", []],
    ["log.name", ""],
    ["log.head", "x".repeat(5000)],
    ["layers", []],
    ["layers.0.kind", "bin"],
    ["layers.0.digest", "sha512:00"],
    ["layers.0.tarSize", undefined],
    ["layers.0.chunks", []],
    ["layers.0.chunks.0", "x"],
    ["units", []],
    ["units.0.kind", "tool"],
    ["units.0.modH1", "h1:"],
    ["units.1.h1", undefined],
    ["units.0.h1", dirhash("a gomod has no zip")],
    ["units.0.layers", []],
    ["units.0.evidence", "public"],
    ["units.0.evidence.id", undefined],
    ["units.0.evidence.proof", "not base64!"],
    ["units.0.path", "example"],
    ["units.0.path", "example.com/../x"],
    ["units.0.version", "v1"],
    ["units.0.version", "v2.0.0"],
    ["units.3.go", undefined],
    ["units.3.platform", undefined],
    ["units.1.platform", "linux/amd64"],
  ])("refuses %s: %j", (path, value) => expect(judge({ [path]: value })).not.toBe("fine"));
});

describe("consistency", () => {
  const cases: [string, Record<string, unknown>, string][] = [
    ["a serial of another time", { serial: 1_795_237_201 }, "serial"],
    ["an expiry at the beginning", { expires: "2026-11-21T05:00:00Z" }, "expires"],
    ["an expiry before", { expires: "2025-11-21T05:00:00Z" }, "expires"],
    ["Go versions oldest first", { go: ["1.26.8", "1.27.1"] }, "go"],
    ["a Go version twice", { go: ["1.27.1", "1.26.8", "1.26.8"] }, "go"],
    ["platforms unsorted", { platforms: ["windows/amd64", "linux/amd64"] }, "platforms"],
    ["a platform twice", { platforms: ["linux/amd64", "linux/amd64", "windows/amd64"] }, "platforms"],
    ["evidence without a log", { log: undefined }, "log"],
    ["a chunk too many", { [`layers.${MOD}.chunks.1`]: "0".repeat(64) }, `layers.${MOD}.chunks`],
    ["a chunk too few", { [`layers.${MOD}.size`]: (1 << 20) + 1 }, `layers.${MOD}.chunks`],
    ["an empty layer", { [`layers.${MOD}.size`]: 0 }, `layers.${MOD}.chunks`],
    ["modules of a Go version", { [`layers.${MOD}.go`]: "1.27.1" }, `layers.${MOD}.go`],
    ["modules of a platform", { [`layers.${MOD}.platform`]: "linux/amd64" }, `layers.${MOD}.platform`],
    ["an SDK of no Go version", { [`layers.${SDK}.go`]: undefined }, `layers.${SDK}.go`],
    [
      "an SDK of a Go version that the bundle has not",
      { [`layers.${SDK}.go`]: "1.25.0" },
      `layers.${SDK}.go`,
    ],
    [
      "an SDK for a platform that the bundle has not",
      { [`layers.${OWN}.platform`]: "plan9/386" },
      `layers.${OWN}.platform`,
    ],
    ["an own layer that says it is for all", { [`layers.${OWN}.platform`]: undefined }, "units.4.layers"],
    ["a common layer for one platform", { [`layers.${SDK}.platform`]: "linux/amd64" }, "units.4.layers"],
    ["an index behind the last layer", { [`units.${GOMOD}.layers`]: [7] }, `units.${GOMOD}.layers`],
    ["a module in two layers", { [`units.${MODULE}.layers`]: [MOD, MOD] }, `units.${MODULE}.layers`],
    ["a module in an SDK", { [`units.${MODULE}.layers`]: [SDK] }, `units.${MODULE}.layers`],
    ["a toolchain in a layer of modules", { [`units.${TOOLCHAIN}.layers`]: [SDK, MOD] }, `layers.${OWN}`],
    ["a toolchain without a layer of its own", { [`units.${TOOLCHAIN}.layers`]: [SDK] }, `layers.${OWN}`],
    [
      "a toolchain with its layers turned",
      { [`units.${TOOLCHAIN}.layers`]: [OWN, SDK] },
      `units.${TOOLCHAIN}.layers`,
    ],
    ["a toolchain in a layer twice", { [`units.${TOOLCHAIN}.layers`]: [SDK, SDK] }, `layers.${OWN}`],
    [
      "a toolchain in a layer of another platform",
      { [`units.${TOOLCHAIN}.layers`]: [SDK, 2] },
      `layers.${OWN}`,
    ],
    [
      "a module with the hash of a zip in its evidence",
      { [`units.${MODULE}.evidence.h1`]: dirhash("x") },
      `units.${MODULE}.evidence.h1`,
    ],
    [
      "a go.mod without the hash of its zip",
      { [`units.${GOMOD}.evidence.h1`]: undefined },
      `units.${GOMOD}.evidence.h1`,
    ],
    ["a toolchain missing", { go: ["1.27.1", "1.26.8", "1.26.7"] }, "units"],
    ["a platform without toolchains", { platforms: [...PLATFORMS, "windows/arm64"] }, "units"],
  ];

  it.each(cases)("refuses %s", (_, changes, where) => {
    expect(judge(changes).replace(/^: /, "")).toMatch(new RegExp(`^${where.replaceAll(".", "\\.")}: `));
  });

  it("refuses units out of order, twice, or under two kinds", () => {
    const [gomod, module, ...rest] = contents.units;
    expect(judge({ units: [module, gomod, ...rest] })).toContain("units: sorted");
    expect(judge({ units: [gomod, gomod, module, ...rest] })).toContain("units: sorted");
    const both = { ...gomod, path: module?.path, version: module?.version };
    expect(judge({ units: [both, module, ...rest] })).toContain("units: each module version once");
  });

  it("refuses a layer that no unit answers for: nothing would prove its files", () => {
    const [first] = contents.layers;
    const stray = { ...first, digest: `sha256:${"0".repeat(64)}`, kind: "mod", go: undefined };
    expect(judge({ "layers.7": stray })).toContain("layers.7: the layer of a unit");
    const sdk = { ...stray, kind: "sdk", go: "1.27.1", platform: "linux/amd64" };
    expect(judge({ "layers.7": sdk })).toContain("layers.7: the layer of a unit");
    // Named by its toolchain it is a part of what that one's h1 covers.
    expect(judge({ "layers.7": sdk, "units.5.layers": [3, 4, 7] })).toBe("fine");
  });

  it("takes no more layers of a toolchain than the limit says", () => {
    const [first] = contents.layers;
    const judgeOf = (count: number): string => {
      const more = Array.from({ length: count - 2 }, (_, i) => [
        `layers.${7 + i}`,
        {
          ...first,
          digest: `sha256:${String(i).repeat(64)}`,
          kind: "sdk",
          go: "1.27.1",
          platform: "linux/amd64",
        },
      ]);
      const indexes = [3, 4, ...more.map((_, i) => 7 + i)];
      return judge({ ...Object.fromEntries(more), "units.5.layers": indexes });
    };
    expect(judgeOf(MAX_TOOLCHAIN_LAYERS)).toBe("fine");
    expect(judgeOf(MAX_TOOLCHAIN_LAYERS + 1)).toContain("units.5.layers");
  });

  it("refuses the same blob as two layers", () => {
    const [, own] = contents.layers;
    expect(judge({ "layers.2.digest": own?.digest })).toContain("layers: each digest once");
  });

  it("refuses a log that nothing is proven in, and takes none where all is private", () => {
    const units = contents.units.map((unit) => ({ ...unit, evidence: "private" }));
    expect(judge({ units })).toContain("log: ");
    const layers = contents.layers.slice(0, LOG);
    expect(judge({ units, log: undefined, layers })).toBe("fine");
  });

  it("refuses a layer of the log without a log, before other layers, and a second one", () => {
    const units = contents.units.map((unit) => ({ ...unit, evidence: "private" }));
    expect(judge({ units, log: undefined })).toContain(`layers.${LOG}: `);
    const [log] = contents.layers.slice(LOG);
    expect(judge({ layers: [...contents.layers, { ...log, digest: `sha256:${"0".repeat(64)}` }] })).toContain(
      `layers.${LOG}: `,
    );
    expect(judge({ [`layers.${LOG}.platform`]: "linux/amd64" })).toContain(`layers.${LOG}.platform: `);
    expect(judge({ [`layers.${LOG}.go`]: "1.27.1" })).toContain(`layers.${LOG}.go: `);
    expect(judge({ "units.0.layers": [LOG] })).toContain("units.0.layers: ");
  });
});

describe("a toolchain", () => {
  it("is golang.org/toolchain of its version and platform: anybody can have a module in the log", () => {
    const { version } = contents.units[TOOLCHAIN] ?? {};
    expect(version).toBe("v0.0.1-go1.26.8.linux-amd64");
    const at = `units.${TOOLCHAIN}`;
    expect(judge({ [`${at}.path`]: "example.com/toolchain" })).toContain(`${at}.path: `);
    expect(judge({ [`${at}.version`]: "v0.0.1-go1.26.7.linux-amd64" })).toContain(
      `${at}.version: ${version}`,
    );
    expect(judge({ [`${at}.version`]: "v0.0.1-go1.26.8.linux-arm64" })).toContain(
      `${at}.version: ${version}`,
    );
  });

  it("is not there for another platform, which could have the common layer to itself", () => {
    const toolchain = contents.units[TOOLCHAIN];
    if (toolchain?.kind !== "toolchain") throw new Error("no toolchain");
    const other = { platform: "plan9/386", version: "v0.0.1-go1.26.8.plan9-386", layers: [SDK] };
    const units = contents.units.toSpliced(TOOLCHAIN + 1, 0, { ...toolchain, ...other });
    expect(judge({ units })).toContain("units: toolchains of go and platforms only");
  });

  it("is nothing else than a toolchain", () => {
    const changes = {
      "units.2.path": "golang.org/toolchain",
      "units.2.version": "v0.0.1-go1.5.0.linux-amd64",
    };
    expect(judge(changes)).toContain("units.2.path: ");
  });
});

describe("Go versions", () => {
  it.each([
    [["1.27.1", "1.27.0", "1.27rc2", "1.27rc1", "1.27beta1", "1.26.8"], true],
    [["1.27.10", "1.27.9"], true],
    [["1.27.9", "1.27.10"], false],
    [["1.27rc1", "1.27.0"], false],
    [["1.27beta2", "1.27rc1"], false],
  ])("%j: newest first is %s", (go, isRight) => {
    const complaint = judge({ go });
    expect(complaint.includes("go: newest first")).toBe(!isRight);
  });
});

describe("what a host of a platform needs", () => {
  it("are its own layers and the common ones", () => {
    expect(layersFor(contents, "windows/amd64")).toEqual([0, 2, 3, 5, 6, LOG]);
    expect(layersFor(contents, "plan9/386")).toEqual([0, 3, 6, LOG]);
  });

  it("are its toolchains and all modules", () => {
    expect(unitsFor(contents, "linux/amd64").map(unitName)).toEqual([
      "example.com/graph@v0.1.0",
      "example.com/Greeting/v2@v2.0.1",
      "example.com/hello@v1.2.0",
      "golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64",
      "golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64",
    ]);
  });
});

describe("the limits", () => {
  it("hold for what a unit and a layer may unpack to", () => {
    const size = `units.${MODULE}.size`;
    expect(judge({ [size]: MAX_UNIT_BYTES })).toBe("fine");
    expect(judge({ [size]: MAX_UNIT_BYTES + 1 })).toMatch(new RegExp(`^${size}: `, "u"));
    const entries = `layers.${MOD}.entries`;
    expect(judge({ [entries]: MAX_LAYER_ENTRIES })).toBe("fine");
    expect(judge({ [entries]: MAX_LAYER_ENTRIES + 1 })).toMatch(new RegExp(`^${entries}: `, "u"));
  });

  it("hold for what all layers may unpack to together, by their compressed size", () => {
    const sum = (key: "size" | "tarSize"): number =>
      contents.layers.reduce((total, layer) => total + layer[key], 0);
    const most = MAX_RATIO * sum("size") + RATIO_ALLOWANCE_BYTES;
    const room = most - sum("tarSize") + (contents.layers[MOD]?.tarSize ?? 0);
    expect(judge({ [`layers.${MOD}.tarSize`]: room })).toBe("fine");
    expect(judge({ [`layers.${MOD}.tarSize`]: room + 1 })).toBe(
      `: layers: tar streams of at most ${most} bytes`,
    );
  });
});
