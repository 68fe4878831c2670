import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { withContents, withFiles } from "../../../../test/kit/changed-bundle.ts";
import { checksumLog, dirhash } from "../../../../test/kit/checksum-log.ts";
import {
  memorySource,
  sealSmall,
  SMALL_NOW,
  smallBundle,
  testKey,
  type SmallBundle,
  type TestKey,
} from "../../../../test/kit/small-bundle.ts";
import type { Unit } from "../format/contents.ts";
import { CHUNK_BYTES } from "../format/consistency.ts";
import { unitName } from "../format/units.ts";
import { openBundle, type OpenedBundle } from "./open.ts";
import { MAX_FINDINGS, reviewBundle, reviewChunks, type BundleReview } from "./review.ts";

// Layers of a bundle for linux/amd64 and linux/arm64.
const COMMON = 0;
const MODULES = 3;

const HELLO = "example.com/hello@v1.2.0";
const GREETING = "example.com/Greeting/v2@v2.0.1";
const BIG = "example.com/big@v1.0.0";

let small: SmallBundle;
let key: TestKey;

beforeAll(async () => {
  // Nothing can compress it, so its layer has four chunks.
  const noise = randomBytes(3 * CHUNK_BYTES).toString("latin1");
  [small, key] = await Promise.all([
    smallBundle({ modules: [{ path: "example.com/big", version: "v1.0.0", files: { noise } }] }),
    testKey(),
  ]);
});

interface Reviewing {
  /** Changes the file of the bundle. */
  damage?: (file: Buffer, opened: OpenedBundle) => void;
  logKey?: string;
}

async function opened(changed: SmallBundle, damage?: Reviewing["damage"]): Promise<OpenedBundle> {
  const file = Buffer.from(await sealSmall(changed, [key]));
  const bundle = await openBundle(memorySource(file), { keys: [key.trusted], now: SMALL_NOW });
  damage?.(file, bundle);
  return bundle;
}

async function review(changed: SmallBundle, { damage, logKey }: Reviewing = {}): Promise<BundleReview> {
  const bundle = await opened(changed, damage);
  return await reviewBundle(bundle, { policy: { logKey: logKey ?? small.log.vkey, privatePatterns: [] } });
}

const told = ({ findings }: Pick<BundleReview, "findings">): string[] =>
  findings.map(({ code, subject }) => `${code} ${subject.replace(/ in layer .*/u, "")}`);

const withUnits = (bundle: SmallBundle, change: (unit: Unit) => Unit): SmallBundle =>
  withContents(bundle, (contents) => ({ ...contents, units: contents.units.map(change) }));

/** Flips a bit of a chunk of a layer. */
function flip(file: Buffer, { layerOffsets }: OpenedBundle, layer: number, chunk: number): void {
  const at = (layerOffsets[layer] ?? 0) + chunk * CHUNK_BYTES;
  file.writeUInt8(file.readUInt8(at) ^ 1, at);
}

