// Fetched -> Packed: writes the layers, proves on the way that every unit has the h1 that was expected of it, and makes
// the documents that describe them.

import { stat } from "node:fs/promises";
import {
  checkToolchain,
  CONTENTS_SCHEMA,
  dirhash,
  GoferryError,
  infoFile,
  signedDocuments,
  unitName,
  zipHashFile,
  type Contents,
  type Unit,
} from "@goferry/core";
import type { Fetched, FetchedLog, FetchedUnit, Packed } from "../stages.ts";
import { planLayers } from "./layer-plan.ts";
import type { LayerPress } from "./layer-press.ts";
import { renderReadme } from "./readme.ts";
import type { PartBegins } from "./toolchain-layers.ts";
import type { UnitSums, WrittenLayer } from "./write-layer.ts";

/**
 * Has every layer made by `press`, where they stay until it is disposed of.
 * @param begins as for planLayers
 * @throws HASH_MISMATCH for a unit whose files do not have its h1; DISK_FULL, IO_FAILED, MODULE_ZIP_INVALID
 */
export async function pack(fetched: Fetched, press: LayerPress, begins?: PartBegins): Promise<Packed> {
  const planned = await planLayers(fetched.units, { tiles: fetched.log?.tiles, begins });
  const layers = await Promise.all(planned.map((layer) => press.layer(layer)));
  const units: Unit[] = [];
  for (const unit of fetched.units) units.push(await describeUnit(unit, layers));
  await press.keep();
  const contents = describeContents(fetched, units, layers);
  const readme = renderReadme(contents);
  return { fetched, contents, readme, documents: signedDocuments(contents, readme), layers };
}

async function describeUnit(unit: FetchedUnit, layers: readonly WrittenLayer[]): Promise<Unit> {
  const indexes = layers.flatMap((layer, i) => (holds(layer, unit) ? [i] : []));
  if (unit.kind === "toolchain") return describeToolchain(unit, layers, indexes);
  const { path, version, modH1, evidence, neededBy } = unit;
  const common = { path, version, modH1, evidence, neededBy, layers: indexes };
  const mod = await stat(unit.mod);
  const info = infoFile(unit).length;
  if (unit.kind === "gomod") return { kind: "gomod", ...common, size: info + mod.size, files: 2 };
  const seen = layers.flatMap((layer) => layer.seen.get(unit) ?? []);
  checkHash(unit, seen);
  return {
    kind: "module",
    h1: unit.h1,
    ...common,
    size: info + mod.size + zipHashFile(unit.h1).length + sum(seen.map(({ size }) => size)),
    files: 3 + sum(seen.map(({ count }) => count)),
  };
}

function describeToolchain(
  fetched: Extract<FetchedUnit, { kind: "toolchain" }>,
  layers: readonly WrittenLayer[],
  indexes: number[],
): Unit {
  const { kind, go, platform, path, version, h1, modH1, evidence } = fetched;
  // The common layers were read from the first platform's zip, so their files are counted under that unit.
  const seen = indexes.flatMap((i) => [...(layers[i]?.seen.values() ?? [])]);
  const unit = {
    kind,
    go,
    platform,
    path,
    version,
    h1,
    modH1,
    evidence,
    layers: indexes,
    size: sum(seen.map(({ size }) => size)),
    files: sum(seen.map(({ count }) => count)),
  };
  checkToolchain(
    unit,
    seen.map(({ size, files = [] }) => ({ size, files })),
  );
  return unit;
}

function holds({ layer, units }: WrittenLayer, unit: FetchedUnit): boolean {
  return unit.kind === "toolchain"
    ? layer.go === unit.go && (layer.platform ?? unit.platform) === unit.platform
    : layer.kind === "mod" && units.includes(unit);
}

function checkHash(unit: Extract<FetchedUnit, { kind: "module" }>, seen: readonly UnitSums[]): void {
  // Of a zip without files no layer has seen anything.
  const found = seen.length === 0 ? dirhash([]) : seen.map(({ h1 }) => h1).join();
  if (found === unit.h1) return;
  throw new GoferryError("HASH_MISMATCH", {
    subject: unitName(unit),
    message: "the module's zip has another hash than go.sum and the checksum database say",
    expected: unit.h1,
    found,
    next: "Run the build again; if it stays so, the disk of this machine is at fault",
  });
}

function describeContents(fetched: Fetched, units: Unit[], layers: readonly WrittenLayer[]): Contents {
  const { plan, log } = fetched;
  const contents = {
    contentsVersion: 1,
    name: plan.name,
    created: plan.created,
    serial: plan.serial,
    ...(plan.expires === undefined ? {} : { expires: plan.expires }),
    go: plan.goVersions,
    platforms: plan.platforms,
    request: plan.request,
    ...(log === undefined ? {} : { log: describeLog(log) }),
    layers: layers.map(({ layer }) => layer),
    units,
  } as const;
  return CONTENTS_SCHEMA.parse(contents);
}

function describeLog({ name, head, earlier }: FetchedLog): Contents["log"] {
  return { name, head, ...(earlier.length === 0 ? {} : { earlier }) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
