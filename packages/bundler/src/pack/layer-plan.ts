// Which file goes into which layer. A Go version has the files that all platforms share in a few layers, and one layer for
// each platform (bin/ and pkg/tool/, ten files); modules are spread over layers of about equal size. So all of it unpacks
// in parallel. The plan depends on the units alone, so the same units give the same layers.

import { readFile } from "node:fs/promises";
import { compareNames, digestOf, infoFile, modulePlace, zipHashFile } from "@goferry/core";
import { unpackedBytes } from "../go/zip.ts";
import type { FetchedUnit } from "../stages.ts";
import type { TileFile } from "../sumdb/tiles.ts";
import {
  hashesOf,
  identityOf,
  inMemory,
  openLayer,
  type PlannedFile,
  type PlannedLayer,
  type ZipShelf,
} from "./planned-layer.ts";
import { partBegins, toolchainLayers, type PartBegins } from "./toolchain-layers.ts";

/**
 * Bytes of modules, unpacked, for which one more layer is begun. Measured on Prometheus: smaller layers cost size,
 * larger ones leave cores idle while the last one unpacks.
 */
const MODULES_PER_LAYER = 192 << 20;
const MAX_MODULE_LAYERS = 16;

export interface LayerPlanOptions {
  tiles?: readonly TileFile[] | undefined;
  /** Where the parts of a toolchain begin: found out anew if left out. */
  begins?: PartBegins | undefined;
}

export async function planLayers(
  units: readonly FetchedUnit[],
  { tiles = [], begins = partBegins }: LayerPlanOptions = {},
): Promise<PlannedLayer[]> {
  const toolchains = units.filter((unit) => unit.kind === "toolchain");
  const versions = [...new Set(toolchains.map(({ go }) => go))].sort(compareNames);
  const sdk: PlannedLayer[] = [];
  for (const go of versions)
    sdk.push(
      ...(await toolchainLayers(
        go,
        toolchains.filter((unit) => unit.go === go),
        begins,
      )),
    );
  const modules = units.filter((unit) => unit.kind !== "toolchain");
  return [...sdk, ...(await moduleLayers(modules)), ...logLayer(tiles)];
}

function logLayer(tiles: readonly TileFile[]): PlannedLayer[] {
  if (tiles.length === 0) return [];
  const files = tiles.map(({ path, bytes }) => inMemory(path, bytes));
  const identity = identityOf(
    "log",
    tiles.map(({ path, bytes }) => [path, digestOf(bytes)]),
  );
  return [
    { kind: "log", units: [], identity, open: () => openLayer(async () => await Promise.resolve(files)) },
  ];
}

async function moduleLayers(units: FetchedUnit[]): Promise<PlannedLayer[]> {
  const sorted = units.toSorted((a, b) => compareNames(modulePlace(a).tree, modulePlace(b).tree));
  const sized: { unit: FetchedUnit; size: number }[] = [];
  for (const unit of sorted) sized.push({ unit, size: await unpackedSize(unit) });
  const total = sized.reduce((sum, { size }) => sum + size, 0);
  const count = Math.min(MAX_MODULE_LAYERS, Math.max(1, Math.ceil(total / MODULES_PER_LAYER)));
  const groups: FetchedUnit[][] = Array.from({ length: count }, () => []);
  let before = 0;
  for (const { unit, size } of sized) {
    // By the middle of the module, so that a large one does not overfill the layer it begins in.
    const group = total === 0 ? 0 : Math.floor(((before + size / 2) / total) * count);
    groups[Math.min(group, count - 1)]?.push(unit);
    before += size;
  }
  return groups
    .filter((group) => group.length > 0)
    .map((group) => ({
      kind: "mod",
      units: group,
      identity: identityOf("mod", group.map(hashesOf)),
      open: () => openLayer((shelf) => listModules(group, shelf)),
    }));
}

async function unpackedSize(unit: FetchedUnit): Promise<number> {
  if (unit.kind !== "module") return 0;
  return unit.unpacked ?? (await unpackedBytes(unit.zip, unit));
}

async function listModules(units: readonly FetchedUnit[], shelf: ZipShelf): Promise<PlannedFile[]> {
  const files: PlannedFile[] = [];
  for (const unit of units) {
    if (unit.kind === "toolchain") continue;
    const place = modulePlace(unit);
    files.push(inMemory(place.info, infoFile(unit)), inMemory(place.mod, await readFile(unit.mod)));
    if (unit.kind !== "module") continue;
    files.push(inMemory(place.ziphash, zipHashFile(unit.h1)));
    const { zip, entries } = await shelf.list(unit);
    for (const entry of entries) {
      files.push({
        path: place.tree + entry.path,
        mode: 0o644,
        size: entry.size,
        content: { zip, entry },
        hashed: { unit, name: entry.path },
      });
    }
  }
  return files;
}
