import { beforeAll, describe, expect, it } from "vitest";
import {
  readTestLayer,
  testZstd,
  layerFacts,
  withContents,
  withFiles,
  withLayer,
  type LayerFile,
} from "../../../../test/kit/changed-bundle.ts";
import {
  evidenceOf,
  memorySource,
  sealSmall,
  SMALL_NOW,
  smallBundle,
  testKey,
  type SmallBundle,
  type TestKey,
} from "../../../../test/kit/small-bundle.ts";
import { sha256Hex } from "../digest.ts";
import { dirhash, goModHash } from "../dirhash.ts";
import { GoferryError } from "../errors.ts";
import type { Contents, Layer, Unit } from "../format/contents.ts";
import { unitsOfLayer } from "../format/units.ts";
import { toolchainHashName } from "../gomodule/mode.ts";
import { zipPrefix } from "../gomodule/path.ts";
import type { EvidencePolicy, EvidenceReport } from "./evidence.ts";
import { openBundle } from "./open.ts";
import { modulePlace, zipHashFile } from "./place.ts";
import { verifyChunks } from "../../../../test/kit/verify-chunks.ts";
import { verifyBundle } from "./verify.ts";

// Layers of a bundle for linux/amd64 and linux/arm64.
const COMMON = 0;
const AMD64 = 1;
const ARM64 = 2;
const MODULES = 3;

const HELLO = { path: "example.com/hello", version: "v1.2.0" };
const PRIVATE = "git.example.com/own";

let small: SmallBundle;
let key: TestKey;

beforeAll(async () => {
  [small, key] = await Promise.all([
    smallBundle({
      private: [PRIVATE],
      modules: [{ path: PRIVATE, version: "v0.1.0", files: { "own.go": "package own\n" } }],
    }),
    testKey(),
  ]);
});

/** Seals, opens and verifies a bundle, as somebody who has the signing key makes it. */
async function verify(changed: SmallBundle, policy: Partial<EvidencePolicy> = {}): Promise<EvidenceReport> {
  const source = memorySource(await sealSmall(changed, [key]));
  const bundle = await openBundle(source, { keys: [key.trusted], now: SMALL_NOW });
  await verifyChunks(bundle, {});
  return await verifyBundle(bundle, {
    policy: { logKey: small.log.vkey, privatePatterns: [PRIVATE], ...policy },
  });
}

async function expectRefused(
  changed: SmallBundle,
  code: string,
  policy: Partial<EvidencePolicy> = {},
): Promise<void> {
  await expect(verify(changed, policy)).rejects.toMatchObject({ code });
}

function replace(files: LayerFile[], path: string, content: string | Uint8Array): LayerFile[] {
  expect(files.map((file) => file.path)).toContain(path);
  return files.map((file) => (file.path === path ? { ...file, content: Buffer.from(content) } : file));
}

