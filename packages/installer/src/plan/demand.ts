// What a bundle would bring to a root that has not got it yet: the units, the layers that hold them, and the space they
// take. The same answer serves preflight, the dry run and the staging.

import { layersFor, modulePlace, unitsFor, type OpenedBundle, type Unit } from "@goferry/core";
import type { HostFs } from "../fs.ts";
import type { Host } from "../host.ts";
import { sdkFolder, type Layout } from "../layout.ts";
import { readState, type State } from "../transaction/state.ts";
import { join } from "node:path";

export interface DemandOptions {
  bundle: OpenedBundle;
  zips: boolean;
  path: "none" | "profile";
}

export interface Demand {
  before: State;
  /** Units that the root has not got. */
  units: Unit[];
  /** Indexes of the layers that hold them. */
  layers: number[];
  /** Compressed bytes of those layers. */
  layerBytes: number;
  /** Bytes and number of files that will be written, at most. */
  needBytes: number;
  needFiles: number;
  /** False when the bundle is installed as it is asked for. */
  changesSomething: boolean;
}

/** What a file takes beside its content: half a block at the end of it, its inode, its name. Bytes. */
const FILE_OVERHEAD = 4096;

/** Bytes of a rebuilt zip for each compressed byte of a layer: deflate at its fastest against zstd, measured 2.6. */
const ZIP_RATIO = 3;

export async function demand(
  fs: HostFs,
  at: Layout,
  { bundle, zips }: DemandOptions,
  host: Pick<Host, "platform" | "executablePath">,
): Promise<Demand> {
  const before = await readState(fs, at);
  const { contents, indexDigest } = bundle;
  const wanted = unitsFor(contents, host.platform);
  const units: Unit[] = [];
  for (const unit of wanted) if (!(await isThere(unit, { before, fs, at, zips }))) units.push(unit);
  const layers = layersFor(contents, host.platform).filter((i) =>
    units.some((unit) => unit.layers.includes(i)),
  );
  const layerBytes = sum(layers.map((i) => contents.layers[i]?.size ?? 0));
  const moduleBytes = sum(
    layers.map((i) => (contents.layers[i]?.kind === "mod" ? contents.layers[i].size : 0)),
  );
  const files = sum(units.map((unit) => unit.files));
  return {
    before,
    units,
    layers,
    layerBytes,
    needBytes:
      sum(units.map(({ size }) => size)) + files * FILE_OVERHEAD + (zips ? moduleBytes * ZIP_RATIO : 0),
    needFiles: files * 2,
    changesSomething: units.length > 0 || !before.bundles.some((each) => each.indexDigest === indexDigest),
  };
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