describe("reviewBundle", () => {
  it("finds nothing wrong with a good bundle, and counts what it looked at", async () => {
    const { layers, units } = small.packed.contents;
    expect(await review(small)).toMatchObject({
      findings: [],
      more: 0,
      unread: [],
      files: layers.reduce((sum, { entries }) => sum + entries, 0),
      evidence: { logged: units.length, private: 0, patterns: [] },
    });
  });

  it("names every bad chunk, compares the rest of the layers, and unpacks nothing behind one", async () => {
    const found = await review(small, {
      damage(file, bundle) {
        flip(file, bundle, COMMON, 0);
        for (const chunk of [1, 2]) flip(file, bundle, MODULES, chunk);
      },
    });
    const bundle = await opened(small);
    const bytes = (layer: number, chunk: number): string => {
      const { size } = bundle.contents.layers[layer] ?? { size: 0 };
      const at = (bundle.layerOffsets[layer] ?? 0) + chunk * CHUNK_BYTES;
      return `CHUNK_MISMATCH small.tar, bytes ${at} to ${at + Math.min(CHUNK_BYTES, size - chunk * CHUNK_BYTES) - 1}`;
    };
    expect(told(found)).toEqual([bytes(COMMON, 0), bytes(MODULES, 1), bytes(MODULES, 2)]);
    expect(found.unread.toSorted()).toEqual(
      small.packed.contents.units
        .filter(({ layers }) => layers.includes(COMMON) || layers.includes(MODULES))
        .map(unitName)
        .toSorted(),
    );
    expect(found.evidence.logged).toBe(small.packed.contents.units.length);
  });

  it("names every unit that is not in the log as it is, and every one whose files are not as announced", async () => {
    const changed = withUnits(small, (unit) =>
      unit.kind !== "gomod" && unitName(unit) !== BIG ? { ...unit, h1: dirhash(unitName(unit)) } : unit,
    );
    const found = await review(changed);
    const wrong = changed.packed.contents.units.filter(
      (unit) => unit.kind !== "gomod" && unitName(unit) !== BIG,
    );
    const modules = wrong.filter(({ kind }) => kind === "module").map(unitName);
    const toolchains = wrong.filter(({ kind }) => kind === "toolchain").map(unitName);
    expect(told(found)).toEqual([
      ...wrong.map((unit) => `LOG_MISMATCH ${unitName(unit)}`),
      // Their .ziphash says the right one still; it is met before their trees are complete.
      ...modules.map((name) => `HASH_MISMATCH mod/cache/download/${zipHashOf(name)}`),
      ...modules.map((name) => `HASH_MISMATCH ${name}`),
      ...toolchains.map((name) => `HASH_MISMATCH ${name}`),
    ]);
    expect(found.findings[0]).toMatchObject({ found: expect.stringContaining(dirhash(GREETING)) });
    expect(found).toMatchObject({ unread: [], evidence: { logged: 2 } });
  });

  it("names every private unit that nobody has allowed", async () => {
    const changed = withUnits(small, (unit) => {
      return unit.kind === "module" ? { ...unit, evidence: "private" } : unit;
    });
    const found = await review(changed);
    const all = changed.packed.contents.units.filter(({ evidence }) => evidence === "private");
    expect(all).toHaveLength(3);
    // The tiles in the bundle are more than what is looked up now.
    expect(told(found).slice(0, 3)).toEqual(all.map((unit) => `PRIVATE_REFUSED ${unitName(unit)}`));
  });

  it("says once that there is no tree head to believe, and claims nothing of the units then", async () => {
    const other = checksumLog("sum.example.com");
    for (const each of [HELLO, GREETING]) other.add({ path: each, version: "v1.0.0" });
    const found = await review(small, { logKey: other.vkey });
    expect(told(found)).toEqual(["LOG_MISMATCH signed note of sum.example.com"]);
    expect(found.evidence).toMatchObject({ head: undefined, logged: 0 });
  });

  it("goes on with the proofs of units when an earlier head is not of this log's history", async () => {
    const fork = checksumLog();
    fork.add({ path: "example.com/fork", version: "v1.0.0" });
    const forked = withContents(small, (contents) => ({
      ...contents,
      ...(contents.log === undefined
        ? {}
        : { log: { ...contents.log, earlier: [{ head: fork.head(), proof: "" }] } }),
    }));
    const found = await review(forked);
    expect(told(found)[0]).toBe("LOG_MISMATCH signed note of sum.example.com");
    expect(found.evidence.logged).toBe(small.packed.contents.units.length);
  });

  it("goes on with other layers when one is signed and yet no archive of ours", async () => {
    const stray = { path: "sdk/go1.27.1/../evil", mode: 0o644 as const, content: Buffer.from("evil") };
    const changed = withUnits(
      withFiles(small, COMMON, (files) => [stray, ...files]),
      (unit) => (unitName(unit) === HELLO ? { ...unit, size: 1 } : unit),
    );
    expect(told(await review(changed))).toEqual([
      expect.stringMatching(/^ENTRY_REFUSED .*evil/u),
      `HASH_MISMATCH ${HELLO}`,
    ]);
  });

  it("keeps some hundreds of findings, and counts the others", async () => {
    const many = Array.from({ length: 3 }, (_, n) => n);
    const { contents } = small.packed;
    const [unit] = contents.units.filter(({ kind }) => kind === "gomod");
    if (unit === undefined) throw new Error("no gomod");
    const units = Array.from({ length: MAX_FINDINGS + many.length }, (_, i) => ({
      ...unit,
      path: `example.com/m${String(i).padStart(4, "0")}`,
    }));
    const bundle = await opened(small);
    const found = await reviewBundle(
      { ...bundle, contents: { ...contents, units: [...units, ...contents.units] } },
      { policy: { logKey: small.log.vkey, privatePatterns: [] } },
    );
    expect(found.findings).toHaveLength(MAX_FINDINGS);
    expect(found.more).toBeGreaterThanOrEqual(many.length);
  });
});

describe("reviewChunks", () => {
  it("names every bad chunk of every layer", async () => {
    const bundle = await opened(small, (file, whole) => {
      for (const chunk of [0, 2]) flip(file, whole, MODULES, chunk);
    });
    const told0 = told(await reviewChunks(bundle, {}));
    expect(told0).toHaveLength(2);
    expect(new Set(told0).size).toBe(2);
  });

  it("hears of every byte, good or bad", async () => {
    const bundle = await opened(small, (file, whole) => flip(file, whole, MODULES, 0));
    let bytes = 0;
    await reviewChunks(bundle, { onBytes: (count) => (bytes += count) });
    expect(bytes).toBe(small.packed.contents.layers.reduce((sum, { size }) => sum + size, 0));
  });
});

function zipHashOf(name: string): string {
  const [path = "", version = ""] = name.split("@");
  return `${path.replace("Greeting", "!greeting")}/@v/${version}.ziphash`;
}
