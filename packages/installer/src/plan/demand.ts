// What a bundle would bring to a root that has not got it yet: the units, the layers that hold them, and the space they
// take. The same answer serves preflight, the dry run and the staging.

import {
  GoferryError,
  layersFor,
  modulePlace,
  unitName,
  unitsOfLayer,
  type Contents,
  type OpenedBundle,
  type Unit,
} from "@goferry/core";
import type { HostFs } from "../fs.ts";
import type { Host } from "../host.ts";
import { sdkFolder, type Layout } from "../layout.ts";
import { readState, type State } from "../transaction/state.ts";
import { EVERYTHING, selectUnits, type Selection } from "./selection.ts";
import { join } from "node:path";

export interface DemandOptions {
  bundle: OpenedBundle;
  /** Everything if left out. */
  select?: Selection | undefined;
  zips: boolean;
  /** Patterns that this installation adds to those the root has. */
  direct: readonly string[];
  allowPrivate: readonly string[];
}

export interface Demand {
  before: State;
  /** All units that were asked for. */
  selected: Unit[];
  /** Those of them that the root has not got. */
  units: Unit[];
  /** Indexes of the layers that hold them. */
  layers: number[];
  /** Compressed bytes of those layers. */
  layerBytes: number;
  /** Bytes of content that will be written, at most. What a file takes beside it is added by preflight. */
  needBytes: number;
  /** Files, and folders by estimate. */
  needFiles: number;
  /** False when the bundle is installed as it is asked for. */
  changesSomething: boolean;
}

/** Bytes of a rebuilt zip for each compressed byte of a layer: deflate at its fastest against zstd, measured 2.6. */
const ZIP_RATIO = 3;

/** Files to a folder, with room: Go's own tree has nine. */
const FILES_A_FOLDER = 4;

/** What a unit has beside its own files: its zip, its .sums, and the folders of its path in the three trees. */
const FILES_A_UNIT = 8;

/**
 * @throws HASH_MISMATCH if the root has another content under a version of the bundle; ROOT_PLATFORM_OTHER; what
 * selectUnits and readState throw
 */
export async function demand(
  fs: HostFs,
  at: Layout,
  { bundle, select = EVERYTHING, zips, direct, allowPrivate }: DemandOptions,
  host: Pick<Host, "platform" | "executablePath" | "executableSize">,
): Promise<Demand> {
  const before = await readState(fs, at);
  const { contents, indexDigest } = bundle;
  const selected = selectUnits(contents, host.platform, select);
  refuseOtherPlatform(before, host.platform);
  for (const unit of selected) refuseOtherContent(unit, before, contents.name);
  const units: Unit[] = [];
  for (const unit of selected) if (!(await isThere(unit, { before, fs, at, zips }))) units.push(unit);
  const isNew = !before.bundles.some((each) => each.indexDigest === indexDigest);
  const layers = layersFor(contents, host.platform).filter(
    (i) => units.some((unit) => unit.layers.includes(i)) || (isNew && contents.layers[i]?.kind === "log"),
  );
  const layerBytes = sum(layers.map((i) => contents.layers[i]?.size ?? 0));
  const zipBytes = zips ? sum(layers.map((i) => moduleBytes(contents, i, units))) * ZIP_RATIO : 0;
  const tiles = layers.flatMap((i) => contents.layers[i] ?? []).filter(({ kind }) => kind === "log");
  const files = sum(units.map((unit) => unit.files)) + sum(tiles.map(({ entries }) => entries));
  const executable = await executableBytes(fs, at, host);
  return {
    before,
    selected,
    units,
    layers,
    layerBytes,
    needBytes: sum([...units, ...tiles].map(({ size }) => size)) + Math.ceil(zipBytes) + executable,
    needFiles:
      files + Math.ceil(files / FILES_A_FOLDER) + units.length * FILES_A_UNIT + (executable === 0 ? 0 : 1),
    changesSomething:
      units.length > 0 ||
      isNew ||
      direct.some((pattern) => !before.direct.includes(pattern)) ||
      allowPrivate.some((pattern) => !before.privatePatterns.includes(pattern)),
  };
}

/** The part of a layer's compressed bytes that modules of `units` take, by their share of what unpacks from it. */
function moduleBytes(contents: Contents, index: number, units: readonly Unit[]): number {
  const layer = contents.layers[index];
  if (layer?.kind !== "mod") return 0;
  const all = sum(unitsOfLayer(contents, index).map(({ size }) => size));
  const some = sum(units.filter((unit) => unit.layers.includes(index)).map(({ size }) => size));
  return all === 0 ? 0 : (layer.size * some) / all;
}