function byPath(files: LayerFile[]): LayerFile[] {
  return files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

const withUnits = (bundle: SmallBundle, change: (unit: Unit) => Unit): SmallBundle =>
  withContents(bundle, (contents) => ({ ...contents, units: contents.units.map(change) }));

/** Gives the module the hashes and the size that its files in the layer have: everything but its record in the log. */
function rehashed(bundle: SmallBundle, { path, version }: typeof HELLO): SmallBundle {
  const files = readTestLayer(bundle.layers[MODULES] ?? new Uint8Array());
  const place = modulePlace({ path, version });
  const tree = files.filter((file) => file.path.startsWith(place.tree));
  const prefix = zipPrefix({ path, version });
  const h1 = dirhash(
    tree.map((file) => ({
      name: prefix + file.path.slice(place.tree.length),
      sha256: sha256Hex(file.content),
    })),
  );
  const mod = files.find((file) => file.path === place.mod)?.content ?? new Uint8Array();
  const stamped = withFiles(bundle, MODULES, (all) => replace(all, place.ziphash, zipHashFile(h1)));
  const beside = files.filter((file) => Object.values(place).includes(file.path));
  const size = [...tree, ...beside].reduce((sum, { content }) => sum + content.length, 0);
  return withUnits(stamped, (unit) =>
    unit.kind === "module" && unit.path === path
      ? { ...unit, h1, modH1: goModHash(mod), size, files: tree.length + beside.length }
      : unit,
  );
}

function announced(index: number): Layer {
  const layer = small.packed.contents.layers[index];
  if (layer === undefined) throw new Error(`no layer ${index}`);
  return layer;
}

describe("a bundle as the packer made it", () => {
  it("is proven unit by unit", async () => {
    expect(await verify(small)).toMatchObject({ logged: 5, private: 1, head: { size: small.log.size() } });
  });

  it("is proven for several Go versions and one platform too", async () => {
    const other = await smallBundle({ go: ["1.27.1", "1.26.8"], platforms: ["windows/amd64"] });
    expect(await verify(other, { logKey: other.log.vkey })).toMatchObject({ logged: 5, private: 0 });
  });

  it("tells of every compressed byte once", async () => {
    const source = memorySource(await sealSmall(small, [key]));
    const bundle = await openBundle(source, { keys: [key.trusted], now: SMALL_NOW });
    const policy = { logKey: small.log.vkey, privatePatterns: ["*"] };
    const total = bundle.contents.layers.reduce((sum, { size }) => sum + size, 0);
    const told = [0, 0];
    await verifyBundle(bundle, { policy, onBytes: (bytes) => void (told[0] = (told[0] ?? 0) + bytes) });
    await verifyChunks(bundle, { onBytes: (bytes) => void (told[1] = (told[1] ?? 0) + bytes) });
    expect(told).toEqual([total, total]);
  });

  it("is left alone when it is interrupted, with the reason", async () => {
    const source = memorySource(await sealSmall(small, [key]));
    const bundle = await openBundle(source, { keys: [key.trusted], now: SMALL_NOW });
    const reason = new GoferryError("INTERRUPTED", { subject: "verify", message: "stopped" });
    const policy = { logKey: small.log.vkey, privatePatterns: ["*"] };
    await expect(verifyBundle(bundle, { policy, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("unitsOfLayer", () => {
  it("are the units with files in it", () => {
    const platforms = unitsOfLayer(small.packed.contents, COMMON).map(
      (unit) => "platform" in unit && unit.platform,
    );
    expect(platforms).toEqual(["linux/amd64", "linux/arm64"]);
    expect(unitsOfLayer(small.packed.contents, AMD64)).toHaveLength(1);
    expect(unitsOfLayer(small.packed.contents, MODULES)).toHaveLength(4);
  });
});

// From here on the signature holds and every chunk is as it was signed: what is left is what a thief of the key can do.
describe("a stolen signing key does not help to bring in", () => {
  const goFile = "mod/example.com/hello@v1.2.0/hello.go";

  it("a changed file of a module", async () => {
    const changed = withFiles(small, MODULES, (files) => replace(files, goFile, "package hello // evil\n"));
    await expectRefused(changed, "HASH_MISMATCH");
  });

  it("a changed file of a module with every hash made to fit: the log knows another h1", async () => {
    const changed = withFiles(small, MODULES, (files) => replace(files, goFile, "package hello // evil\n"));
    await expectRefused(rehashed(changed, HELLO), "LOG_MISMATCH");
  });

  it("a changed go.mod with every hash made to fit", async () => {
    const { mod } = modulePlace(HELLO);
    const changed = withFiles(small, MODULES, (files) =>
      replace(files, mod, "module example.com/hello\n\ngo 1.99\n"),
    );
    await expectRefused(changed, "HASH_MISMATCH");
    await expectRefused(rehashed(changed, HELLO), "LOG_MISMATCH");
  });

  it("a changed toolchain, in the common layer or in its own", async () => {
    const common = withFiles(small, COMMON, (files) =>
      replace(files, "sdk/go1.27.1/src/fmt/print.go", "package evil\n"),
    );
    await expectRefused(common, "HASH_MISMATCH");
    const own = withFiles(small, AMD64, (files) => replace(files, "sdk/go1.27.1/bin/go", "evil"));
    await expectRefused(own, "HASH_MISMATCH");
  });

  it("a changed toolchain with its h1 made to fit", async () => {
    const changed = withFiles(small, AMD64, (files) => replace(files, "sdk/go1.27.1/bin/go", "evil"));
    const files = [COMMON, AMD64].flatMap((i) => readTestLayer(changed.layers[i] ?? new Uint8Array()));
    const rehash = (unit: Unit): Unit => {
      if (unit.kind !== "toolchain" || unit.platform !== "linux/amd64") return unit;
      const hashed = files.map(({ path, content }) => ({
        name: zipPrefix(unit) + toolchainHashName(path.slice("sdk/go1.27.1/".length)),
        sha256: sha256Hex(content),
      }));
      return {
        ...unit,
        h1: dirhash(hashed),
        size: files.reduce((sum, { content }) => sum + content.length, 0),
      };
    };
    await expectRefused(withUnits(changed, rehash), "LOG_MISMATCH");
  });

  it("another module, really in the log, as a toolchain", async () => {
    const log = small.log;
    const own = { path: "example.com/evil", version: "v1.0.0" };
    const unit = small.packed.contents.units.find(({ kind }) => kind === "toolchain");
    if (unit?.kind !== "toolchain") throw new Error("no toolchain");
    const id = log.add({ ...own, h1: unit.h1, modH1: unit.modH1 });
    const evidence = await evidenceOf(log, id, { kind: "toolchain", ...own });
    const changed = withUnits(small, (each) => (each === unit ? { ...unit, ...own, evidence } : each));
    await expectRefused(changed, "DOCUMENT_INVALID");
  });

  it("the toolchain of another version under this one's name", async () => {
    const old = await smallBundle({ go: ["1.26.8"], platforms: ["linux/amd64", "linux/arm64"] });
    const oldUnit = (platform: string): Unit | undefined =>
      old.packed.contents.units.find((unit) => unit.kind === "toolchain" && unit.platform === platform);
    const changed = withUnits(small, (unit) => {
      const other = unit.kind === "toolchain" ? oldUnit(unit.platform) : undefined;
      return other?.kind === "toolchain" ? { ...other, go: "1.27.1" } : unit;
    });
    await expectRefused(changed, "DOCUMENT_INVALID", { logKey: old.log.vkey });
  });

  it("the toolchain of another platform under this one's name", async () => {
    const toolchains = small.packed.contents.units.filter((unit) => unit.kind === "toolchain");
    // Its hashes and its proof: the record is that of another module.
    const proven = withUnits(small, (unit) => {
      const twin = toolchains.find((each) => each !== unit);
      if (unit.kind !== "toolchain" || twin === undefined) return unit;
      const { h1, modH1, size, files, evidence } = twin;
      return { ...unit, h1, modH1, size, files, evidence };
    });
    await expectRefused(proven, "LOG_MISMATCH");
    // Its files.
    const [amd64, arm64] = [AMD64, ARM64].map((i) => readTestLayer(small.layers[i] ?? new Uint8Array()));
    const swapped = withFiles(
      withFiles(small, AMD64, () => arm64 ?? []),
      ARM64,
      () => amd64 ?? [],
    );
    await expectRefused(swapped, "HASH_MISMATCH");
  });

  it("a module that calls itself private", async () => {
    const changed = withUnits(small, (unit) =>
      unit.path === HELLO.path ? { ...unit, evidence: "private" } : unit,
    );
    await expectRefused(changed, "PRIVATE_REFUSED");
    await expectRefused(small, "PRIVATE_REFUSED", { privatePatterns: [] });
    expect(await verify(changed, { privatePatterns: ["*"] })).toMatchObject({ private: 2 });
  });

  it.each([
    ["in the tree of no module", MODULES, "mod/example.com/evil@v1.0.0/evil.go", "ENTRY_REFUSED"],
    ["in the tree of a module", MODULES, "mod/example.com/hello@v1.2.0/evil.go", "HASH_MISMATCH"],
    ["in the cache beside modules", MODULES, "mod/cache/download/evil", "ENTRY_REFUSED"],
    ["at the top", MODULES, "evil", "ENTRY_REFUSED"],
    ["of an SDK among modules", MODULES, "sdk/go1.27.1/src/evil.go", "ENTRY_REFUSED"],
    ["in GOROOT", COMMON, "sdk/go1.27.1/src/evil.go", "HASH_MISMATCH"],
    ["in another GOROOT", AMD64, "sdk/go1.26.0/bin/go", "ENTRY_REFUSED"],
    ["in the state of the host", COMMON, "state/state.json", "ENTRY_REFUSED"],
  ])("a stray file %s", async (_, layer, path, code) => {
    const stray = { path, mode: 0o644 as const, content: Buffer.from("evil") };
    await expectRefused(
      withFiles(small, layer, (files) => byPath([...files, stray])),
      code,
    );
  });

  it("a layer of stray files that no unit answers for", async () => {
    const tar = Buffer.alloc(1024);
    const layer = { kind: "sdk" as const, go: "1.27.1", ...layerFacts(testZstd(tar), tar, 0) };
    const changed = withContents(
      { ...small, layers: [...small.layers, testZstd(tar)] },
      (contents): Contents => ({
        ...contents,
        layers: [...contents.layers, layer],
      }),
    );
    await expectRefused(changed, "DOCUMENT_INVALID");
  });

  it("a wrong mode", async () => {
    const executable = withFiles(small, MODULES, (files) =>
      files.map((file) => (file.path === goFile ? { ...file, mode: 0o755 } : file)),
    );
    await expectRefused(executable, "ENTRY_REFUSED");
    const plain = withFiles(small, AMD64, (files) => files.map((file) => ({ ...file, mode: 0o644 })));
    await expectRefused(plain, "ENTRY_REFUSED");
  });

  it("a wrong .info or .ziphash", async () => {
    const { info, ziphash } = modulePlace(HELLO);
    const withInfo = withFiles(small, MODULES, (files) => replace(files, info, '{"Version":"v9.9.9"}'));
    await expectRefused(withInfo, "HASH_MISMATCH");
    const withHash = withFiles(small, MODULES, (files) => replace(files, ziphash, dirhash([])));
    await expectRefused(withHash, "HASH_MISMATCH");
  });

  it("files in another order, twice, or missing", async () => {
    await expectRefused(
      withFiles(small, MODULES, (files) => files.toReversed()),
      "ENTRY_REFUSED",
    );
    await expectRefused(
      withFiles(small, MODULES, (files) => files.flatMap((file) => [file, file])),
      "ENTRY_REFUSED",
    );
    await expectRefused(
      withFiles(small, COMMON, (files) => files.slice(1)),
      "HASH_MISMATCH",
    );
    await expectRefused(
      withFiles(small, MODULES, (files) => files.slice(0, -1)),
      "HASH_MISMATCH",
    );
  });

  it("something behind the frame of a layer", async () => {
    const [first = new Uint8Array()] = small.layers;
    const { entries, tarSize } = announced(COMMON);
    for (const behind of [first, Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]), Uint8Array.of(0)]) {
      const bytes = Buffer.concat([first, behind]);
      const facts = layerFacts(bytes, Buffer.alloc(tarSize), entries);
      await expectRefused(withLayer(small, COMMON, bytes, facts), "BUNDLE_MALFORMED");
    }
  });

  it("more than it announces", async () => {
    await expectRefused(
      withLayer(small, MODULES, small.layers[MODULES] ?? new Uint8Array(), { tarSize: 1024 }),
      "BUNDLE_MALFORMED",
    );
    const lighter = withUnits(small, (unit) =>
      unit.path === HELLO.path ? { ...unit, size: 10, files: 1 } : unit,
    );
    await expectRefused(lighter, "HASH_MISMATCH");
  });
});

describe("damage on the way", () => {
  it("is found in every chunk, by --quick and by the whole verification", async () => {
    const file = Buffer.from(await sealSmall(small, [key]));
    const trust = { keys: [key.trusted], now: SMALL_NOW };
    const { layerOffsets } = await openBundle(memorySource(file), trust);
    const policy = { logKey: small.log.vkey, privatePatterns: ["*"] };
    for (const [i, at] of layerOffsets.entries()) {
      const last = at + announced(i).size - 1;
      for (const where of [at, last]) {
        const damaged = Buffer.from(file).fill((file[where] ?? 0) ^ 1, where, where + 1);
        const bundle = await openBundle(memorySource(damaged), trust);
        await expect(verifyChunks(bundle, {})).rejects.toMatchObject({ code: "CHUNK_MISMATCH" });
        await expect(verifyBundle(bundle, { policy })).rejects.toMatchObject({ code: "CHUNK_MISMATCH" });
      }
    }
  });
});