/** A line for each thing that will be new, for a person. */
export function describeDemand({ units }: Demand, at: Layout): string[] {
  const sdks = units.flatMap((unit) =>
    unit.kind === "toolchain"
      ? [`${sdkFolder(at, unit.go)}: Go ${unit.go}, ${unit.files} files, ${unit.size} bytes`]
      : [],
  );
  const modules = units.filter(({ kind }) => kind !== "toolchain");
  if (modules.length === 0) return sdks;
  const [files, size] = [sum(modules.map((unit) => unit.files)), sum(modules.map((unit) => unit.size))];
  return [...sdks, `${at.mod}: ${modules.length} module versions, ${files} files, ${size} bytes`];
}

/** bin/ and mod/ could serve both, but go, gofmt and every go1.27.1 in it can be of one platform only. */
function refuseOtherPlatform({ root, sdks }: State, platform: string): void {
  const other = sdks.find((sdk) => sdk.platform !== platform);
  if (other === undefined) return;
  throw new GoferryError("ROOT_PLATFORM_OTHER", {
    subject: root,
    message: "the root holds Go for another kind of machine",
    expected: platform,
    found: `Go ${other.version} for ${other.platform}`,
    next: "Choose another root for this machine with --root; one root serves machines of one platform",
  });
}

/**
 * One version is one content: a root that has another one would keep it, because what is there is never overwritten,
 * and the state would name what is not on the disk.
 */
function refuseOtherContent(unit: Unit, before: State, bundle: string): void {
  const differing = installedHashes(unit, before).find(
    ([installed, brought]) => installed !== null && brought !== null && installed !== brought,
  );
  if (differing === undefined) return;
  const [installed, brought] = differing;
  throw new GoferryError("HASH_MISMATCH", {
    subject: unitName(unit),
    message: "the root has this version with another content",
    expected: installed ?? "",
    found: brought ?? "",
    next: `${taggedAnew(unit)}Find out who changed it, the bundle ${bundle} or ${bundlesOf(before)}; until then ${bundle} can go to a root of its own with --root`,
  });
}

/** What a public version cannot be: the checksum database keeps it as it was. */
function taggedAnew(unit: Unit): string {
  if (unit.evidence !== "private") return "";
  return "If this private version was tagged anew, have the change tagged as a version of its own and the bundle built again. Else: ";
}

/** Hashes that are installed under the unit's version, each beside the one that the bundle brings. */
function installedHashes(unit: Unit, { sdks, units }: State): [string | null, string | null][] {
  if (unit.kind === "toolchain") {
    return sdks
      .filter(({ version, platform }) => version === unit.go && platform === unit.platform)
      .map(({ h1 }) => [h1, unit.h1]);
  }
  const h1 = unit.kind === "module" ? unit.h1 : null;
  return units
    .filter(({ path, version }) => path === unit.path && version === unit.version)
    .flatMap((each): [string | null, string | null][] => [
      [each.h1, h1],
      [each.modH1, unit.modH1],
    ]);
}

function bundlesOf({ bundles }: State): string {
  const names = bundles.map(({ name, serial }) => `${name} serial ${serial}`);
  return names.length === 0 ? "what was installed before" : `one that is installed (${names.join(", ")})`;
}

/**
 * Bytes of the goferry that will be copied into bin/; 0 when none will. Two of one size count as the same here, so
 * that nobody has to read both: should they differ, a full disk is still met in staging, without harm.
 */
async function executableBytes(
  fs: HostFs,
  at: Layout,
  { executablePath: file, executableSize }: Pick<Host, "executablePath" | "executableSize">,
): Promise<number> {
  if (file === undefined) return 0;
  const size = executableSize ?? (await fs.lstat(file))?.size ?? 0;
  const there = await fs.lstat(at.goferry);
  return there?.kind === "file" && there.size === size ? 0 : size;
}

interface Place {
  before: State;
  fs: HostFs;
  at: Layout;
  zips: boolean;
}

async function isThere(unit: Unit, { before, fs, at, zips }: Place): Promise<boolean> {
  if (unit.kind === "toolchain") {
    return before.sdks.some(
      ({ version, platform, h1 }) => version === unit.go && platform === unit.platform && h1 === unit.h1,
    );
  }
  const h1 = unit.kind === "module" ? unit.h1 : null;
  const isKnown = before.units.some(
    (each) =>
      each.path === unit.path &&
      each.version === unit.version &&
      each.modH1 === unit.modH1 &&
      (h1 === null || each.h1 === h1),
  );
  if (!isKnown || h1 === null || !zips) return isKnown;
  return (await fs.lstat(zipFile(at, unit))) !== null;
}

/** Where a module's zip is in a root. */
function zipFile({ root }: Layout, unit: { path: string; version: string }): string {
  return join(root, modulePlace(unit).ziphash.replace(/hash$/, ""));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
